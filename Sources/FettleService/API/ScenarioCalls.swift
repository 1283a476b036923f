import FettleCore
import FettleEngine

extension API {
  /// The calls about scenarios and what they did.
  static let scenarioRoutes: [Route] = [
    Route("GET", "scenarios", .scenariosRead) { api, call throws(APIError) in
      let page = try call.page(sortBy: ["name", "id"])
      let now = api.runner.clock.now()
      var rows = try await asking { () throws(StoreError) in try await api.store.scenarios() }
      let hooks = try await api.hooksByScenario()
      if page.sortBy == "id" { rows.sort { $0.id.number < $1.id.number } }
      // By name they come in order; only who asks for the other way gets it.
      if call.parameter("pg[sortDir]")?.lowercased() == "desc" { rows.reverse() }
      return Reply([
        "scenarios": .array(
          page.part(of: rows).map { $0.shown(hook: hooks[$0.id], now: now) }),
        "pg": page.json,
      ])
    },
    Route("GET", "scenarios/:scenarioId", .scenariosRead) { api, call throws(APIError) in
      let row = try await api.scenario(call)
      let hook = try await api.hooksByScenario()[row.id]
      return Reply(["scenario": row.shown(hook: hook, now: api.runner.clock.now())])
    },
    Route("GET", "scenarios/:scenarioId/blueprint", .scenariosRead) { api, call throws(APIError) in
      let row = try await api.scenario(call)
      let version = try call.number("blueprintId", in: 1...Int.max)
      // As in Make, who names a version does not ask for the draft.
      if version == nil, try call.flag("draft") {
        throw APIError(404, "Not found.", detail: "no drafts are kept; leave draft out")
      }
      let blueprint = try await api.blueprint(of: row, version: version)
      return Reply([
        "code": "OK",
        "response": [
          "blueprint": .collection(blueprint.document),
          "scheduling": row.state.schedule.map { .collection($0.document) } ?? .null,
          "idSequence": .integer((blueprint.allModules.map(\.id.number).max() ?? 0) + 1),
        ],
      ])
    },
    Route("GET", "scenarios/:scenarioId/blueprints", .scenariosRead) {
      api, call throws(APIError) in
      let id = try call.scenario()
      let page = try call.page(sortBy: ["version", "created"])
      var versions = try await asking { () throws(StoreError) in
        try await api.store.blueprintVersions(of: id)
      }
      if page.isAscending { versions.reverse() }
      let shown = page.part(of: versions).map { version -> Value in
        [
          "version": .integer(version.number), "created": .date(version.created),
          "scenarioId": .integer(id.number), "draft": false,
        ]
      }
      return Reply(["scenariosBlueprints": .array(shown), "pg": page.json])
    },
    Route("POST", "scenarios/:scenarioId/run", .scenariosRun) { api, call throws(APIError) in
      try await api.run(call)
    },
    Route("POST", "scenarios/:scenarioId/start", .scenariosWrite) { api, call throws(APIError) in
      let row = try await api.scenario(call)
      let blueprint = try await api.blueprint(of: row)
      try await asking { () throws(StoreError) in
        _ = try await api.store.attach(blueprint, to: row.id)
        try await api.runner.activate(row.id)
      }
      await api.intake.call(row.id)
      return Reply(["scenario": ["id": .integer(row.id.number), "isActive": true]])
    },
    Route("POST", "scenarios/:scenarioId/stop", .scenariosWrite) { api, call throws(APIError) in
      let row = try await api.scenario(call)
      try await asking { () throws(StoreError) in try await api.runner.deactivate(row.id) }
      return Reply(["scenario": ["id": .integer(row.id.number), "isActive": false]])
    },
    Route("GET", "scenarios/:scenarioId/logs", .scenariosRead) { api, call throws(APIError) in
      let (rows, page) = try await api.executions(call)
      return Reply(["scenarioLogs": .array(rows.map(\.logged)), "pg": page.json])
    },
    Route("GET", "scenarios/:scenarioId/logs/:executionId", .scenariosRead) {
      api, call throws(APIError) in
      var fields = try await api.execution(call).logged.collection ?? [:]
      fields["organizationId"] = Team.id
      return Reply(["scenarioLog": .collection(fields)])
    },
    Route("GET", "scenarios/:scenarioId/executions", .scenariosRead) {
      api, call throws(APIError) in
      let (rows, page) = try await api.executions(call)
      return Reply(["executions": .array(rows.map(\.executed)), "pg": page.json])
    },
    Route("GET", "scenarios/:scenarioId/executions/:executionId", .scenariosRead) {
      api, call throws(APIError) in
      let most = try call.number("maxBytes", in: 1...Int.max)
      let shown = try await api.execution(call).executed
      if let most, JSONWriter.bytes(shown).count > most {
        throw APIError(413, "The execution is larger than maxBytes.")
      }
      return Reply(shown)
    },
  ]

  private func scenario(_ call: APIRequest) async throws(APIError) -> ScenarioRow {
    let id = try call.scenario()
    return try await asking { () throws(StoreError) in try await store.scenario(id) }
  }

  /// - Parameter version: which one it had; nil is that of today.
  private func blueprint(
    of row: ScenarioRow, version: Int? = nil
  ) async throws(APIError) -> Blueprint {
    if let version {
      return try await asking { () throws(StoreError) in
        try await store.blueprint(of: row.id, version: version)
      }
    }
    let found = try await asking { () throws(StoreError) in try await store.blueprint(of: row.id) }
    guard let found else {
      throw APIError(404, "Not found.", detail: "no blueprint of \(row.name) is kept")
    }
    return found
  }

  func hooksByScenario() async throws(APIError) -> [ScenarioID: Hook] {
    let rows = try await asking { () throws(StoreError) in try await store.hooks() }
    return Dictionary(
      rows.compactMap { row in row.hook.scenario.map { ($0, row.hook) } },
      uniquingKeysWith: { first, _ in first })
  }

  private func run(_ call: APIRequest) async throws(APIError) -> Reply {
    let row = try await scenario(call)
    let body = try call.body() ?? [:]
    let address = body["callbackUrl"].flatMap { $0.isNull ? nil : $0 }
    guard address == nil || address?.text.map(Self.canBeCalled) == true else {
      throw .parameter("callbackUrl", "is an address that begins with http:// or https://")
    }
    var given: [Bundle]?
    switch body["data"] {
    case nil, .null?: break
    case .collection(let fields)?: given = [fields]
    default: throw .parameter("data", "is an object: what the trigger would have received")
    }
    let blueprint = try await blueprint(of: row)
    let problems = blueprint.problems(
      ofInputs: given?.first ?? [:], timeZone: row.state.timeZone ?? runner.timeZone)
    guard problems.isEmpty else {
      throw .parameter("data", "does not fit: \(problems.joined(separator: "; "))")
    }
    let input = given
    let begun = try await asking { () throws(StoreError) in
      try await runner.begin(blueprint, given: input, callBack: address?.text)
    }
    // Whoever wants to be told is told at once; should that not come about, whoever looks next does it.
    let ended = { @Sendable [callBacks] in
      do throws(StoreError) { try await callBacks.call() } catch { return }
    }
    await errands.add(begun, then: address == nil ? nil : ended)
    guard body["responsive"]?.boolean == true else {
      return Reply(["executionId": .text(begun.execution.id)])
    }
    switch await begun.end.value {
    case .success(let summary):
      return Reply([
        "executionId": .text(summary.id), "status": .integer(summary.status.number),
        "outputs": summary.returned.map(Value.collection) ?? .null, "error": summary.errorShown,
      ])
    case .failure(let error): throw APIError(error)
    }
  }

  private static func canBeCalled(_ url: String) -> Bool {
    ["http://", "https://"].contains {
      url.lowercased().hasPrefix($0) && url.utf8.count > $0.utf8.count
    }
      && !url.unicodeScalars.contains { $0.value <= 0x20 || $0.value == 0x7F }
  }

  /// The executions a call asks for, newest first. Where it asks for some kind of them, the newest ten
  /// thousand are looked at.
  private func executions(_ call: APIRequest) async throws(APIError) -> ([ExecutionRow], APIPage) {
    let row = try await scenario(call)
    let page = try call.page(sortBy: ["imtId", "timestamp"])
    let (status, from, to) = (
      try call.number("status", in: 0...3), try call.number("from", in: 0...Int.max),
      try call.number("to", in: 0...Int.max)
    )
    let isFiltered = status != nil || from != nil || to != nil || page.isAscending
    let most = isFiltered ? 10_000 : min(page.offset &+ page.limit, 100_000)
    var rows = try await asking { () throws(StoreError) in
      try await store.executions(of: row.id, limit: most)
    }.filter { row in
      let started = Int(row.summary.started.milliseconds)
      return (status == nil || row.summary.status.number == status)
        && (from.map { started >= $0 } ?? true) && (to.map { started <= $0 } ?? true)
    }
    if page.isAscending { rows.reverse() }
    return (page.part(of: rows), page)
  }

  private func execution(_ call: APIRequest) async throws(APIError) -> ExecutionRow {
    let id = try call.scenario()
    // Make's own ids of log rows are taken as well.
    let wanted = call.places["executionId"].map {
      $0.split(separator: ".").last.map(String.init) ?? $0
    }
    let name = wanted ?? ""
    let found = try await asking { () throws(StoreError) in try await store.execution(name) }
    guard found.summary.id == name, found.summary.scenario == id else {
      throw APIError(404, "Not found.", detail: "scenario \(id) has no execution \(name)")
    }
    return found
  }
}

extension ExecutionRow {
  /// The execution as Make's interface of executions gives it (semantics 1.3).
  fileprivate var executed: Value {
    [
      "id": .text(summary.id), "status": .text(summary.status.rawValue.uppercased()),
      "timestamp": .date(summary.started), "operations": .integer(summary.operations),
      "stored": .integer(storedCount), "error": summary.errorShown,
      "warnings": .array(summary.warnings.map(Value.text)),
    ]
  }
}
