import FettleCore
import FettleEngine

@testable import FettleTerminal

/// What the screens beside the list show on the same bad day.
extension Fixtures {
  static func scenarios() -> [ScenariosState.Row] {
    func row(
      _ number: Int, _ name: String, isActive: Bool, open: Int, bytes: Int,
      isSequential: Bool = false,
      problem: String? = nil, blocking: RecordID? = nil
    ) -> ScenariosState.Row {
      var state = ScenarioState()
      state.isActive = isActive
      state.problem = problem
      state.nextRun = isActive ? now.advanced(bySeconds: 900) : nil
      state.lastRun = now.advanced(bySeconds: -number * 600)
      return ScenariosState.Row(
        scenario: ScenarioRow(
          id: ScenarioID(number), name: name, state: state, openRecords: open, openBytes: bytes,
          runsUntil: nil, isSequential: isSequential), blocking: blocking)
    }
    return [
      row(1, "Orders to Workfront", isActive: true, open: 1284, bytes: 9_100_000),
      row(
        2, "Invoices sync", isActive: true, open: 37, bytes: 410_000, isSequential: true,
        blocking: RecordID("b71e0c44000000000000000000000000")),
      row(3, "Leads nightly", isActive: false, open: 0, bytes: 0, problem: "3 errors in a row"),
    ]
  }

  static func runs() throws -> [OpenedRun] {
    func execution(
      _ id: String, _ status: ExecutionStatus, stored: Int, retryOf: RecordID? = nil
    ) -> ExecutionRow {
      var summary = ExecutionSummary(
        id: id, scenario: ScenarioID(1), origin: .scheduled, retryOf: retryOf,
        started: now.advanced(bySeconds: -300))
      summary.status = status
      summary.ended = status == .running ? nil : now.advanced(bySeconds: -299)
      summary.operations = 7
      if status == .error {
        summary.error = ModuleError(.invalidAccessToken, "the token was revoked")
        summary.failedModule = 4
      }
      return ExecutionRow(
        summary: summary, scenarioName: "Orders to Workfront", storedCount: stored,
        number: Int(id.prefix(5)) ?? 0)
    }
    let blueprint = try blueprint(router)
    func entry(_ number: Int, _ module: ModuleID, _ step: JournalEntry.Step) -> JournalEntry {
      JournalEntry(
        number: number, module: module, date: now.advanced(bySeconds: number - 300), step: step)
    }
    let entries = [
      entry(
        1, 2,
        .finished(
          input: ["json": "{}"], output: OperationOutput([["total": 120], ["total": 80]]))),
      entry(
        2, 4, .finished(input: ["total": 120], output: OperationOutput([["row": 17]]))),
      entry(
        3, 5,
        .failed(
          input: ["name": "Ada", "email": .null],
          error: ModuleError(.data, "\"email\" is required and is empty"))),
      entry(4, 7, .finished(input: ["to": "x"], output: OperationOutput([["sent": true]]))),
    ]
    return [
      OpenedRun(
        row: execution("88131f00", .running, stored: 0), blueprint: blueprint, entries: entries),
      OpenedRun(
        row: execution("88120fab", .warning, stored: 1), blueprint: blueprint, entries: entries),
      OpenedRun(
        row: execution("88119a00", .error, stored: 0, retryOf: RecordID("3f2a9c")),
        blueprint: blueprint, entries: []),
    ]
  }

  static func audit() -> [AuditTrailState.Row] {
    func row(
      _ minutes: Int, _ author: SafeText, _ action: SafeText, place: SafeText = "",
      old: SafeText = "", new: SafeText = "", note: SafeText = ""
    ) -> AuditTrailState.Row {
      let date = now.advanced(bySeconds: -minutes * 60)
      return AuditTrailState.Row(
        place: AuditPlace(
          key: .number(date.milliseconds), date: date,
          position: AuditEntry.Position(record: 1, number: Int64(20 - minutes))),
        date: date, record: RecordID("3f2a9c01"), author: author, action: action, field: place,
        old: old, new: new, note: note)
    }
    return [
      row(1, "grace", "closed", note: "done by hand"),
      row(2, "ada", "edited", place: "1.email", old: "null", new: "text \"ada@example.org\""),
      row(9, "ada", "edited", place: "1.token", old: "••••", new: "••••"),
      row(12, "fettle", "failed again"),
    ]
  }
}
