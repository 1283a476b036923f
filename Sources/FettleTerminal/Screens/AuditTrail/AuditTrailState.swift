import FettleCore
import FettleEngine

/// Who did what to which record, newest first.
struct AuditTrailState: Equatable, Sendable {
  /// A line of the audit, ready to be shown; values of secret fields are masked before they come here.
  struct Row: Hashable, Sendable {
    let date: Instant
    let record: RecordID
    let author: SafeText
    let action: SafeText
    let place: SafeText
    let old: SafeText
    let new: SafeText
    let note: SafeText

    /// What a filter looks into.
    var words: String {
      [author, action, place, old, new, note].map(\.text).joined(separator: " ") + record.text
    }
  }

  /// Every line that was read; `rows` are those that are shown.
  private(set) var all: [Row] = []
  private(set) var rows: [Row] = []
  var table = Table() {
    didSet {
      arrange()
      if table.words != oldValue.words { cursor = 0 }
    }
  }
  var cursor = 0
  var hasLoaded = false
  var limit = 500

  static let columns: [SafeText] = ["time", "who", "record", "what"]

  var selected: Row? { rows.indices.contains(cursor) ? rows[cursor] : nil }

  private mutating func arrange() {
    rows = table.arranged(
      all, text: \.words,
      columns: [
        { $0.author.text < $1.author.text }, { $0.record.text < $1.record.text },
        { $0.action.text < $1.action.text },
      ])
    cursor = min(cursor, max(0, rows.count - 1))
  }

  /// What a list without lines says. Older lines than those loaded may have the words.
  var emptyText: SafeText {
    if table.words.isEmpty { return "Nobody has changed anything yet." }
    return all.count < limit
      ? "No line has these words."
      : "None of the newest \(Quantity.grouped(all.count)) lines has it."
  }

  /// The line stays under the cursor, wherever it has moved to.
  mutating func take(_ fresh: [Row]) {
    let line = selected
    all = fresh
    hasLoaded = true
    arrange()
    if cursor > 0, let line, let index = rows.firstIndex(of: line) { cursor = index }
  }
}

/// What the audit asks for.
enum AuditTrailEffect: Hashable, Sendable {
  case load(limit: Int)
  case export([AuditTrailState.Row], path: String)
}

/// What came of it.
enum AuditTrailMessage: Equatable, Sendable {
  case loaded(Message.Answer<[AuditTrailState.Row]>)
  case exported(Message.Answer<Int>, path: String)
}

extension AuditTrailEffect {
  /// Does it.
  func perform(_ desk: OperatorDesk) async -> AuditTrailMessage {
    switch self {
    case .load(let limit):
      .loaded(await answer { () async throws(StoreError) in try await Self.load(limit, desk) })
    case .export(let rows, let path):
      .exported(
        TextFile(path: path).create(rows.map { Self.line($0) + "\n" }.joined()).map { rows.count },
        path: path)
    }
  }

  private static func load(
    _ limit: Int, _ desk: OperatorDesk
  ) async throws(StoreError) -> [AuditTrailState.Row] {
    var mappings: [RecordID: MappedFields] = [:]
    var rows: [AuditTrailState.Row] = []
    for entry in try await desk.audit(limit: limit) {
      var isSecret = false
      if let place = entry.place {
        if mappings[entry.record] == nil {
          let record = try await desk.record(entry.record)
          mappings[entry.record] = MappedFields(
            record.failedModule, descriptor: record.failedModule.flatMap(desk.descriptor))
        }
        isSecret = mappings[entry.record]?.isSecret(place) ?? true
      }
      rows.append(
        AuditTrailState.Row(
          date: entry.date, record: entry.record, author: "\(entry.author)",
          action: Self.words(entry.action), place: entry.place.map { "\($0.description)" } ?? "",
          old: entry.place == nil ? "" : ValueText.typed(entry.old, isSecret: isSecret),
          new: entry.place == nil ? "" : ValueText.typed(entry.new, isSecret: isSecret),
          note: entry.note.map { "\($0)" } ?? ""))
    }
    return rows
  }

  /// What was done, in the words of an operator.
  private static func words(_ action: String) -> SafeText {
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
      default: "\(action)"
      }
    }
  }

  /// A line as JSON: one object a line.
  private static func line(_ row: AuditTrailState.Row) -> String { JSONWriter.text(value(row)) }

  /// A line as data.
  static func value(_ row: AuditTrailState.Row) -> Value {
    .collection([
      "date": .text(row.date.iso8601), "author": .text(row.author.text),
      "record": .text(row.record.text), "action": .text(row.action.text),
      "field": .text(row.place.text), "old": .text(row.old.text), "new": .text(row.new.text),
      "note": .text(row.note.text),
    ])
  }
}

/// The keys of the audit.
extension KeyMap {
  static let auditTrail: [KeyBinding] = [
    KeyBinding(
      [.enter, .right, .character("l")], "record", "Open the record", .open,
      unavailable: { $0.auditTrail.rows.isEmpty ? "there is nothing here" : nil }),
    KeyBinding(
      [.character("w")], "export", "Write what is shown to a file, one JSON object a line", .export,
      unavailable: { $0.auditTrail.rows.isEmpty ? "there is nothing to write" : nil }),
    KeyBinding([.escape], "", "Clear the filter; to the incomplete executions", .back),
  ]
}

extension State {
  mutating func updateAuditTrail(_ message: AuditTrailMessage) -> [Effect] {
    switch message {
    case .loaded(.success(let rows)): auditTrail.take(rows)
    case .loaded(.failure(let error)): trouble = "\(error.description)"
    case .exported(.success(let count), let path): notice = "\(count) lines written to \(path)"
    case .exported(.failure(let error), _): notice = "\(error.description)"
    }
    return []
  }

  mutating func updateAuditTrail(_ command: Command) -> [Effect] {
    let rows = auditTrail.rows
    if let index = moved(
      command, from: auditTrail.cursor, page: max(1, size.rows - 4), count: rows.count)
    {
      auditTrail.cursor = index
      guard index > rows.count - 20, auditTrail.all.count == auditTrail.limit,
        auditTrail.limit < 20_000
      else {
        return []
      }
      auditTrail.limit *= 2
      return [.auditTrail(.load(limit: auditTrail.limit))]
    }
    switch command {
    case .open:
      guard rows.indices.contains(auditTrail.cursor) else { return [] }
      return openRecord(rows[auditTrail.cursor].record)
    case .export: typing = Typing(line: LineEditor(), purpose: .exportPath)
    default: return updateTable(command) ?? updateAnyScreen(command)
    }
    return []
  }

  func drawAuditTrail(into frame: inout Frame) {
    let rows = auditTrail.rows
    drawTitle(
      "Audit  \(Quantity.grouped(rows.count))" + auditTrail.table.told(AuditTrailState.columns),
      into: &frame)
    frame.put(auditLine(nil), in: frame.area.line(1), .role(.heading))
    drawRows(
      rows.count, cursor: auditTrail.cursor, hasLoaded: auditTrail.hasLoaded,
      empty: auditTrail.emptyText, into: &frame
    ) { index in (auditLine(rows[index]), .plain) }
  }

  private func auditLine(_ row: AuditTrailState.Row?) -> SafeText {
    var text: SafeText = " "
    if size.columns >= 60 {
      text += (row.map { surroundings.zone.long($0.date) } ?? "TIME").padded(to: 15) + "  "
      text += (row?.author ?? "WHO").padded(to: 10) + " "
    } else {
      text += (row.map { Quantity.age(from: $0.date, to: now) } ?? "AGE").padded(to: 4) + " "
    }
    text += (row.map { "\($0.record.short)" } ?? SafeText("RECORD")).padded(to: 8) + "  "
    guard let row else { return text + "WHAT" }
    text += row.action
    if !row.place.isEmpty { text += "  " + row.place + "  " + row.old + "  →  " + row.new }
    if !row.note.isEmpty { text += "  " + row.note }
    return text
  }
}
