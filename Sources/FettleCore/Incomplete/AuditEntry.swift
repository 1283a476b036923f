/// One line of the audit: who did what to which record, with old and new values.
public struct AuditEntry: Hashable, Sendable {
  /// When.
  public let date: Instant
  /// Who; `fettle` and `engine` are the program itself.
  public let author: String
  /// The record; without digits in a line that tells of a scenario.
  public let record: RecordID
  /// What was done: an event of the record's life, `edited`, `mapping changed`.
  public let action: String
  /// The field, where one was changed.
  public let place: ValuePath?
  /// What stood there, as much as a line shows of it.
  public let old: ValueHead?
  /// What stands there now, as much as a line shows of it.
  public let new: ValueHead?
  /// The words that go with it, such as the reason of a closing.
  public let note: String?

  /// Where it is kept, which orders lines of one time.
  public let position: Position

  /// Where a line is kept: with its record, among the lines of one kind.
  public struct Position: Hashable, Sendable, Comparable {
    /// The number of the record.
    public var record: Int64
    /// The kind of the line.
    public var source: Int
    /// The number among the lines of that kind.
    public var number: Int64

    /// A position of these parts.
    public init(record: Int64 = 0, source: Int = 0, number: Int64 = 0) {
      self.record = record
      self.source = source
      self.number = number
    }

    /// By record, then by kind, then by number.
    public static func < (left: Position, right: Position) -> Bool {
      (left.record, left.source, left.number) < (right.record, right.source, right.number)
    }
  }

  /// Whether what was changed is the mapping of a module, and its place one of the input.
  public var isOfMapping: Bool { action.hasPrefix("mapping ") }

  /// A line of these parts.
  public init(
    date: Instant, author: String, record: RecordID, action: String, place: ValuePath? = nil,
    old: ValueHead? = nil, new: ValueHead? = nil, note: String? = nil,
    position: Position = Position()
  ) {
    self.position = position
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

extension AuditEntry {
  /// An operator acknowledged that a scenario lost bundles.
  public static let lossAcknowledged = "lossAcknowledged"

  /// What was done, in the words of an operator.
  public var deed: String { Self.deed(action) }

  /// An action as it is stored, in the words of an operator.
  public static func deed(_ action: String) -> String {
    switch IncompleteEvent(rawValue: action) {
    case .claimed: "retry began"
    case .finished: "resolved by a retry"
    case .failedElsewhere: "got on, failed at a later module"
    case .failedWithAttemptsLeft: "failed again, is retried by itself"
    case .failedForGood: "failed again"
    case .interruptedWhilePending, .interruptedWhileUnresolved: "retry was interrupted"
    case .autoRetryTurnedOff: "automatic retry turned off"
    case .autoRetryTurnedOn: "automatic retry turned on"
    case .closed: "closed"
    case .deleted: "put into the bin"
    case .restored: "taken out of the bin"
    case .reopened: "closing taken back"
    case nil:
      switch action {
      case "blueprintReplaced": "blueprint replaced"
      case "restartMoved": "module to go on at changed"
      case RecordNote.revealed: "looked at a secret"
      case RecordNote.rolledBack: "earlier writes rolled back:"
      case lossAcknowledged: "lost bundles acknowledged"
      default: action
      }
    }
  }

  /// The line without the values, as it is told to who may not see them.
  public var withoutValues: AuditEntry {
    AuditEntry(
      date: date, author: author, record: record, action: action, place: place, note: note,
      position: position)
  }
}
