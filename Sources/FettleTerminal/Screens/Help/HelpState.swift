/// The keys that work where the help was asked for.
struct HelpState: Equatable, Sendable {
  let context: KeyContext
  var top = 0
}

extension State {
  mutating func updateHelp(_ command: Command) -> [Effect] {
    switch command {
    case .back: help = nil
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

  /// One line a binding, with the reason why a key does nothing now.
  var helpLines: [CheckLine] {
    guard let help else { return [] }
    let bindings = bindings(help.context)
    let names = bindings.map { $0.keys.map(\.name).joined(separator: " ") }
    let widest = min(20, names.map(\.width).max() ?? 0)
    var lines: [CheckLine] = []
    for (name, binding) in zip(names, bindings) {
      var before = self
      before.help = nil
      let reason = binding.unavailable(before)
      var text = name.padded(to: max(widest, name.width)) + "  " + binding.help
      if let reason { text += " — not now: " + reason }
      lines.append(CheckLine(text: text, role: reason == nil ? .plain : .faint))
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
    frame.put(" Keys: " + help.context.title, in: frame.area.line(0), .role(.title))
    let lines = helpLines
    for offset in 0..<max(1, size.rows - 3) {
      let index = help.top + offset
      guard lines.indices.contains(index) else { break }
      frame.put(lines[index].text, at: 1, in: frame.area.line(1 + offset), .role(lines[index].role))
    }
    frame.cursor = (min(1, size.rows - 1), 0)
    drawKeys(into: &frame, frame.area.line(size.rows - 1))
  }
}
