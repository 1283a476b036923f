import FettleCore
import FettleEngine

/// Who did what to which record, in the order and by the filter that were asked for.
struct AuditTrailState: Equatable, Sendable {
  /// A line of the audit, ready to be shown; values of secret fields are masked before they come here.
  struct Row: WindowRow {
    let place: AuditPlace
    let date: Instant
    let record: RecordID
    let author: SafeText
    let action: SafeText
    let field: SafeText
    let old: SafeText
    let new: SafeText
    let note: SafeText

    var identity: AuditEntry.Position { place.position }
  }

  var list = StoredList<Row, AuditColumn, AuditKey>()
  /// Who did anything, for the completion of filters.
  var authors: [String] = []
  /// What was changed lately, for the same.
  var fields: [String] = []

  var rows: [Row] { list.window.rows }
  var selected: Row? { list.window.selected }
}

/// The audit as a list that lies in the store.
enum AuditScreen: StoredScreen {
  typealias Row = AuditTrailState.Row
  typealias Column = AuditColumn
  typealias Key = AuditKey

  static let list = FilteredList.audit
  static var place: WritableKeyPath<State, List> { \.auditTrail.list }
  static var beforeTyping: [Effect] { [.auditTrail(.loadAuthors)] }

  static func page(_ filter: AuditFilter, _ ask: List.Window.Ask) -> Effect {
    .auditTrail(.page(filter, ask))
  }

  static func count(_ filter: AuditFilter) -> Effect { .auditTrail(.count) }

  static func place(of row: AuditTrailState.Row, in order: AuditOrder) -> AuditPlace { row.place }

  static func values(of key: AuditKey, in state: State) -> [String] {
    let shown = state.auditTrail
    return switch key {
    case .who: shown.authors + shown.rows.map(\.author.text)
    case .action:
      IncompleteEvent.allCases.map { AuditEntry.deed($0.rawValue) }
        + [
          "edited", "mapping changed", AuditEntry.deed(RecordNote.revealed),
          AuditEntry.deed(AuditEntry.lossAcknowledged),
        ]
    case .field: shown.rows.map(\.field.text).filter { !$0.isEmpty } + shown.fields
    case .record: shown.rows.map(\.record.short).filter { !$0.isEmpty }
    case .time: ["today", "yesterday"]
    case .age, .text: []
    }
  }
}

/// What the audit asks for.
enum AuditTrailEffect: Hashable, Sendable {
  case page(AuditFilter, AuditScreen.List.Window.Ask)
  case count
  case loadAuthors
  /// Writes everything the filter lets through to a file.
  case export(AuditFilter, path: String)
}

/// What came of it.
enum AuditTrailMessage: Equatable, Sendable {
  case loaded(token: Int, Message.Answer<ListStretch<AuditTrailState.Row, AuditPlace>>)
  case counted(Message.Answer<Int>)
  case authorsLoaded([String], fields: [String])
  case exported(Message.Answer<Int>, path: String)
}

extension AuditTrailEffect {
  /// Does it.
  func perform(_ desk: OperatorDesk) async -> AuditTrailMessage {
    switch self {
    case .page(let filter, let ask):
      .loaded(
        token: ask.token,
        await answer { () async throws(StoreError) in
          try await Self.load(filter, ask.request, limit: ask.limit, effort: ask.effort, desk)
        })
    case .count:
      .counted(await answer { () async throws(StoreError) in try await desk.auditCount() })
    case .loadAuthors:
      .authorsLoaded(
        (try? await desk.auditAuthors()) ?? [], fields: (try? await desk.auditFields()) ?? [])
    case .export(let filter, let path):
      .exported(await Self.export(filter, to: path, desk), path: path)
    }
  }

  /// Writes everything a filter lets through to a file that is made.
  /// - Returns: how many lines.
  static func export(
    _ filter: AuditFilter, to path: String, _ desk: OperatorDesk
  ) async -> Message.Answer<Int> {
    var request: ListRequest<AuditPlace>? = .first
    var count = 0
    let written = await TextFile(path: path).create { () async throws(StoreError) -> String? in
      guard let next = request else { return nil }
      let stretch = try await load(filter, next, limit: 500, effort: 20_000, desk)
      request = stretch.end.map { .after($0) }
      count += stretch.rows.count
      return stretch.rows.map { line($0) + "\n" }.joined()
    }
    return written.map { count }
  }

  /// A stretch of the audit, the values of secret fields masked.
  static func load(
    _ filter: AuditFilter, _ request: ListRequest<AuditPlace>, limit: Int, effort: Int,
    _ desk: OperatorDesk
  ) async throws(StoreError) -> ListStretch<AuditTrailState.Row, AuditPlace> {
    let stretch = try await desk.audit(filter, request, limit: limit, effort: effort)
    var mappings: [RecordID: MappedFields] = [:]
    var rows: [AuditTrailState.Row] = []
    for entry in stretch.rows {
      var isSecret = false
      if let place = entry.place {
        if mappings[entry.record] == nil {
          let module = try await desk.failedModule(of: entry.record)
          mappings[entry.record] = MappedFields(
            module, descriptor: module.flatMap(desk.descriptor))
        }
        let mapped = mappings[entry.record]
        isSecret =
          (entry.isOfMapping
            ? mapped?.isSecret(Draft(path: place, value: nil, in: .mapping))
            : mapped?.isSecret(place)) ?? true
      }
      // What must not be shown must not be found either.
      if isSecret, !filter.matches(entry.withoutValues) { continue }
      rows.append(
        AuditTrailState.Row(
          place: AuditPlace(entry, filter.order), date: entry.date, record: entry.record,
          author: "\(entry.author)", action: "\(entry.deed)",
          field: entry.place.map { "\($0.description)" } ?? "",
          old: entry.place == nil ? "" : ValueText.typed(entry.old, isSecret: isSecret),
          new: entry.place == nil ? "" : ValueText.typed(entry.new, isSecret: isSecret),
          note: entry.note.map { "\($0)" } ?? ""))
    }
    return ListStretch(
      rows: rows, searched: stretch.searched, end: stretch.end, isLookUp: stretch.isLookUp)
  }

  /// A line as JSON: one object a line.
  private static func line(_ row: AuditTrailState.Row) -> String { JSONWriter.text(value(row)) }

  /// A line as data.
  static func value(_ row: AuditTrailState.Row) -> Value {
    .collection([
      "date": .text(row.date.iso8601), "author": .text(row.author.text),
      "record": .text(row.record.text), "action": .text(row.action.text),
      "field": .text(row.field.text), "old": .text(row.old.text), "new": .text(row.new.text),
      "note": .text(row.note.text),
    ])
  }
}

/// The keys of the audit.
extension KeyMap {
  static let auditTrail: [KeyBinding] = [
    KeyBinding(
      [.enter, .right, .character("l")], "record", "Open the record", .open,
      unavailable: {
        guard let row = $0.auditTrail.selected else { return "there is nothing here" }
        return row.record.text.isEmpty ? "the line tells of a scenario, not of a record" : nil
      }),
    KeyBinding(
      [.character("w")], "export",
      "Write all of what the filter lets through to a file, one JSON object a line", .export,
      unavailable: { $0.auditTrail.rows.isEmpty ? "there is nothing to write" : nil }),
    KeyBinding(
      [.character("/")], "filter",
      "Filter: words, who: action: record: field: time: age:; Tab completes", .filter),
    KeyBinding(
      [.escape], "", "Stop a search; clear the filter; to the incomplete executions", .back),
  ]
}

extension State {
  mutating func updateAuditTrail(_ message: AuditTrailMessage) -> [Effect] {
    switch message {
    case .loaded(let token, let answer):
      return AuditScreen.take(answer, token: token, in: &self)
    case .counted(.success(let count)):
      auditTrail.list.window.total = auditTrail.list.filter == .everything ? count : nil
    case .counted(.failure): break
    case .authorsLoaded(let authors, let fields):
      (auditTrail.authors, auditTrail.fields) = (authors, fields)
    case .exported(.success(let count), let path): notice = "\(count) lines written to \(path)"
    case .exported(.failure(let error), _): notice = "\(error.description)"
    }
    return []
  }

  mutating func updateAuditTrail(_ command: Command) -> [Effect] {
    if let effects = AuditScreen.update(command, in: &self) { return effects }
    switch command {
    case .open:
      guard let row = auditTrail.selected else { return [] }
      return openRecord(row.record)
    case .export:
      typing = Typing(line: LineEditor(), purpose: .exportPath)
      return []
    case .back: return AuditScreen.clearFilter(in: &self) ?? updateAnyScreen(command)
    default: return updateAnyScreen(command)
    }
  }

  func drawAuditTrail(into frame: inout Frame) {
    AuditScreen.draw(
      self, title: "Audit", heading: auditLine(nil), empty: "Nobody has changed anything yet.",
      into: &frame
    ) { (auditLine($0), .plain) }
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
    if !row.field.isEmpty { text += "  " + row.field + "  " + row.old + "  →  " + row.new }
    if !row.note.isEmpty { text += "  " + row.note }
    return text
  }
}
