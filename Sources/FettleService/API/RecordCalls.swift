import FettleCore
import FettleEngine

extension API {
  /// The calls about incomplete executions.
  static let recordRoutes: [Route] = [
    Route("GET", "dlqs", .dlqsRead) { api, call throws(APIError) in try await api.list(call) },
    Route("DELETE", "dlqs", .dlqsWrite) { api, call throws(APIError) in
      try await api.delete(call)
    },
    Route("POST", "dlqs/retry", .dlqsWrite) { api, call throws(APIError) in
      try await api.retryMany(call)
    },
    Route("GET", "dlqs/:dlqId", .dlqsRead) { api, call throws(APIError) in
      let record = try await api.record(call)
      return Reply(["dlq": try await api.shown(record)], version: record.summary.version)
    },
    Route("PATCH", "dlqs/:dlqId", .dlqsWrite) { api, call throws(APIError) in
      try await api.patch(call)
    },
    Route("DELETE", "dlqs/:dlqId", .dlqsWrite) { api, call throws(APIError) in
      let (id, version) = (try call.record(), try call.expectedVersion())
      _ = try await asking { () throws(StoreError) in
        try await api.desk(call).delete(id, version: version)
      }
      return Reply(["dlq": .text(id.text)])
    },
    Route("GET", "dlqs/:dlqId/blueprint", .dlqsRead) { api, call throws(APIError) in
      let record = try await api.record(call)
      return Reply(
        [
          "code": "OK",
          "response": ["blueprint": .collection(record.blueprint.document)],
        ], version: record.summary.version)
    },
    Route("GET", "dlqs/:dlqId/bundle", .dlqsRead) { api, call throws(APIError) in
      let record = try await api.record(call)
      return Reply(
        ["code": "OK", "response": .collection(record.bundlesWithError)],
        version: record.summary.version)
    },
    Route("PATCH", "dlqs/:dlqId/bundle", .dlqsWrite) { api, call throws(APIError) in
      try await api.edit(call)
    },
    Route("GET", "dlqs/:dlqId/logs", .dlqsRead) { api, call throws(APIError) in
      try await api.logs(call)
    },
    Route("GET", "dlqs/:dlqId/logs/:logId", .dlqsRead) { api, call throws(APIError) in
      let record = try await api.record(call)
      let wanted = call.places["logId"] ?? ""
      guard
        var row = await api.log(of: record).first(where: {
          $0["id"]?.text == wanted || $0["imtId"]?.text == wanted
        })
      else { throw APIError(404, "Not found.", detail: "there is no attempt \(wanted)") }
      row["organizationId"] = Team.id
      row["instant"] = false
      return Reply(["dlqLog": .collection(row)])
    },
    Route("POST", "dlqs/:dlqId/retry", .dlqsWrite) { api, call throws(APIError) in
      try await api.retry(call)
    },
    Route("POST", "dlqs/:dlqId/resolve", .dlqsWrite) { api, call throws(APIError) in
      guard let reason = try call.body()?["reason"]?.text, !reason.isEmpty else {
        throw .parameter("reason", "is required: why the record is closed without running it")
      }
      let (id, version) = (try call.record(), try call.expectedVersion())
      let record = try await asking { () throws(StoreError) in
        try await api.desk(call).close(id, version: version, reason: reason)
      }
      return Reply(["dlq": try await api.shown(record)], version: record.summary.version)
    },
    Route("POST", "dlqs/:dlqId/check", .dlqsRead) { api, call throws(APIError) in
      let record = try await api.record(call)
      return Reply(["check": api.desk(call).check(record, bundles: record.bundles).shown])
    },
  ]

  private func record(_ call: APIRequest) async throws(APIError) -> IncompleteExecution {
    let id = try call.record()
    return try await asking { () throws(StoreError) in try await desk(call).record(id) }
  }

  private func shown(_ record: IncompleteExecution) async throws(APIError) -> Value {
    let position = try await asking { () throws(StoreError) in
      try await store.queuePosition(of: record.id)
    }
    return record.shown(queuePosition: position)
  }

  // MARK: Lists

  /// What a list shows: everything but the bin, unless told otherwise. `filter` takes what the list of
  /// the terminal takes; the other parameters narrow it.
  private func filter(
    _ call: APIRequest, states: Set<IncompleteState>, order: RecordOrder = .newest
  ) throws(APIError) -> RecordFilter {
    var filter: RecordFilter
    do throws(FilterError) {
      filter = RecordFilter(
        try FilterExpression(call.parameter("filter") ?? ""), now: runner.clock.now(),
        order: order)
    } catch { throw .parameter("filter", "does not fit: \(error.description)") }
    if filter.states.isEmpty { filter.states = states }
    if let scenario = try call.number("scenarioId", in: 1...Int.max) {
      filter.scenarios = [ScenarioID(scenario)]
    }
    if let names = call.parameter("status") {
      var states: Set<IncompleteState> = []
      for name in names.split(separator: ",") {
        guard let state = IncompleteState(rawValue: String(name)) else {
          throw .parameter(
            "status",
            "is one or more of \(IncompleteState.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        states.insert(state)
      }
      filter.states = states
    }
    if let types = call.parameter("type") {
      filter.errorTypes = Set(types.split(separator: ",").map { ErrorType(String($0)) })
    }
    filter.words += (call.parameter("text") ?? "").split(separator: " ").map(String.init)
    return filter
  }

  private func list(_ call: APIRequest) async throws(APIError) -> Reply {
    let page = try call.page(sortBy: Self.columns.keys.sorted(), standardColumn: "created")
    let order = RecordOrder(
      Self.columns[page.sortBy] ?? .created, isDescending: !page.isAscending)
    let filter = try filter(
      call, states: [.pending, .unresolved, .inProgress, .resolved], order: order)
    var rows: [IncompleteSummary] = []
    try await each(of: filter, call) { part in
      rows += part
      return rows.count < page.offset &+ page.limit
    }
    return Reply(["dlqs": .array(page.part(of: rows).map(\.listed)), "pg": page.json])
  }

  /// The columns a list is sorted by. Identity and position grow with the time of creation.
  private static let columns: [String: RecordColumn] = [
    "created": .created, "index": .created, "id": .created, "size": .size,
    "attempts": .attempts, "reason": .error, "scenarioName": .scenario, "failer": .module,
    "nextRetry": .next,
  ]

  /// Goes through the records of a filter, some hundred at a time.
  /// - Parameter body: whether to go on.
  private func each(
    of filter: RecordFilter, _ call: APIRequest, _ body: ([IncompleteSummary]) -> Bool
  ) async throws(APIError) {
    var request = PageRequest.first
    while true {
      let place = request
      let part = try await asking { () throws(StoreError) in
        try await desk(call).page(filter, place, limit: 500)
      }
      guard body(part), part.count == 500, let last = part.last else { return }
      request = .after(RecordPlace(last, filter.order))
    }
  }

  // MARK: Many at once

  private enum Choice {
    case these([RecordID])
    case all(except: Set<RecordID>)
  }

  /// Which records a call names: `ids`, or `all` and perhaps `exceptIds`.
  private func choice(_ call: APIRequest) throws(APIError) -> Choice {
    let body = try call.body() ?? [:]
    func ids(_ name: String) throws(APIError) -> [RecordID]? {
      guard let value = body[name], !value.isNull else { return nil }
      let texts = value.array?.map { $0.text ?? "" } ?? [""]
      let ids = texts.compactMap { RecordID(digits: $0) }
      guard ids.count == texts.count else {
        throw .parameter(name, "is a list of ids of 32 hexadecimal digits")
      }
      return ids
    }
    let isAll = body["all"]?.boolean == true
    let named = try ids("ids")
    guard isAll != (named != nil) else {
      throw .parameter("ids", "or \"all\":true is required, and not both")
    }
    if let named { return .these(named) }
    return .all(except: Set(try ids("exceptIds") ?? []))
  }

  /// The records a call names. With `scenarioId` all named ones must be of that scenario
  /// (semantics 5.7).
  private func chosen(
    _ choice: Choice, _ call: APIRequest, states: Set<IncompleteState>
  ) async throws(APIError) -> [RecordID] {
    switch choice {
    case .all(let except):
      var ids: [RecordID] = []
      // Oldest first: the order they are worked off in.
      let oldest = RecordOrder(.created, isDescending: false)
      try await each(of: try filter(call, states: states, order: oldest), call) { part in
        ids += part.map(\.id).filter { !except.contains($0) }
        return true
      }
      return ids
    case .these(let ids):
      let scenario = try call.number("scenarioId", in: 1...Int.max)
      for id in ids {
        let record = try await asking { () throws(StoreError) in try await store.record(id) }
        if let scenario, record.summary.scenarioID != ScenarioID(scenario) {
          throw .parameter("ids", "are all of scenario \(scenario); \(id.text) is not")
        }
      }
      return ids
    }
  }

  private func delete(_ call: APIRequest) async throws(APIError) -> Reply {
    let choice = try choice(call)
    if case .all = choice, try !call.flag("confirmed") {
      throw APIError(
        406, "Confirmation required.", code: "IM004",
        detail: "every record would be deleted; add confirmed=true")
    }
    let ids = try await chosen(choice, call, states: [.pending, .unresolved, .resolved])
    var deleted: [Value] = []
    var refused: [String] = []
    for id in ids {
      do throws(StoreError) {
        _ = try await desk(call).delete(id, version: nil)
        deleted.append(.text(id.text))
      } catch {
        // Not all or nothing, as in Make: what can be deleted is (semantics 5.7).
        guard case .refused(let move) = error else { throw APIError(error) }
        refused.append("\(id.text): \(move)")
      }
    }
    guard refused.isEmpty else {
      throw APIError(
        409,
        "Some of the executions could not be deleted because they are being processed right now",
        detail: "\(deleted.count) were deleted", suberrors: refused)
    }
    return Reply(["dlqs": .array(deleted)])
  }

  private func retryMany(_ call: APIRequest) async throws(APIError) -> Reply {
    let choice = try choice(call)
    let ids = try await chosen(choice, call, states: [.pending, .unresolved])
    let now = runner.clock.now()
    var queued: [RecordID] = []
    if !ids.isEmpty {
      do throws(StoreError) {
        queued = try await store.requestRetries(
          of: ids, by: call.author, at: now, output: nil, sendAgain: false)
      } catch {
        // Of all there are, one that somebody else has begun with meanwhile is none to refuse for.
        switch (choice, error) {
        case (.all, .refused), (.all, .inDoubt): break
        default: throw APIError(error)
        }
      }
    }
    await retries.call()
    return Reply(["dlqs": .array(queued.map { .text($0.text) })])
  }

  // MARK: One

  private func retry(_ call: APIRequest) async throws(APIError) -> Reply {
    let id = try call.record()
    let body = try call.body() ?? [:]
    if let output = body["output"], !output.isNull, output.collection == nil {
      throw .parameter("output", "is an object: what the failed module gave")
    }
    if let version = try call.expectedVersion() {
      let current = try await record(call).summary.version
      if version != current { throw APIError(.changedMeanwhile(currentVersion: current)) }
    }
    let now = runner.clock.now()
    _ = try await asking { () throws(StoreError) in
      try await store.requestRetries(
        of: [id], by: call.author, at: now, output: body["output"]?.collection,
        sendAgain: body["sendAgain"]?.boolean == true)
    }
    let position = try await asking { () throws(StoreError) in
      try await store.queuePosition(of: id)
    }
    await retries.call()
    return Reply([
      "dlq": .text(id.text), "queuePosition": position.map(Value.integer) ?? .null,
    ])
  }

  private func patch(_ call: APIRequest) async throws(APIError) -> Reply {
    let id = try call.record()
    let body = try call.body() ?? [:]
    let version = try call.expectedVersion()
    var failer: ModuleID?
    if let value = body["failer"], !value.isNull {
      guard let number = Coercion.number(value)?.integer, number >= 1 else {
        throw .parameter("failer", "is the number of a module")
      }
      failer = ModuleID(number)
    }
    let record = try await record(call)
    var blueprint = record.blueprint
    if let written = body["blueprint"], !written.isNull {
      do {
        blueprint = try Blueprint(
          json: written.text.map { Array($0.utf8) } ?? JSONWriter.bytes(written))
      } catch { throw .parameter("blueprint", "is the JSON of a blueprint: \(error)") }
    }
    if body["blueprint"]?.isNull ?? true, failer == nil {
      throw .parameter("blueprint", "or failer is required")
    }
    let (changed, place) = (blueprint, failer)
    do throws(StoreError) {
      _ = try await desk(call).replaceBlueprint(
        of: id, with: changed, failer: place, version: version)
    } catch .failed(let why) { throw APIError(400, "That does not fit.", detail: why) } catch {
      throw APIError(error)
    }
    let after = try await self.record(call)
    return Reply(
      [
        "dlq": [
          "failer": .integer(after.summary.failer.number),
          "blueprint": .collection(after.blueprint.document),
        ]
      ], version: after.summary.version)
  }

  /// `{"version":3,"edits":[{"path":"1.email","value":"ada@example.org"},{"path":"1.note","remove":true}]}`.
  private func edit(_ call: APIRequest) async throws(APIError) -> Reply {
    let id = try call.record()
    let body = try call.body() ?? [:]
    let named = body["version"].flatMap(Coercion.number)?.integer
    guard let version = try call.expectedVersion() ?? named else {
      throw .parameter("version", "is required: that of the record as you have seen it")
    }
    guard let wanted = body["edits"]?.array, !wanted.isEmpty else {
      throw .parameter("edits", "is a list of {\"path\",\"value\"} or {\"path\",\"remove\":true}")
    }
    var bundles = try await record(call).editable
    var edits: [BundleEdit] = []
    for (index, entry) in wanted.enumerated() {
      let place = "edits[\(index)]"
      guard let fields = entry.collection, let text = fields["path"]?.text else {
        throw .parameter(place, "has a \"path\", such as 1.customer.email")
      }
      let removes = fields["remove"]?.boolean == true
      guard removes != (fields["value"] != nil) else {
        throw .parameter(place, "has a \"value\", or \"remove\":true")
      }
      do {
        let path = try ValuePath(parsing: text)
        edits.append(
          try desk(call).edit(removes ? nil : fields["value"], at: path, of: &bundles))
      } catch { throw .parameter(place, "does not fit: \(error)") }
    }
    let made = edits
    let after = try await asking { () throws(StoreError) in
      try await desk(call).append(made, to: id, version: version)
    }
    return Reply(
      [
        "code": "OK", "response": .collection(try await record(call).bundlesWithError),
        "version": .integer(after),
      ],
      version: after)
  }

  private func log(of record: IncompleteExecution) async -> [Collection] {
    var executions: [String: ExecutionRow] = [:]
    for attempt in record.attempts where !attempt.executionID.isEmpty {
      // The history is cut sooner than records are.
      executions[attempt.executionID] = try? await store.execution(attempt.executionID)
    }
    return record.log(executions)
  }

  private func logs(_ call: APIRequest) async throws(APIError) -> Reply {
    let page = try call.page(sortBy: ["imtId", "timestamp"])
    let (status, from, to) = (
      try call.number("status", in: 1...3), try call.number("from", in: 0...Int.max),
      try call.number("to", in: 0...Int.max)
    )
    let record = try await record(call)
    var rows = await log(of: record).filter { row in
      guard case .date(let date)? = row["timestamp"] else { return false }
      return (status == nil || row["status"]?.number?.integer == status)
        && (from.map { date.milliseconds >= Int64($0) } ?? true)
        && (to.map { date.milliseconds <= Int64($0) } ?? true)
    }
    if page.isAscending { rows.reverse() }
    return Reply(["dlqLogs": .array(page.part(of: rows).map(Value.collection)), "pg": page.json])
  }
}
