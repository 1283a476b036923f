import FettleCore
import FettleEngine

/// Fettle has one team; Make's clients want to know its number.
enum Team {
  static let id = Value.integer(1)
  static let name = Value.text("Fettle")
}

extension IncompleteSummary {
  /// The record in a list (semantics 9), and behind it what Fettle adds.
  var listed: Value {
    [
      "id": .text(id.text), "reason": .text(reason), "created": .date(created),
      "size": .integer(size), "resolved": .boolean(state == .resolved),
      "deleted": .boolean(state == .deleted), "retry": .boolean(retry),
      "attempts": .integer(attempts),
      // Beyond Make.
      "scenarioId": .integer(scenarioID.number), "scenarioName": .text(scenarioName),
      "index": .integer(index), "failer": .integer(failer.number),
      "failerName": .text(failerTitle), "errorType": .text(errorType.rawValue),
      "status": .text(state.rawValue), "nextRetry": nextRetry.map(Value.date) ?? .null,
      "version": .integer(version),
    ]
  }
}

extension IncompleteExecution {
  /// The record alone (semantics 9), and behind it what Fettle adds.
  func shown(queuePosition: Int?) -> Value {
    let summary = self.summary
    return [
      "id": .text(id.text), "scenarioId": .integer(summary.scenarioID.number),
      "scenarioName": .text(summary.scenarioName), "companyId": Team.id,
      "companyName": Team.name, "resolved": .boolean(summary.state == .resolved),
      "deleted": .boolean(summary.state == .deleted), "index": .integer(summary.index),
      "created": .date(summary.created), "executionId": .text(summary.executionID),
      "retry": .boolean(summary.retry), "attempts": .integer(summary.attempts),
      "size": .integer(summary.size),
      // Beyond Make.
      "reason": .text(summary.reason), "failer": .integer(summary.failer.number),
      "failerName": .text(summary.failerTitle), "error": error.value,
      "status": .text(summary.state.rawValue),
      "nextRetry": summary.nextRetry.map(Value.date) ?? .null,
      "version": .integer(summary.version),
      "inDoubt": .boolean(error.stage == .inDoubt),
      "queuePosition": queuePosition.map(Value.integer) ?? .null,
      "lastAttempt": attempts.last?.outcomeShown ?? .null,
      "closingReason": closingReason.map(Value.text) ?? .null,
      "predecessor": predecessor.map { .text($0.text) } ?? .null,
      "successor": successor.map { .text($0.text) } ?? .null,
    ]
  }

  /// The retries as log rows, newest first (semantics 1.6).
  /// - Parameter executions: what the history still knows of them, by their identities.
  func log(_ executions: [String: ExecutionRow]) -> [Collection] {
    attempts.reversed().map { attempt in
      var row = Collection([
        (
          "imtId",
          .text("\(attempt.started.milliseconds)_dlq.\(id.text).manual.\(attempt.executionID)")
        ), ("id", .text(attempt.executionID)),
        ("type", .text(attempt.trigger == .auto ? "auto" : "manual")),
        ("status", .integer(attempt.outcome.status)),
        ("duration", .integer(Int(attempt.ended.milliseconds - attempt.started.milliseconds))),
        ("operations", .integer(executions[attempt.executionID]?.summary.operations ?? 0)),
        ("centicredits", 0),
        ("transfer", .integer(executions[attempt.executionID]?.transferred ?? 0)),
        ("teamId", Team.id),
        ("authorId", .null), ("timestamp", .date(attempt.started)),
        // Beyond Make.
        ("number", .integer(attempt.number)), ("trigger", .text(attempt.trigger.rawValue)),
      ])
      for field in attempt.outcomeShown.collection?.fields ?? [] { row[field.name] = field.value }
      return row
    }
  }
}

extension Attempt {
  /// What came of the retry.
  var outcomeShown: Value {
    var fields: Collection = ["outcome": .text(outcome.word), "ended": .date(ended)]
    switch outcome {
    case .resolved, .interrupted: break
    case .failed(let error): fields["error"] = error.value
    case .failedElsewhere(let error, let module, let record):
      fields["error"] = error.value
      fields["failer"] = .integer(module.number)
      fields["successor"] = record.map { .text($0.text) } ?? .null
    }
    return .collection(fields)
  }
}

extension Attempt.Outcome {
  /// The status of its execution (semantics 1.3).
  var status: Int {
    switch self {
    case .resolved: 1
    case .failedElsewhere, .interrupted: 2
    case .failed: 3
    }
  }
}

extension ResumeCheck {
  /// What a resume would do.
  var shown: Value {
    [
      "input": input.map(Value.collection) ?? .null,
      "problems": .array(
        problems.map {
          ["field": $0.field.map(Value.text) ?? .null, "message": .text($0.message)]
        }),
      "willRun": .array(willRun.map { .integer($0.number) }),
      "notRepeated": .array(notRepeated.map { .integer($0.number) }),
      "owed": .array(
        owed.map { owed in
          [
            "module": .integer(owed.module.number), "bundles": .integer(owed.count),
            "willRun": .array(owed.willRun.map { .integer($0.number) }),
          ]
        }),
      "filters": .array(
        filters.map { filter in
          let answer =
            switch filter.answer {
            case .passes: "passes"
            case .stops: "stops"
            case .depends: "depends"
            case .fails(let why): "fails: \(why)"
            }
          return [
            "module": .integer(filter.module.number), "filter": .text(filter.text),
            "answer": .text(answer),
          ]
        }),
      "effects": .array(
        effects.map {
          [
            "module": .integer($0.module.number), "effect": .text($0.effect.rawValue),
            "mayHaveHappened": .boolean($0.mayHaveHappened),
          ]
        }),
    ]
  }
}
