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

  var window = ListWindow<Row, AuditPlace>()
  var filter = TypedFilter<AuditKey>.everything
  var order = AuditOrder.newest
  /// Who did anything, for the completion of filters.
  var authors: [String] = []

  var rows: [Row] { window.rows }
  var selected: Row? { window.selected }
}

/// What the audit asks for.
enum AuditTrailEffect: Hashable, Sendable {
  case page(AuditFilter, ListWindow<AuditTrailState.Row, AuditPlace>.Ask)
  case count
  case loadAuthors
  /// Writes everything the filter lets through to a file.
  case export(AuditFilter, path: String)
}

/// What came of it.
enum AuditTrailMessage: Equatable, Sendable {
  case loaded(token: Int, Message.Answer<ListStretch<AuditTrailState.Row, AuditPlace>>)
  case counted(Message.Answer<Int>)
  case authorsLoaded([String])
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
    case .loadAuthors: .authorsLoaded((try? await desk.auditAuthors()) ?? [])
    case .export(let filter, let path):
      .exported(await Self.export(filter, to: path, desk), path: path)
    }
  }

  private static func export(
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

  private static func load(
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
        isSecret = mappings[entry.record]?.isSecret(place) ?? true
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
      unavailable: { $0.auditTrail.rows.isEmpty ? "there is nothing here" : nil }),
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
      guard token == auditTrail.window.pending?.token else { return [] }
      guard let stretch = succeeded(answer) else {
        auditTrail.window.stop()
        return []
      }
      let next = auditTrail.window.take(stretch, token: token) { $0.place }
      return next.map { [.auditTrail(.page(listedAudit, $0))] } ?? []
    case .counted(.success(let count)):
      auditTrail.window.total = auditTrail.filter == .everything ? count : nil
    case .counted(.failure): break
    case .authorsLoaded(let authors): auditTrail.authors = authors
    case .exported(.success(let count), let path): notice = "\(count) lines written to \(path)"
    case .exported(.failure(let error), _): notice = "\(error.description)"
    }
    return []
  }

  /// What the filter of the audit means now.
  var listedAudit: AuditFilter {
    AuditFilter(
      auditTrail.filter.expression, now: now, utcOffset: surroundings.zone.offset(at: now),
      order: auditTrail.order)
  }

  /// Begins the audit anew at one of its ends.
  mutating func startAudit(_ purpose: PagePurpose) -> [Effect] {
    let ask = auditTrail.window.start(purpose, token: nextToken())
    return [.auditTrail(.page(listedAudit, ask)), .auditTrail(.count)]
  }

  /// Shows what another filter lets through.
  mutating func setAuditFilter(_ filter: TypedFilter<AuditKey>) -> [Effect] {
    guard filter != auditTrail.filter else { return [] }
    auditTrail.filter = filter
    auditTrail.window.total = nil
    return startAudit(.start)
  }

  /// Asks for the audit, or for what came to it. Lines that are there do not change.
  mutating func refreshAudit() -> [Effect] {
    guard auditTrail.window.hasLoaded || auditTrail.window.pending != nil else {
      return startAudit(.start)
    }
    let ask = auditTrail.window.refresh(token: nextToken()) { row in
      var position = row.place.position
      position.number += auditTrail.order.isDescending ? 1 : -1
      return AuditPlace(key: row.place.key, date: row.place.date, position: position)
    }
    guard let ask else { return [] }
    return [.auditTrail(.page(listedAudit, ask)), .auditTrail(.count)]
  }

  /// The values that can stand behind a key of the filter.
  func auditValues(_ key: AuditKey) -> [String] {
    switch key {
    case .who: auditTrail.authors + auditTrail.rows.map(\.author.text)
    case .action:
      IncompleteEvent.allCases.map { AuditEntry.deed($0.rawValue) }
        + ["edited", "mapping changed", AuditEntry.deed(RecordNote.revealed)]
    case .field: auditTrail.rows.map(\.field.text).filter { !$0.isEmpty }
    case .record: auditTrail.rows.map(\.record.short)
    case .time: ["today", "yesterday"]
    case .age, .text: []
    }
  }

  mutating func updateAuditTrail(_ command: Command) -> [Effect] {
    let shown = auditTrail.window
    if command == .moveToFirst, shown.ahead != nil { return startAudit(.start) }
    if command == .moveToLast, shown.behind != nil, !shown.isSearching { return startAudit(.end) }
    if let index = moved(
      command, from: shown.index, page: max(1, size.rows - 5), count: shown.rows.count)
    {
      auditTrail.window.move(to: index)
      guard let ask = auditTrail.window.grow(token: lastToken + 1) else { return [] }
      lastToken += 1
      return [.auditTrail(.page(listedAudit, ask))]
    }
    switch command {
    case .open:
      guard let row = shown.selected else { return [] }
      return openRecord(row.record)
    case .export: typing = Typing(line: LineEditor(), purpose: .exportPath)
    case .filter:
      typing = Typing(
        line: LineEditor(auditTrail.filter.text), purpose: .auditFilter(before: auditTrail.filter))
      return [.auditTrail(.loadAuthors)]
    case .sortByNext:
      let columns = AuditOrder.Column.allCases
      let position = columns.firstIndex(of: auditTrail.order.column) ?? 0
      let next = columns[(position + 1) % columns.count]
      auditTrail.order = AuditOrder(next, isDescending: next != .who)
      notice = "sorted by " + auditTrail.order.words
      return startAudit(.start)
    case .sortReversed:
      auditTrail.order.isDescending.toggle()
      notice = "sorted by " + auditTrail.order.words + "; the order is turned round"
      return startAudit(.start)
    case .hold:
      auditTrail.window.isHeld.toggle()
      notice = shown.isHeld ? "" : "it stays as it is; p lets it live again"
      return shown.isHeld ? refreshAudit() : []
    case .back where shown.isSearching:
      auditTrail.window.stop()
      notice = "the search is stopped; moving down goes on with it"
    case .back where auditTrail.filter != .everything: return setAuditFilter(.everything)
    default: return updateAnyScreen(command)
    }
    return []
  }

  func drawAuditTrail(into frame: inout Frame) {
    drawWindow(
      auditTrail.window, title: "Audit", heading: auditLine(nil), filter: auditTrail.filter.text,
      order: auditTrail.order.words, empty: "Nobody has changed anything yet.", into: &frame
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

extension AuditOrder {
  /// `time↓`
  var words: SafeText { SafeText(own: column.rawValue) + (isDescending ? "↓" : "↑") }
}
