import FettleCore

/// What a paste would change, shown before it is done.
struct PreviewState: Equatable, Sendable {
  let draft: Draft
  let place: TreePlace
  let old: Value?
  let new: Value
  /// The JSON it was read from.
  let text: String
  var top = 0
}

extension State {
  mutating func updatePreview(_ command: Command) -> [Effect] {
    guard let shown = preview else { return [] }
    switch command {
    case .confirm:
      preview = nil
      return keep([shown.draft], seenAt: shown.place)
        + (detail.map { forgetText(.json, of: $0.record.id) } ?? [])
    case .back, .interrupt:
      preview = nil
      notice = "nothing was pasted; P offers it again"
      return keep(text(of: shown))
    default:
      let top = scrolledLines(shown.top, command, lines: previewLines.count)
      preview?.top = top
    }
    return []
  }

  /// Where a text of that many lines is scrolled to after a key.
  func scrolledLines(_ top: Int, _ command: Command, lines: Int) -> Int {
    let page = max(1, size.rows - 4)
    let wanted =
      switch command {
      case .moveDown: top + 1
      case .moveUp: top - 1
      case .pageDown: top + page
      case .pageUp: top - page
      case .moveToFirst: 0
      case .moveToLast: lines
      default: top
      }
    return max(0, min(wanted, lines - page))
  }

  /// The type before and after, and each field that differs.
  var previewLines: [CheckLine] {
    guard let preview, let detail else { return [] }
    var lines: [CheckLine] = []
    let before: SafeText = preview.old.map { $0.kind.short } ?? "nothing"
    let after = preview.new.kind.short
    let isSame = preview.old?.kind == preview.new.kind
    lines.append(
      CheckLine(
        text: isSame ? "the type stays " + after : "! the type changes: " + before + " → " + after,
        role: isSame ? .plain : .problem))
    lines.append(CheckLine(text: "", role: .plain))
    let isSecret = detail.mapped.isSecret(preview.draft)
    let changes = BundleDiff.changes(from: preview.old, to: preview.new, at: preview.draft.path)
    for change in changes.prefix(2000) {
      lines += Self.lines(
        of: change, mapped: detail.mapped, isSecret: isSecret, mask: detail.mask,
        columns: size.columns - 4)
    }
    return lines
  }

  func drawPreview(into frame: inout Frame) {
    guard let preview, let detail else { return }
    let name = preview.place.text(failer: detail.record.summary.failer)
    drawLines(
      previewLines, title: " Paste into \(name)?", top: preview.top, into: &frame)
  }

  /// A screen of lines under a title.
  func drawLines(
    _ lines: [CheckLine], title: SafeText, top: Int, into frame: inout Frame
  ) {
    frame.put(title, in: frame.area.line(0), .role(.title))
    frame.rule(in: frame.area.line(1))
    let rest = lines.count - top - max(1, size.rows - 4)
    if rest > 0 { frame.putRight(" \(rest) more ↓ ", in: frame.area.line(1), .role(.faint)) }
    for offset in 0..<max(1, size.rows - 4) {
      let index = top + offset
      guard lines.indices.contains(index) else { break }
      frame.put(lines[index].text, at: 2, in: frame.area.line(2 + offset), .role(lines[index].role))
    }
    frame.cursor = (min(2, size.rows - 1), min(2, size.columns - 1))
    drawNotice(into: &frame, frame.area.line(size.rows - 2))
    drawKeys(into: &frame, frame.area.line(size.rows - 1))
  }
}
