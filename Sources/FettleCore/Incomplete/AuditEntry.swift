/// One line of the audit: who did what to which record, with old and new values.
public struct AuditEntry: Hashable, Sendable {
  /// When.
  public let date: Instant
  /// Who; `fettle` and `engine` are the program itself.
  public let author: String
  /// The record.
  public let record: RecordID
  /// What was done: an event of the record's life, `edited`, `mapping changed`.
  public let action: String
  /// The field, where one was changed.
  public let place: ValuePath?
  /// What stood there.
  public let old: Value?
  /// What stands there now.
  public let new: Value?
  /// The words that go with it, such as the reason of a closing.
  public let note: String?

  /// A line of these parts.
  public init(
    date: Instant, author: String, record: RecordID, action: String, place: ValuePath? = nil,
    old: Value? = nil, new: Value? = nil, note: String? = nil
  ) {
    self.date = date
    self.author = author
    self.record = record
    self.action = action
    self.place = place
    self.old = old
    self.new = new
    self.note = note
  }
}
