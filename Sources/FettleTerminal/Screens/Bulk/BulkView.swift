import FettleCore
import FettleEngine

/// The keys of the dialog.
extension KeyMap {
  static let bulk: [KeyBinding] = [
    KeyBinding(
      [.escape, .enter], "stop, leave", "Begin no further record; when all is over, leave",
      .stopBulk),
    KeyBinding(
      [.character("h")], "hide", "Hide it; it goes on, B shows it again", .hideBulk),
    KeyBinding(
      [.character("f")], "list the failed", "List those that did not come to a good end",
      .listFailed,
      unavailable: { $0.bulk?.progress.failed.isEmpty == false ? nil : "none failed so far" }),
  ]
}

extension State {
  /// The lines of a question about many records, over what they are about.
  func drawSelection(_ selection: BulkSelection, into frame: inout Frame, above row: Int) {
    var lines: [(SafeText, Role)] = [
      (Self.verb(selection.action) + " \(Quantity.grouped(selection.items.count)):", .title)
    ]
    lines.append(
      ("  " + Self.counts(selection.errorTypes.map { ($0.key.shortName, $0.value) }), .plain))
    lines.append(("  " + Self.counts(selection.scenarios.map { ($0.key, $0.value) }), .plain))
    if case .close(let reason) = selection.action { lines.append(("  because: \(reason)", .plain)) }
    if !selection.skipped.isEmpty {
      lines.append(("  left out: " + Self.skippedWords(selection), .problem))
    }
    if selection.action == .purge {
      lines.append(("  Nothing brings them back.", .problem))
    }
    drawLines(lines, into: &frame, above: row)
  }

  /// What a question is about, in lines above it.
  func drawLines(_ lines: [(SafeText, Role)], into frame: inout Frame, above row: Int) {
    let lines = Array(lines.prefix(max(1, row - 2)))
    for (offset, line) in lines.enumerated() {
      let area = frame.area.line(row - lines.count + offset)
      frame.put(" " + line.0, in: area, .role(line.1), fill: true)
    }
    let rule = row - lines.count - 1
    if rule > 0 { frame.rule(in: frame.area.line(rule)) }
  }

  /// The most frequent first: `Data 388 · Connection 12`.
  private static func counts(_ counts: [(String, Int)]) -> SafeText {
    let sorted = counts.sorted { ($1.1, $0.0) < ($0.1, $1.0) }
    let shown = sorted.prefix(6).map { name, count -> SafeText in
      "\(name) \(Quantity.grouped(count))"
    }.joined(separator: " · ")
    return sorted.count > 6 ? shown + " · \(sorted.count - 6) more" : shown
  }

  func drawBulk(into frame: inout Frame) {
    guard let bulk, !bulk.isHidden, size.rows >= 10 else { return }
    let progress = bulk.progress
    let width = min(size.columns, 80)
    let left = (size.columns - width) / 2
    let rows = 5
    let top = max(1, (size.rows - rows) / 2)
    func line(_ offset: Int) -> Area {
      Area(row: top + offset, column: left, rows: 1, columns: width)
    }
    let bar = SafeText(own: String(repeating: "─", count: max(0, width - 2)))
    frame.put("┌" + bar + "┐", in: line(0))
    for offset in 1..<(rows - 1) {
      frame.put("│", in: line(offset), fill: true)
      frame.put("│", at: width - 1, in: line(offset))
    }
    frame.put("└" + bar + "┘", in: line(rows - 1))
    let title: SafeText = " " + Self.verb(progress.action) + " \(Quantity.grouped(progress.total)) "
    frame.put(title, at: 1, in: line(0), .role(.title))
    let end: SafeText =
      " \(Quantity.grouped(progress.ended))/\(Quantity.grouped(progress.total))  "
      + "\(progress.total == 0 ? 100 : progress.ended * 100 / progress.total)%"
      + remaining(progress)
    let room = max(4, width - 4 - end.width)
    let filled = progress.total == 0 ? room : room * progress.ended / progress.total
    let gauge = SafeText(
      own: String(repeating: "█", count: filled) + String(repeating: "░", count: room - filled))
    frame.put(gauge + end, at: 2, in: line(1))
    var counts: SafeText = Self.doneWord(progress.action) + " \(progress.done)"
    if progress.action == .resume {
      counts +=
        " · same error again \(progress.count(.sameError)) · new error \(progress.count(.newError))"
    }
    counts += " · skipped \(progress.count(.skipped))"
    let unknown = progress.count(.unknown)
    if unknown > 0 { counts += " · outcome not kept \(unknown)" }
    // Where there is no room for all words, all numbers stand there all the same.
    if counts.width > width - 4 {
      counts = "ok \(progress.done)"
      if progress.action == .resume {
        counts += " · same \(progress.count(.sameError)) · new \(progress.count(.newError))"
      }
      counts += " · skip \(progress.count(.skipped))"
      if unknown > 0 { counts += " · ? \(unknown)" }
    }
    frame.put(counts.clipped(to: width - 4), at: 2, in: line(2))
    var keys: SafeText
    if progress.isOver {
      keys = "over · Esc leaves · f lists the \(progress.failed.count) that failed"
    } else if progress.isStopped {
      keys = "stopping after the \(progress.running) that run · h hides"
    } else {
      keys =
        "Esc stop after the \(progress.running) running · h hide, go on"
        + (progress.failed.isEmpty ? "" : " · f list the \(progress.failed.count) failed")
    }
    if keys.width > width - 4, !progress.isStopped || progress.isOver {
      keys = progress.isOver ? "over · Esc leaves" : "Esc stop · h hide"
      if !progress.failed.isEmpty { keys += " · f \(progress.failed.count) failed" }
    }
    frame.put(keys.clipped(to: width - 4), at: 2, in: line(3), .role(.faint))
    frame.cursor = (top + 1, left + 2)
  }

  private func remaining(_ progress: BulkProgress) -> SafeText {
    let spent = now.milliseconds - progress.started.milliseconds
    guard !progress.isOver, progress.ended > 0, spent > 0 else { return "" }
    let left = Int(spent) / progress.ended * (progress.total - progress.ended)
    return "  ~" + Quantity.age(from: now, to: now.advanced(bySeconds: left / 1000))
  }
}
