import FettleCore

/// A short list to pick one thing from.
struct PickerState: Equatable, Sendable {
  let title: SafeText
  let items: [Item]
  var cursor = 0

  struct Item: Equatable, Sendable {
    let name: SafeText
    let detail: SafeText
    let choice: Choice
  }

  enum Choice: Equatable, Sendable {
    case view(SavedView)
  }
}

extension KeyMap {
  static let picker: [KeyBinding] = [
    KeyBinding([.enter, .right, .character("l")], "take", "Take it", .open),
    KeyBinding([.escape, .character("q"), .left, .function(2)], "back", "Leave it", .back),
  ]
}

extension State {
  mutating func updatePicker(_ command: Command) -> [Effect] {
    guard let shown = picker else { return [] }
    func place(_ index: Int) -> Int { min(max(0, index), shown.items.count - 1) }
    switch command {
    case .moveDown: picker?.cursor = place(shown.cursor + 1)
    case .moveUp: picker?.cursor = place(shown.cursor - 1)
    case .pageDown: picker?.cursor = place(shown.cursor + max(1, size.rows - 4))
    case .pageUp: picker?.cursor = place(shown.cursor - max(1, size.rows - 4))
    case .moveToFirst: picker?.cursor = 0
    case .moveToLast: picker?.cursor = place(.max)
    case .back, .interrupt: picker = nil
    case .open:
      picker = nil
      switch shown.items[shown.cursor].choice {
      case .view(let view): return take(view)
      }
    default: break
    }
    return []
  }

  func drawPicker(into frame: inout Frame) {
    guard let picker else { return }
    frame.put(" " + picker.title, in: frame.area.line(0), .role(.title))
    let rows = max(1, size.rows - 3)
    let top = max(0, min(picker.cursor - rows / 2, picker.items.count - rows))
    let names = min(size.columns / 2, picker.items.map(\.name.width).max() ?? 0)
    for offset in 0..<rows {
      let index = top + offset
      guard picker.items.indices.contains(index) else { break }
      let item = picker.items[index]
      let isSelected = index == picker.cursor
      let line = frame.area.line(1 + offset)
      frame.put(
        (isSelected ? "> " : "  ") + item.name.padded(to: names) + "  " + item.detail, in: line,
        Style(role: .plain, isSelected: isSelected), fill: isSelected)
      if isSelected { frame.cursor = (line.row, 0) }
    }
    drawNotice(into: &frame, frame.area.line(size.rows - 2))
    drawKeys(into: &frame, frame.area.line(size.rows - 1))
  }

  /// Lets the operator pick one of the views that were saved of this list.
  mutating func showViews(_ answer: Message.Answer<[SavedView]>) -> [Effect] {
    guard let list = filteredList else { return [] }
    switch answer {
    case .failure(let error): notice = "\(error.description)"
    case .success(let all):
      let views = all.filter { $0.list == list }
      guard !views.isEmpty else {
        notice = "no views are saved; :save NAME keeps the filter under a name"
        if !all.isEmpty { notice = "no views of this list are saved; :save NAME keeps one" }
        return []
      }
      picker = PickerState(
        title: "Saved views",
        items: views.map { view in
          PickerState.Item(
            name: "\(view.name)",
            detail: "\(view.filter)" + (view.sort.isEmpty ? "" : "  sort \(view.sort)"),
            choice: .view(view))
        })
    }
    return []
  }

  /// Shows what a saved view lets through, in its order.
  mutating func take(_ view: SavedView) -> [Effect] {
    do throws(FilterError) {
      let effects = try view.list.screen.show(view, in: &self)
      notice = "view \(view.name)"
      return effects
    } catch {
      notice = "the view \(view.name) is no filter: \(error.description)"
      return []
    }
  }

  /// Keeps the filter and the order of the list that is shown under a name.
  mutating func saveView(named name: String) -> [Effect] {
    guard let list = filteredList else {
      notice = "what a list shows is saved; Esc goes back to it"
      return []
    }
    return [
      .list(
        .saveView(list.screen.view(named: name.trimmed.replacingEquals, in: self, of: list)))
    ]
  }
}

extension String {
  /// A name cannot hold what ends it in the file.
  fileprivate var replacingEquals: String {
    String(map { $0 == "=" || $0.isNewline ? "-" : $0 })
  }
}
