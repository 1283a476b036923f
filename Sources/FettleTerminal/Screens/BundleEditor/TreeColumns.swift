/// The columns of the bundle tree for a width.
struct TreeColumns {
  let nameWidth: Int
  let valueWidth: Int
  let expectationWidth: Int

  /// Cursor and mark.
  private static let lead = 3
  private static let kindWidth = 5

  init(width: Int) {
    expectationWidth = width >= 64 ? min(30, width / 4) : 0
    nameWidth = min(34, max(10, (width - expectationWidth) * 2 / 5 - Self.lead))
    valueWidth =
      width - Self.lead - nameWidth - 1 - Self.kindWidth - 1
      - (expectationWidth > 0 ? expectationWidth + 1 : 0)
  }

  var kindAt: Int { Self.lead + nameWidth + 1 }
  var valueAt: Int { kindAt + Self.kindWidth + 1 }

  /// Where a note at a depth begins.
  func indent(_ depth: Int) -> Int { Self.lead + 2 * min(depth, 8) + 2 }

  /// Draws a line of the tree.
  func draw(_ line: BundleTree.Line, _ area: Area, isCursor: Bool, into frame: inout Frame) {
    let indent = SafeText(own: String(repeating: " ", count: 2 * min(line.depth, 8)))
    if line.isNote {
      frame.put(
        indent + "  " + line.name, at: Self.lead, in: area,
        .role(line.isProblem ? .problem : line.isChanged ? .changed : .faint))
      return
    }
    let mark: SafeText = line.isProblem ? "!" : line.isChanged ? "~" : " "
    let fold: SafeText = line.isFoldable ? (line.isUnfolded ? "▾ " : "▸ ") : "  "
    let role: Role =
      line.isProblem ? .problem : line.isChanged ? .changed : line.isRoot ? .title : .plain
    let style = Style(role: role, isSelected: isCursor)
    if line.isRoot {
      // A root has no need of the columns.
      frame.put(
        (isCursor ? ">" : " ") + mark + " " + fold + line.name + " " + line.value, in: area, style,
        fill: isCursor)
      if expectationWidth > 0 {
        frame.putRight(
          line.expectation.clipped(to: expectationWidth), in: area,
          Style(role: .faint, isSelected: isCursor))
      }
      return
    }
    let name = (indent + fold + line.name).padded(to: nameWidth)
    var text = (isCursor ? ">" : " ") + mark + " " + name
    text += " " + line.kind.padded(to: Self.kindWidth)
    text += " " + line.value.padded(to: max(0, valueWidth))
    frame.put(text, in: area, style)
    guard expectationWidth > 0 else { return }
    frame.put(
      " " + line.expectation.padded(to: expectationWidth), at: valueAt + valueWidth, in: area,
      Style(role: line.isProblem ? .problem : .faint, isSelected: isCursor))
  }
}
