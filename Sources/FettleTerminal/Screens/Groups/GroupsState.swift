import FettleCore
import FettleEngine

/// The records that failed for the same reason, group by group.
struct GroupsState: Equatable, Sendable {
  private var all: [ErrorGroupCount] = []
  private(set) var rows: [ErrorGroupCount] = []
  var table = Table() { didSet { arrange() } }
  /// The group under the cursor, by its fingerprint.
  var cursor: Int64?
  var top = 0
  var hasLoaded = false

  var index: Int { rows.firstIndex { $0.fingerprint == cursor } ?? 0 }
  var selected: ErrorGroupCount? { rows.indices.contains(index) ? rows[index] : nil }

  /// Takes the groups as they are now; the cursor stays on its group.
  mutating func take(_ fresh: [ErrorGroupCount]) {
    let before = index
    all = fresh
    arrange()
    hasLoaded = true
    if !rows.contains(where: { $0.fingerprint == cursor }) {
      cursor = rows.isEmpty ? nil : rows[min(before, rows.count - 1)].fingerprint
    }
  }

  static let columns: [SafeText] = ["count", "age", "error", "module"]

  private mutating func arrange() {
    rows = table.arranged(
      all, text: { "\($0.errorType.shortName) \($0.moduleTitle) \($0.example)" },
      columns: [
        { $0.newest > $1.newest }, { $0.errorType.shortName < $1.errorType.shortName },
        { $0.moduleTitle < $1.moduleTitle },
      ])
  }

  mutating func move(to index: Int) {
    guard !rows.isEmpty else { return }
    cursor = rows[min(max(0, index), rows.count - 1)].fingerprint
  }
}

/// What the groups ask for.
enum GroupsEffect: Hashable, Sendable { case load }

/// What came of it.
enum GroupsMessage: Equatable, Sendable { case loaded(Message.Answer<[ErrorGroupCount]>) }

extension GroupsEffect {
  /// Does it.
  func perform(_ desk: OperatorDesk) async -> GroupsMessage {
    .loaded(await answer { () async throws(StoreError) in try await desk.groups() })
  }
}

/// The keys of the groups.
extension KeyMap {
  static let groups: [KeyBinding] = [
    KeyBinding(
      [.enter, .right, .character("l")], "list", "List the records of the group", .open,
      unavailable: noGroup),
    KeyBinding(
      [.character("e")], "edit", "Mend one of them, then see the same change in each of the others",
      .edit, unavailable: { noGroup($0) ?? $0.readOnlyReason }),
    KeyBinding(
      [.character("R")], "resume all", "Resume every record of the group, after a question",
      .resumeMarked, unavailable: { noGroup($0) ?? $0.readOnlyReason }),
    KeyBinding(
      [.character("x")], "close all", "Close every record of the group with a reason, or delete it",
      .closeRecord, unavailable: { noGroup($0) ?? $0.readOnlyReason }),
    KeyBinding(
      [.escape, .character("b"), .left, .character("h")], "back", "Back to the list", .back),
    KeyBinding(
      [.character("B")], "", "Show the action on many records that is running", .showBulk,
      unavailable: noBulk),
  ]

  private static let noGroup: @Sendable (State) -> SafeText? = {
    $0.groups?.selected == nil ? "there is no group here" : nil
  }
}

extension State {
  mutating func updateGroups(_ message: GroupsMessage) -> [Effect] {
    switch message {
    case .loaded(.success(let rows)): groups?.take(rows)
    case .loaded(.failure(let error)): trouble = "\(error.description)"
    }
    return []
  }

  func reloadGroups() -> [Effect] { groups == nil ? [] : [.groups(.load)] }

  mutating func updateGroups(_ command: Command) -> [Effect] {
    guard let shown = groups else { return [] }
    let page = max(1, size.rows - 5)
    switch command {
    case .moveDown: groups?.move(to: shown.index + 1)
    case .moveUp: groups?.move(to: shown.index - 1)
    case .pageDown, .halfPageDown: groups?.move(to: shown.index + page)
    case .pageUp, .halfPageUp: groups?.move(to: shown.index - page)
    case .moveToFirst: groups?.move(to: 0)
    case .moveToLast: groups?.move(to: .max)
    case .open:
      guard let group = shown.selected else { return [] }
      groups = nil
      return setFilter(Self.filter(of: group))
    case .edit:
      guard let group = shown.selected else { return [] }
      return beginGroupEdit(group)
    case .resumeMarked:
      guard let group = shown.selected else { return [] }
      return ask(about: target(of: group), .resume)
    case .closeRecord:
      guard let group = shown.selected else { return [] }
      question = .closeOrDeleteMany(target(of: group))
    case .filter, .sortByNext, .sortReversed, .hold: return updateTable(command) ?? []
    case .back where !shown.table.words.isEmpty: return updateTable(command) ?? []
    case .showBulk: bulk?.isHidden = false
    case .quitAtOnce: return quitting()
    case .interrupt: askToQuit()
    case .back, .quit:
      groups = nil
      return refreshList() + loadPreview()
    default: break
    }
    return []
  }

  static func filter(of group: ErrorGroupCount) -> ListFilter {
    ListFilter(
      .condition(.group, [.text(ErrorGroup.digits(group.fingerprint), isQuoted: false)]))
  }

  func target(of group: ErrorGroupCount) -> BulkTarget {
    .matching(RecordFilter(Self.filter(of: group).expression, now: now), except: [])
  }

  func drawGroups(into frame: inout Frame) {
    guard let groups else { return }
    let open = groups.rows.reduce(0) { $0 + $1.records }
    frame.put(
      " Groups  \(groups.rows.count) causes · \(Quantity.grouped(open)) records"
        + groups.table.told(GroupsState.columns),
      in: frame.area.line(0), .role(.title))
    frame.put(groupLine(nil), in: frame.area.line(1), .role(.heading))
    let rows = max(1, size.rows - 4)
    let top = Self.scrolled(
      groups.top, to: groups.index, rows: rows, count: groups.rows.count)
    if groups.rows.isEmpty {
      let text: SafeText =
        !groups.hasLoaded
        ? "loading…"
        : groups.table.words.isEmpty ? "Nothing incomplete." : "No group has these words."
      frame.put(text, at: max(1, (size.columns - text.width) / 2), in: frame.area.line(3))
      frame.cursor = (3, 0)
    }
    for offset in 0..<rows {
      let index = top + offset
      guard groups.rows.indices.contains(index) else { break }
      let isSelected = index == groups.index
      let line = frame.area.line(2 + offset)
      frame.put(
        (isSelected ? ">" : " ") + groupLine(groups.rows[index]), in: line,
        Style(role: .plain, isSelected: isSelected), fill: isSelected)
      if isSelected { frame.cursor = (line.row, 0) }
    }
    drawNotice(into: &frame, frame.area.line(size.rows - 2))
    drawKeys(into: &frame, frame.area.line(size.rows - 1))
  }

  private func groupLine(_ group: ErrorGroupCount?) -> SafeText {
    let isWide = size.columns >= 60
    var text = (group.map { Quantity.grouped($0.records) } ?? "COUNT")
      .padded(to: 7, rightAligned: true)
    text += "  " + (group.map { "\($0.errorType.shortName)" } ?? SafeText("ERROR")).padded(to: 11)
    if isWide {
      text += " " + (group.map { "\($0.moduleTitle)" } ?? SafeText("MODULE")).padded(to: 16)
      text +=
        " "
        + (group.map { Quantity.age(from: $0.newest, to: now) } ?? "AGE")
        .padded(to: 4, rightAligned: true)
    }
    text += "  " + (group.map { "\($0.example)" } ?? SafeText("NEWEST MESSAGE"))
    return group == nil ? " " + text : text
  }
}
