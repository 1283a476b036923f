/// A text an operator was typing when the program ended, kept so that it is offered again where it was
/// typed. What is typed into a field becomes a `Draft`; this is for what is no change yet.
public struct KeptText: Hashable, Sendable {
  /// What it was typed for.
  public enum Purpose: String, Sendable, CaseIterable {
    /// JSON for a place.
    case json
    /// The output of the failed module, given instead of running it.
    case output
    /// Why a record, or several, are closed.
    case reason
  }

  /// The record; nil when it is about several.
  public let record: RecordID?
  /// Whose it is.
  public let author: String
  /// Where it was typed: a program that runs, in whatever terminal. What is typed in one does not take
  /// the place of what is typed in another.
  public let session: String
  /// Goes up with every change in its session; an older text never takes the place of a newer one.
  public let sequence: Int
  /// What it was typed for; of each there is one in a session.
  public let purpose: Purpose
  /// The place it was typed for, as a path; empty where there is none.
  public let place: String
  /// What was typed. Nothing forgets what was kept.
  public let text: String
  /// When.
  public let date: Instant

  /// A text of these parts.
  public init(
    record: RecordID?, author: String, session: String = "", sequence: Int = 0,
    purpose: Purpose, place: String = "", text: String, date: Instant
  ) {
    self.record = record
    self.author = author
    self.session = session
    self.sequence = sequence
    self.purpose = purpose
    self.place = place
    self.text = text
    self.date = date
  }
}
