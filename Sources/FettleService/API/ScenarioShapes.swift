import FettleCore
import FettleEngine

extension ScenarioRow {
  /// The scenario (semantics 1.2), with the fields of Make's interface.
  func shown(hook: Hook?, now: Instant) -> Value {
    [
      "id": .integer(id.number), "name": .text(name), "teamId": Team.id, "description": "",
      "hookId": hook.map { .integer($0.id.number) } ?? .null, "folderId": .null,
      "isActive": .boolean(state.isActive),
      "isinvalid": .boolean(state.problem != nil && !state.isPaused),
      "islinked": .boolean(state.isActive), "isPaused": .boolean(state.isPaused),
      "islocked": .boolean(runsUntil.map { $0 >= now } ?? false),
      "iswaiting": .boolean(isWaiting), "dlqCount": .integer(openRecords),
      "nextExec": state.nextRun.map(Value.date) ?? .null,
      "scheduling": state.schedule.map { .collection($0.document) } ?? .null,
      // Beyond Make.
      "problem": state.problem.map(Value.text) ?? .null, "dlqBytes": .integer(openBytes),
      "consecutiveErrors": .integer(state.consecutiveErrors),
      "lost": .integer(lost?.count ?? 0),
    ]
  }
}

extension ExecutionRow {
  /// The execution as a log row (semantics 1.3).
  var logged: Value {
    let summary = self.summary
    let type = summary.origin == .manual || summary.origin == .retry ? "manual" : "auto"
    let scope =
      summary.retryOf.map { "dlq.\($0.text)" } ?? "scenario.\(summary.scenario)"
    return [
      "imtId": .text("\(summary.started.milliseconds)_\(scope).\(type).\(summary.id)"),
      "id": .text(summary.id), "type": .text(type), "status": .integer(summary.status.number),
      "duration": summary.ended.map {
        .integer(Int($0.milliseconds - summary.started.milliseconds))
      } ?? .null,
      "operations": .integer(summary.operations), "centicredits": 0,
      "transfer": .integer(transferred),
      "teamId": Team.id, "authorId": .null,
      "instant": .boolean(summary.origin == .instant), "timestamp": .date(summary.started),
      "error": summary.errorShown,
      // Beyond Make.
      "origin": .text(summary.origin.rawValue), "stored": .integer(storedCount),
      "retryOf": summary.retryOf.map { .text($0.text) } ?? .null,
      "name": summary.name.map(Value.text) ?? .null,
      "calledBy": summary.caller.map(Value.text) ?? .null,
    ]
  }
}

extension ExecutionSummary {
  /// The failure that ended it.
  var errorShown: Value {
    guard let error else { return .null }
    return [
      "name": .text(error.type.rawValue), "message": .text(error.message),
      "causeModule": failedModule.map { ["id": .integer($0.number)] } ?? .null,
    ]
  }
}

extension ExecutionStatus {
  /// As numbers of Make's interface say it.
  var number: Int {
    switch self {
    case .running: 0
    case .success: 1
    case .warning: 2
    case .error: 3
    }
  }
}
