import FettleCore
import FettleEngine

/// The records that failed for the same reason, group by group.
struct GroupsState: Equatable, Sendable {
  var list = StoredList<ErrorGroupCount, GroupColumn, GroupKey>()

  var rows: [ErrorGroupCount] { list.window.rows }
  var selected: ErrorGroupCount? { list.window.selected }
}

extension ErrorGroupCount: WindowRow {
  var identity: Int64 { fingerprint }
}

/// The groups as a list that lies in the store.
enum GroupsScreen: StoredScreen {
  typealias Row = ErrorGroupCount
  typealias Column = GroupColumn
  typealias Key = GroupKey

  static let list = FilteredList.groups
  static var place: WritableKeyPath<State, List> { \.groupsState.list }
  static var beforeTyping: [Effect] { [.list(.loadVocabulary)] }

  static func page(_ filter: GroupFilter, _ ask: List.Window.Ask) -> Effect {
    .groups(.page(filter, ask))
  }

  static func count(_ filter: GroupFilter) -> Effect { .groups(.count) }

  static func place(of group: ErrorGroupCount, in order: GroupOrder) -> GroupPlace {
    GroupPlace(group, order)
  }

  static func values(of key: GroupKey, in state: State) -> [String] {
    switch key {
    case .error: state.groupsState.rows.map(\.errorType.shortName) + state.list.vocabulary.errors
    case .module: state.groupsState.rows.map(\.moduleTitle) + state.list.vocabulary.modules
    case .count, .age, .text: []
    }
  }
}

/// What the groups ask for.
enum GroupsEffect: Hashable, Sendable {
  case page(GroupFilter, GroupsScreen.List.Window.Ask)
  case count
}

/// What came of it.
enum GroupsMessage: Equatable, Sendable {
  case loaded(token: Int, Message.Answer<ListStretch<ErrorGroupCount, GroupPlace>>)
  case counted(Message.Answer<Int>)
}

extension GroupsEffect {
  /// Does it.
  func perform(_ desk: OperatorDesk) async -> GroupsMessage {
    switch self {
    case .page(let filter, let ask):
      .loaded(
        token: ask.token,
        await answer { () async throws(StoreError) in
          try await desk.groups(filter, ask.request, limit: ask.limit, effort: ask.effort)
        })
    case .count:
      .counted(await answer { () async throws(StoreError) in try await desk.groupCount() })
    }
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
      [.escape, .character("b"), .left, .character("h")], "back",
      "Stop a search; clear the filter; back to the list", .back),
    KeyBinding(
      [.character("B")], "", "Show the action on many records that is running", .showBulk,
      unavailable: noBulk),
    KeyBinding(
      [.character("/")], "filter", "Filter: words, count: age: error: module:; Tab completes",
      .filter),
  ]

  private static let noGroup: @Sendable (State) -> SafeText? = {
    $0.groups?.selected == nil ? "there is no group here" : nil
  }
}

extension State {
  /// The groups, while they are shown.
  var groups: GroupsState? { showsGroups ? groupsState : nil }

  /// Shows the groups, by the filter and in the order they had last.
  mutating func showGroups() -> [Effect] {
    showsGroups = true
    notice = ""
    return GroupsScreen.start(.start, in: &self)
  }

  mutating func updateGroups(_ message: GroupsMessage) -> [Effect] {
    switch message {
    case .loaded(let token, let answer):
      return GroupsScreen.take(answer, token: token, in: &self)
    case .counted(.success(let count)):
      groupsState.list.window.total = groupsState.list.filter == .everything ? count : nil
    case .counted(.failure): break
    }
    return []
  }

  mutating func reloadGroups() -> [Effect] {
    showsGroups ? GroupsScreen.refresh(in: &self) : []
  }

  mutating func updateGroups(_ command: Command) -> [Effect] {
    if let effects = GroupsScreen.update(command, in: &self) { return effects }
    let group = groupsState.selected
    switch command {
    case .open:
      guard let group else { return [] }
      showsGroups = false
      return setFilter(Self.filter(of: group))
    case .edit:
      guard let group else { return [] }
      return beginGroupEdit(group)
    case .resumeMarked:
      guard let group else { return [] }
      return ask(about: target(of: group), .resume)
    case .closeRecord:
      guard let group else { return [] }
      question = .closeOrDeleteMany(target(of: group))
    case .showBulk: bulk?.isHidden = false
    case .quitAtOnce: return quitting()
    case .interrupt: askToQuit()
    case .back:
      if let effects = GroupsScreen.clearFilter(in: &self) { return effects }
      return leaveGroups()
    case .quit: return leaveGroups()
    default: break
    }
    return []
  }

  private mutating func leaveGroups() -> [Effect] {
    showsGroups = false
    return refreshList() + loadPreview()
  }

  static func filter(of group: ErrorGroupCount) -> ListFilter {
    ListFilter(
      .condition(.group, [.text(ErrorGroup.digits(group.fingerprint), isQuoted: false)]))
  }

  func target(of group: ErrorGroupCount) -> BulkTarget {
    .matching(RecordFilter(Self.filter(of: group).expression, now: now), except: [])
  }

  func drawGroups(into frame: inout Frame) {
    let list = groupsState.list
    frame.put(" Groups  " + groupTotals + told(list), in: frame.area.line(0), .role(.title))
    let showsFilter = isFiltering || list.filter != .everything
    let first = showsFilter ? 3 : 2
    frame.put(groupLine(nil), in: frame.area.line(first - 1), .role(.heading))
    let isEmpty = list.filter == .everything
    drawRows(
      list.window.rows.count, cursor: list.window.index, hasLoaded: list.window.hasLoaded,
      empty: isEmpty ? "Nothing incomplete." : "No group matches. Esc clears the filter.",
      first: first, into: &frame
    ) { (" " + groupLine(list.window.rows[$0]), .plain) }
    guard showsFilter else { return }
    let area = frame.area.line(1)
    if isFiltering { return drawTyping(into: &frame, prompt: " / ", area) }
    frame.put(" / \(list.filter.text)", in: area, .role(.faint))
  }

  /// How many causes and records there are, or are let through by the filter.
  private var groupTotals: SafeText {
    let list = groupsState.list
    var causes: SafeText = "\(Quantity.grouped(list.window.total ?? list.window.rows.count))"
    let listed = list.window.rows.reduce(0) { $0 + $1.records }
    var records: SafeText = "\(Quantity.grouped(listed))"
    if !list.window.isWhole {
      if list.window.total == nil, list.window.behind != nil {
        causes += "+"
        records += "+"
      } else if list.filter == .everything {
        records = "\(Quantity.grouped(openTotal ?? listed))"
      }
    }
    // Where it is narrow the order comes before the words.
    let isShort = size.columns < 60 && list.order != .usual
    let words: [SafeText] =
      isShort
      ? [" · ", ""]
      : [
        causes.text == "1" ? " cause · " : " causes · ",
        records.text == "1" ? " record" : " records",
      ]
    return causes + words[0] + records + words[1]
  }

  /// The order, where it is not the usual one, and whether it is held.
  private func told(_ list: GroupsScreen.List) -> SafeText {
    (list.order == .usual ? "" : "  by " + list.order.words)
      + (list.window.isHeld ? "  held" : "")
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
