import FettleCore

/// The way to the failed module in one line: `1 Webhook✓ › 3 Router◇ › [5 Create task FAILED✗] › 6·`.
struct ChainSummary: Hashable, Sendable {
  private struct Part: Hashable {
    let text: SafeText
    let role: Role
  }

  private var parts: [Part] = []
  private var failed = 0

  init(_ record: IncompleteExecution) {
    let blueprint = record.blueprint
    guard let path = blueprint.path(to: record.summary.failer) else {
      parts = [
        Part(
          text: "[\(record.summary.failer.number) \(record.summary.failerTitle) FAILED✗]",
          role: .failed)
      ]
      return
    }
    for step in path {
      // What stands before the module in its own flow has been passed on the way.
      let mark = ModuleMark(step.module, in: record)
      if step.module.id == record.summary.failer {
        failed = parts.count
        parts.append(
          Part(
            text: "[\(step.module.id.number) \(step.module.title) " + mark.word + mark.glyph + "]",
            role: mark.role))
      } else {
        parts.append(
          Part(
            text: "\(step.module.id.number) \(step.module.title)" + mark.glyph, role: mark.role))
      }
    }
    if let last = path.last {
      for module in last.flow.dropFirst(last.position + 1) {
        parts.append(
          Part(
            text: "\(module.id.number) \(module.title)" + ModuleMark(module, in: record).glyph,
            role: .faint))
      }
    }
  }

  /// Draws it so that the failed module is always to be seen; what does not fit leaves at the front.
  func draw(into frame: inout Frame, _ line: Area) {
    var first = 0
    func width(_ from: Int, _ to: Int) -> Int {
      parts[from...to].reduce((to - from) * 3) {
        $0 + (frame.isASCII ? $1.text.ascii : $1.text).width
      }
    }
    guard parts.indices.contains(failed) else { return }
    while first < failed, width(first, failed) + (first > 0 ? 4 : 0) > line.columns { first += 1 }
    var column = 0
    if first > 0 {
      frame.put("… › ", in: line, .role(.faint))
      column = 4
    }
    for index in first..<parts.count {
      if index > first {
        frame.put(" › ", at: column, in: line, .role(.faint))
        column += 3
      }
      guard column < line.columns else { return }
      let end = frame.put(parts[index].text, at: column, in: line, .role(parts[index].role))
      column = max(column + 1, end - line.column)
    }
  }
}
