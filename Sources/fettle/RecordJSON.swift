import FettleCore

extension IncompleteSummary {
  /// The record with the field names of Make's interface (semantics 1.4), and what Fettle adds.
  var json: Collection {
    [
      "id": .text(id.text), "scenarioId": .integer(scenarioID.number),
      "scenarioName": .text(scenarioName), "reason": .text(reason), "created": .date(created),
      "size": .integer(size), "resolved": .boolean(state == .resolved),
      "deleted": .boolean(state == .deleted), "retry": .boolean(retry),
      "attempts": .integer(attempts), "index": .integer(index),
      "executionId": .text(executionID), "failer": .integer(failer.number),
      "errorType": .text(errorType.rawValue), "status": .text(state.rawValue),
      "nextRetry": nextRetry.map(Value.date) ?? .null, "failerName": .text(failerTitle),
      "version": .integer(version), "seal": seal.word.map(Value.text) ?? .null,
    ]
  }
}

extension IncompleteExecution {
  /// The record with everything it holds.
  var json: Collection {
    var fields = summary.json
    fields["error"] = error.value
    // What is sent again only on an explicit word: a script has to know without reading the reason.
    fields["inDoubt"] = .boolean(error.stage == .inDoubt)
    fields["bundle"] = .collection(bundlesWithError)
    fields["mappedInput"] = mappedInput
    let variables = currentVariables
    fields["variables"] = [
      "roundtrip": .collection(variables.cycle), "execution": .collection(variables.execution),
    ]
    fields["edits"] = .array(
      edits.map { edit in
        [
          "path": .text(edit.path.description), "old": edit.old ?? .null, "new": edit.new ?? .null,
          "author": .text(edit.author), "date": .date(edit.date),
        ]
      })
    fields["log"] = .array(attempts.map { .collection($0.json) })
    fields["closingReason"] = closingReason.map(Value.text) ?? .null
    fields["predecessor"] = predecessor.map { .text($0.text) } ?? .null
    fields["successor"] = successor.map { .text($0.text) } ?? .null
    fields["blueprint"] = .collection(blueprint.document)
    return fields
  }
}

extension Attempt {
  /// The retry.
  var json: Collection {
    var fields: Collection = [
      "number": .integer(number), "trigger": .text(trigger.rawValue),
      "executionId": .text(executionID), "started": .date(started), "ended": .date(ended),
      "status": .text(outcome.word),
    ]
    switch outcome {
    case .resolved, .interrupted: break
    case .failed(let error): fields["error"] = error.value
    case .failedElsewhere(let error, let module, let record):
      fields["error"] = error.value
      fields["failer"] = .integer(module.number)
      fields["record"] = record.map { .text($0.text) } ?? .null
    }
    return fields
  }
}
