public import FettleCore

/// Text for people outside the full screen: what a command prints. It passes the same sanitiser as
/// everything on the screen.
public enum PlainText {
  /// A line of text from outside, safe for any terminal.
  public static func line(_ outside: String, ascii: Bool) -> String {
    let text = SafeText(outside, limit: .max)
    return (ascii ? text.ascii : text).text
  }

  /// The chain of a record's blueprint, a line a module, the failed one marked.
  public static func chain(_ record: IncompleteExecution, ascii: Bool) -> [String] {
    ChainDiagram(record, isSpaced: false).lines.map { line in
      let note: SafeText = line.note.isEmpty ? "" : "   " + line.note
      let text = line.prefix + line.text + note
      return (ascii ? text.ascii : text).text
    }
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
