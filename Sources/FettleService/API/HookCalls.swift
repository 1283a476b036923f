import FettleCore
import FettleEngine

extension API {
  /// The calls about webhooks and their queues.
  static let hookRoutes: [Route] = [
    Route("GET", "hooks", .hooksRead) { api, call throws(APIError) in
      let page = try call.page(sortBy: ["id"])
      let rows = try await asking { () throws(StoreError) in try await api.store.hooks() }
      return Reply(["hooks": .array(page.part(of: rows).map(\.shown)), "pg": page.json])
    },
    Route("GET", "hooks/:hookId", .hooksRead) { api, call throws(APIError) in
      Reply(["hook": try await api.hook(call).shown])
    },
    Route("GET", "hooks/:hookId/ping", .hooksRead) { api, call throws(APIError) in
      let hook = try await api.hook(call).hook
      return Reply([
        "address": .text(call.address(of: hook.path)),
        "attached": .boolean(hook.scenario != nil && hook.settings.isEnabled),
        // What is sent is always taken as it is.
        "learning": false, "gone": .boolean(hook.scenario == nil),
      ])
    },
    Route("POST", "hooks/:hookId/enable", .hooksWrite) { api, call throws(APIError) in
      try await api.setHook(call, enabled: true)
    },
    Route("POST", "hooks/:hookId/disable", .hooksWrite) { api, call throws(APIError) in
      try await api.setHook(call, enabled: false)
    },
    Route("GET", "hooks/:hookId/incomings", .hooksRead) { api, call throws(APIError) in
      let row = try await api.hook(call)
      let page = try call.page(sortBy: ["id"])
      let events = try await asking { () throws(StoreError) in
        try await api.store.events(
          of: row.hook.id, after: 0, limit: min(page.offset &+ page.limit, 100_000))
      }
      return Reply(["incomings": .array(page.part(of: events).map(\.shown)), "pg": page.json])
    },
    Route("GET", "hooks/:hookId/incomings/:eventId", .hooksRead) { api, call throws(APIError) in
      let event = try await api.event(call)
      var fields = event.shown.collection ?? [:]
      fields["data"] = .array(event.bundles.map(Value.collection))
      return Reply(["incoming": .collection(fields)])
    },
    Route("POST", "hooks/:hookId/incomings/:eventId/park", .hooksWrite) {
      api, call throws(APIError) in
      try await api.set(call, parked: true)
    },
    Route("POST", "hooks/:hookId/incomings/:eventId/release", .hooksWrite) {
      api, call throws(APIError) in
      try await api.set(call, parked: false)
    },
    Route("DELETE", "hooks/:hookId/incomings/:eventId", .hooksWrite) {
      api, call throws(APIError) in
      let event = try await api.event(call)
      try await asking { () throws(StoreError) in try await api.store.dropEvent(event.number) }
      return Reply(["incoming": .integer(event.number)])
    },
  ]

  private func hook(_ call: APIRequest) async throws(APIError) -> HookRow {
    guard let number = call.places["hookId"].flatMap({ Int($0) }) else {
      throw .parameter("hookId", "is a number from 1")
    }
    let rows = try await asking { () throws(StoreError) in try await store.hooks() }
    guard let row = rows.first(where: { $0.hook.id == HookID(number) }) else {
      throw APIError(404, "Not found.", detail: "there is no webhook \(number)")
    }
    return row
  }

  /// Lets a webhook take events in, or refuse them. What waits in its queue stays there.
  private func setHook(_ call: APIRequest, enabled: Bool) async throws(APIError) -> Reply {
    var hook = try await hook(call).hook
    if hook.settings.isEnabled != enabled {
      hook.settings.isEnabled = enabled
      let changed = hook
      try await asking { () throws(StoreError) in try await store.change(changed) }
      hooksChanged()
    }
    return Reply(["success": true])
  }

  private func event(_ call: APIRequest) async throws(APIError) -> QueuedEvent {
    let row = try await hook(call)
    guard let number = call.places["eventId"].flatMap({ Int($0) }) else {
      throw .parameter("eventId", "is a number from 1")
    }
    let event = try await asking { () throws(StoreError) in try await store.event(number) }
    guard event.hook == row.hook.id else {
      throw APIError(404, "Not found.", detail: "webhook \(row.hook.id) has no event \(number)")
    }
    return event
  }

  /// Sets an event aside or puts it back, perhaps with other data: `{"data":[{…}]}`.
  private func set(_ call: APIRequest, parked: Bool) async throws(APIError) -> Reply {
    let event = try await event(call)
    var bundles: [Bundle]?
    if let data = try call.body()?["data"], !data.isNull {
      let given = (data.array ?? [data]).compactMap(\.collection)
      guard given.count == (data.array?.count ?? 1), !given.isEmpty else {
        throw .parameter("data", "is an object, or a list of them")
      }
      bundles = given
    }
    let changed = bundles
    let after = try await asking { () throws(StoreError) in
      try await store.setEvent(event.number, parked: parked, bundles: changed)
    }
    if !parked, let scenario = try await hook(call).hook.scenario { await intake.call(scenario) }
    return Reply(["incoming": after.shown])
  }
}

extension HookRow {
  fileprivate var shown: Value {
    [
      "id": .integer(hook.id.number), "name": .text(hook.settings.name), "teamId": Team.id,
      "udid": .text(hook.address), "type": "web", "typeName": "gateway-webhook",
      "enabled": .boolean(hook.settings.isEnabled), "gone": .boolean(hook.scenario == nil),
      "queueCount": .integer(waiting), "queueLimit": .integer(hook.settings.queueLength),
      "scenarioId": hook.scenario.map { .integer($0.number) } ?? .null,
      // Beyond Make.
      "path": .text(hook.path), "parkedCount": .integer(parked),
      "scenarioName": scenarioName.map(Value.text) ?? .null,
    ]
  }
}

extension QueuedEvent {
  fileprivate var shown: Value {
    [
      "id": .integer(number), "created": .date(received), "size": .integer(size),
      "status": .text(state.rawValue), "failures": .integer(failures),
      "reason": reason.map(Value.text) ?? .null,
      "executionId": execution.map(Value.text) ?? .null,
    ]
  }
}
