/// The keys that work where the help was asked for.
struct HelpState: Equatable, Sendable {
  let context: KeyContext
  var top = 0
  /// Only lines with all of these words are shown.
  var words = ""
  /// The words while they are typed.
  var line: LineEditor?
}

extension State {
  mutating func updateHelp(_ command: Command) -> [Effect] {
    switch command {
    case .back where help?.words.isEmpty == false: help?.words = ""
    case .back: help = nil
    case .search:
      let words = help?.words ?? ""
      help?.line = LineEditor(words)
    case .keep: help?.line = nil
    case .cancel:
      help?.line = nil
      help?.words = ""
    case .moveDown: help?.top += 1
    case .moveUp: help?.top -= 1
    case .pageDown: help?.top += max(1, size.rows - 3)
    case .pageUp: help?.top -= max(1, size.rows - 3)
    case .moveToFirst: help?.top = 0
    case .moveToLast: help?.top = .max / 2
    default: break
    }
    let room = max(0, helpLines.count - max(1, size.rows - 3))
    if let top = help?.top { help?.top = min(max(0, top), room) }
    return []
  }

  /// A key where words are typed: what is shown follows.
  mutating func typedInHelp(_ key: Key) {
    guard help?.line?.handle(key) == true else { return }
    let words = help?.line?.text ?? ""
    help?.words = words
    help?.top = 0
  }

  /// A binding a line, or several where it is too narrow, with the reason why a key does nothing now.
  var helpLines: [CheckLine] {
    guard let help else { return [] }
    let bindings = bindings(help.context)
    let names = bindings.map { $0.keys.map(\.name).joined(separator: " ") }
    let widest = min(20, names.map(\.width).max() ?? 0)
    var lines: [CheckLine] = []
    let wanted = help.words.lowercased().split(separator: " ")
    func isWanted(_ text: SafeText) -> Bool {
      let text = text.text.lowercased()
      return wanted.allSatisfy { text.contains($0) }
    }
    for (name, binding) in zip(names, bindings) {
      var before = self
      before.help = nil
      let reason = binding.unavailable(before)
      let lead = name.padded(to: max(widest, name.width)) + "  "
      var text = binding.help
      if let reason { text += " — not now: " + reason }
      guard isWanted(lead + text) else { continue }
      let parts = text.wrapped(to: max(10, size.columns - 2 - lead.width), lines: 6)
      for (position, part) in parts.enumerated() {
        lines.append(
          CheckLine(
            text: (position == 0 ? lead : SafeText(repeating: " ", count: lead.width)) + part,
            role: reason == nil ? .plain : .faint))
      }
    }
    guard wanted.isEmpty else {
      return lines.isEmpty
        ? [CheckLine(text: "No key here has these words. Esc shows all.", role: .plain)] : lines
    }
    lines.append(CheckLine(text: "", role: .plain))
    let marks: SafeText =
      "Marks: ✓ done  ✗ FAILED  · not run  − filtered out  » running  ~ handled  ◇ router"
    lines.append(CheckLine(text: marks, role: .plain))
    lines.append(
      CheckLine(text: "Bundles: ~ changed  ! does not fit  ▸ ▾ folded, unfolded", role: .plain))
    return lines
  }

  func drawHelp(into frame: inout Frame) {
    guard let help else { return }
    let title: SafeText = " Keys: " + help.context.title
    frame.put(title, in: frame.area.line(0), .role(.title))
    let words = " / " + SafeText(help.words, limit: 200)
    if help.line != nil || !help.words.isEmpty {
      frame.put(
        words, at: min(title.width, max(0, size.columns - words.width - 1)) + 1,
        in: frame.area.line(0), .role(.typing))
    }
    let lines = helpLines
    for offset in 0..<max(1, size.rows - 3) {
      let index = help.top + offset
      guard lines.indices.contains(index) else { break }
      frame.put(lines[index].text, at: 1, in: frame.area.line(1 + offset), .role(lines[index].role))
    }
    frame.cursor = (min(1, size.rows - 1), 0)
    if let line = help.line {
      let head = " / " + SafeText(line.head, limit: 200)
      let start = min(title.width, max(0, size.columns - words.width - 1)) + 1
      frame.cursor = (0, min(start + head.width, size.columns - 1))
      frame.isTyping = true
    }
    drawKeys(into: &frame, frame.area.line(size.rows - 1))
  }
}
