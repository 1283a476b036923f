/// A failure as its module tells it: data for the decision, never the decision.
public struct ModuleError: Error, Hashable, Sendable {
  /// The kind.
  public var type: ErrorType
  /// One sentence for people: what happened and, where it is known, to which field.
  public var message: String
  /// What the service said in addition, for example the start of its answer.
  public var detail: String?
  /// The HTTP status, when there was one.
  public var statusCode: Int?
  /// The messages of the service about single fields.
  public var suberrors: [String]
  /// The field of the module's input that does not fit, by its name, when one is known.
  public var field: String?
  /// How far the operation got.
  public var stage: Stage
  /// How long the service asked to wait, in seconds. It lengthens a pause, never shortens it.
  public var retryAfterSeconds: Int?

  /// How far an operation got before it failed.
  public enum Stage: String, Sendable, CaseIterable {
    /// A connection could not be opened, before the first operation of the run; nothing was done.
    case initialization
    /// The filter of the module could not be decided.
    case filter
    /// An expression of the mapper failed.
    case mapping
    /// The mapped input did not fit the fields of the module; nothing was sent.
    case input
    /// The module was performing.
    case service
    /// The worker died before the module was begun; nothing was sent.
    case notBegun
    /// The worker died while the module was at work on something that must not be done twice;
    /// whether it was done is not known (durability 3).
    case inDoubt
  }

  /// A failure of that kind.
  public init(
    _ type: ErrorType, _ message: String, detail: String? = nil, statusCode: Int? = nil,
    suberrors: [String] = [], field: String? = nil, stage: Stage = .service,
    retryAfterSeconds: Int? = nil
  ) {
    self.type = type
    self.message = message
    self.detail = detail
    self.statusCode = statusCode
    self.suberrors = suberrors
    self.field = field
    self.stage = stage
    self.retryAfterSeconds = retryAfterSeconds
  }

  /// The failure of a module that waits for another incomplete execution: the scenario it called stored
  /// that before it returned anything.
  public init(_ type: ErrorType, _ message: String, awaiting record: RecordID) {
    self.init(type, message, detail: Self.awaiting + record.text)
  }

  /// The incomplete execution that has to be resolved before the module can go on; nil where it waits
  /// for none.
  public var awaited: RecordID? {
    guard let detail, detail.hasPrefix(Self.awaiting) else { return nil }
    return RecordID(String(detail.dropFirst(Self.awaiting.count)))
  }

  /// The failure of a module that called a scenario and does not know how that run ends: what the run
  /// leaves decides how the module goes on.
  public init(
    _ type: ErrorType, _ message: String, awaitingExecution execution: String,
    stage: Stage = .service, retryAfterSeconds: Int? = nil
  ) {
    self.init(
      type, message, detail: Self.awaitingExecution + execution, stage: stage,
      retryAfterSeconds: retryAfterSeconds)
  }

  /// The execution whose end has to be known before the module can go on; nil where it waits for none.
  public var awaitedExecution: String? {
    guard let detail, detail.hasPrefix(Self.awaitingExecution) else { return nil }
    return String(detail.dropFirst(Self.awaitingExecution.count))
  }

  /// Kept in the detail, which is part of what handlers read and of every stored form of a failure.
  private static let awaiting = "incomplete execution "
  private static let awaitingExecution = "called execution "

  /// The failure without what a service or a module may have quoted of the data: all that the list,
  /// the history and the log tell of a confidential scenario (semantics D28).
  public var withheld: ModuleError {
    var error = ModuleError(
      type, "the message is sealed: the scenario is confidential", statusCode: statusCode,
      field: field, stage: stage)
    error.retryAfterSeconds = retryAfterSeconds
    return error
  }

  /// The value handlers read as `{{N.error.type}}`, `{{N.error.message}}`, `{{N.error.detail}}`
  /// (semantics 2.4).
  public var value: Value {
    var fields: Collection = [
      "type": .text(type.rawValue), "name": .text(type.rawValue), "message": .text(message),
    ]
    if let detail { fields["detail"] = .text(detail) }
    if let statusCode { fields["statusCode"] = .integer(statusCode) }
    if !suberrors.isEmpty {
      fields["suberrors"] = .array(suberrors.map { ["message": .text($0)] })
    }
    return .collection(fields)
  }
}
