import FettleCore
import FettleEngine

/// What watches over the daemon asks: whether it works, and how much it has done.
struct Health: Sendable {
  let store: any ServiceStore
  let runner: ScenarioRunner
  let metrics: ServiceMetrics

  /// Whether the store can be read and written to, and all scenarios can be run. Where a scenario cannot,
  /// the rest works, so the answer stays 200.
  func answer(_ request: ServiceRequest) async -> HookAnswer {
    guard request.method == "GET" || request.method == "HEAD" else { return Self.wrongMethod }
    let trouble = await store.trouble(probing: true)
    var fields: Collection = [
      "status": trouble == nil ? "ok" : "error", "stopping": .boolean(runner.brake.isPulled),
    ]
    if let trouble { fields["store"] = told(trouble) }
    do throws(StoreError) {
      let counts = try await store.counts()
      fields["open"] = .integer(RecordFilter().effectiveStates.reduce(0) { $0 + counts[$1] })
      if trouble != nil {
        fields["works"] = "what only reads: lists, records, history, GET calls of the API, /metrics"
      }
    } catch {
      fields["status"] = "error"
      fields["works"] = "nothing that needs the store"
      if trouble == nil {
        fields["store"] = told(StoreTrouble(error, since: runner.clock.now()))
      }
    }
    if fields["status"] == "ok", let damaged = try? await store.unreadableScenarios(),
      !damaged.isEmpty
    {
      fields["status"] = "degraded"
      fields["scenarios"] = .array(damaged.map(Self.told))
      fields["works"] = "everything but these scenarios, which cannot be run"
      fields["next"] =
        "give each its blueprint again: fettle schedule FILE, or fettle import; then fettle start"
    }
    if fields["status"] != "error" { return .json(200, .collection(fields)) }
    fields["stopped"] =
      "webhooks are answered 503, nothing is started, retried or changed; runs that had begun are kept"
    return .json(503, .collection(fields))
  }

  private static func told(_ scenario: UnreadableScenario) -> Value {
    [
      "id": .integer(scenario.id.number), "name": .text(scenario.name),
      "error": .text("its blueprint cannot be read: \(scenario.reason)"),
    ]
  }

  private func told(_ trouble: StoreTrouble) -> Value {
    [
      "path": .text(store.path), "error": .text("\(trouble.error)"),
      "since": .text(trouble.since.iso8601),
      "freeBytes": store.freeBytes.map(Value.integer) ?? .null,
      "next": "it goes on by itself as soon as the store can be written to",
    ]
  }

  /// Counters and gauges, for Prometheus.
  func metrics(_ request: ServiceRequest) async -> HookAnswer {
    guard request.method == "GET" || request.method == "HEAD" else { return Self.wrongMethod }
    let trouble = await store.trouble(probing: true)
    var gauges = gauges(of: trouble)
    // What was counted here is told whatever the store does.
    do throws(StoreError) { gauges += try await stored() } catch { gauges[0].value = 0 }
    return HookAnswer(
      status: 200,
      headers: [.init("Content-Type", "text/plain; version=0.0.4; charset=utf-8")],
      body: Array(metrics.text(gauges: gauges).utf8))
  }

  private func gauges(of trouble: StoreTrouble?) -> [ServiceMetrics.Gauge] {
    let lasts = trouble.map { runner.clock.now().milliseconds - $0.since.milliseconds } ?? 0
    var gauges: [ServiceMetrics.Gauge] = [
      ("fettle_store_readable", "", "Whether the store can be read.", 1),
      (
        "fettle_store_writable", "", "Whether the store can be written to.", trouble == nil ? 1 : 0
      ),
      (
        "fettle_store_trouble_seconds", "",
        "For how long the store has not been writable, in seconds.", Int(max(0, lasts) / 1000)
      ),
    ]
    if let free = store.freeBytes {
      gauges.append(
        ("fettle_store_free_bytes", "", "What the file system has free for the store.", free))
    }
    return gauges
  }

  private func stored() async throws(StoreError) -> [ServiceMetrics.Gauge] {
    let counts = try await store.counts()
    let hooks = try await store.hooks()
    let scenarios = try await store.scenarios()
    let bytes = try await store.usedBytes()
    let unreadable = try await store.unreadableScenarios().count
    let requested = try await store.retryRequests(limit: 10_000).count
    var gauges = IncompleteState.allCases.map {
      (
        name: "fettle_records", labels: "{state=\"\($0.rawValue)\"}",
        help: "Incomplete executions, by state.", value: counts[$0]
      )
    }
    gauges += hooks.map {
      (
        name: "fettle_queue_events", labels: "{hook=\"\($0.hook.id)\"}",
        help: "Events that wait in the queue of a webhook.", value: $0.waiting
      )
    }
    gauges += [
      ("fettle_open_bytes", "", "What open records take, in bytes.", counts.openBytes),
      ("fettle_store_bytes", "", "What the store takes, in bytes.", bytes),
      (
        "fettle_retries_requested", "", "Retries that were asked for and wait for their turn.",
        requested
      ),
      (
        "fettle_scenarios_active", "", "Scenarios that start by themselves.",
        scenarios.count { $0.state.isActive }
      ),
      (
        "fettle_scenarios_switched_off", "", "Scenarios that were switched off by an error.",
        scenarios.count { $0.state.problem != nil }
      ),
      (
        "fettle_scenarios_unreadable", "", "Scenarios whose blueprint cannot be read.", unreadable
      ),
      (
        "fettle_lost_unacknowledged", "",
        "Bundles that were lost for want of room and that nobody has acknowledged.", counts.lost
      ),
    ]
    gauges += scenarios.compactMap { row in
      row.lost.map {
        (
          name: "fettle_scenario_lost_unacknowledged", labels: "{scenario=\"\(row.id)\"}",
          help: "The same, by scenario.", value: $0.count
        )
      }
    }
    return gauges
  }

  private static var wrongMethod: HookAnswer {
    var refusal = APIError(405, "Method not allowed.")
    refusal.headers = [.init("Allow", "GET, HEAD")]
    return refusal.answer
  }
}
