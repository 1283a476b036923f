public import FettleCore

/// What a resume of a record would do: what the failed module would be given, what does not fit,
/// and what runs. Computed; nothing is run.
public struct ResumeCheck: Sendable, Hashable {
  /// What the failed module would be given; nil when its mapping fails.
  public let input: Collection?
  /// Why it would fail before anything is sent: expressions that fail, fields that do not fit.
  public let problems: [Problem]
  /// The modules that would run if nothing fails: the failed one, what follows it, and the later
  /// routes that are owed. Filters are not considered.
  public let willRun: [ModuleID]
  /// The modules that ran before and would not run again.
  public let notRepeated: [ModuleID]

  /// One reason why the resume would fail.
  public struct Problem: Sendable, Hashable {
    /// The field of the module's input, by name; nil when the whole input is meant.
    public let field: String?
    /// One sentence.
    public let message: String

    /// A reason.
    public init(field: String?, message: String) {
      self.field = field
      self.message = message
    }
  }

  /// A check of these results.
  public init(
    input: Collection?, problems: [Problem], willRun: [ModuleID], notRepeated: [ModuleID]
  ) {
    self.input = input
    self.problems = problems
    self.willRun = willRun
    self.notRepeated = notRepeated
  }
}
