public import FettleCore
public import FettleEngine

/// Text for people outside the full screen: what a command prints. It passes the same sanitiser as
/// everything on the screen.
public enum PlainText {
  /// A line of text from outside, safe for any terminal.
  public static func line(_ outside: String, ascii: Bool) -> String {
    let text = SafeText(outside, limit: .max)
    return (ascii ? text.ascii : text).text
  }

  /// A text in a cell of a table: exactly that many columns, as they are drawn.
  public static func cell(_ outside: String, columns: Int, ascii: Bool) -> String {
    let text = SafeText.drawing(inASCII: ascii) { SafeText(outside).padded(to: columns) }
    return (ascii ? text.ascii : text).text
  }

  /// A text, and `^` beneath a stretch of its characters. Where the text is long, what of it stands
  /// around that stretch.
  public static func pointing(at range: Range<Int>, in text: String, ascii: Bool) -> [String] {
    let characters = Array(text)
    let start = min(range.lowerBound, characters.count)
    let end = max(start, min(range.upperBound, characters.count))
    func shown(_ part: ArraySlice<Character>, _ clip: (SafeText) -> SafeText) -> SafeText {
      let safe = clip(SafeText(String(part), limit: .max))
      return ascii ? safe.ascii : safe
    }
    // Each `^` is to stand in the same line of a terminal as what it is about.
    let before = shown(characters[..<start]) { $0.clippedInFront(to: 36) }
    let meant = shown(characters[start..<end]) { $0.clipped(to: 36) }
    let behind = shown(characters[end...]) { $0.clipped(to: 72 - before.width - meant.width) }
    return [
      (before + meant + behind).text,
      String(repeating: " ", count: before.width)
        + String(repeating: "^", count: max(1, meant.width)),
    ]
  }

  /// The chain of a record's blueprint, a line a module, the failed one marked.
  public static func chain(_ record: IncompleteExecution, ascii: Bool) -> [String] {
    ChainDiagram(record, isSpaced: false).lines.map { line in
      let note: SafeText = line.note.isEmpty ? "" : "   " + line.note
      let text = line.prefix + line.text + note
      return (ascii ? text.ascii : text).text
    }
  }

  /// The same, with what the last retry ran behind the failed module, as the full screen draws it.
  public static func chain(
    _ record: IncompleteExecution, _ desk: OperatorDesk, ascii: Bool
  ) async -> [String] {
    var opened = OpenedRecord(
      record: record, descriptor: nil, check: desk.check(record, bundles: record.bundles))
    opened.retryVisits = await RecordEffect.retryVisits(of: record, desk)
    return chain(opened.drawn, ascii: ascii)
  }

  /// The chain of a blueprint nothing has happened to.
  public static func chain(_ blueprint: Blueprint, ascii: Bool) -> [String] {
    let untouched = IncompleteExecution(
      summary: IncompleteSummary(
        id: RecordID(""), scenarioID: ScenarioID(0), scenarioName: blueprint.name, index: 0,
        executionID: "", failer: ModuleID(0), failerTitle: "", errorType: ErrorType(""),
        reason: "", created: Instant(milliseconds: 0), size: 0, state: .unresolved,
        nextRetry: nil),
      error: ModuleError(ErrorType(""), ""), blueprint: blueprint,
      originalBundles: VisibleBundles(), mappedInput: .null, variables: Variables(),
      continuation: [], visits: [], schedule: RetrySchedule(pauses: []))
    return chain(untouched, ascii: ascii).map { $0.replacing("   not run", with: "") }
  }
}
