import FettleCore
import FettleEngine

/// What watches over the daemon asks: whether it works, and how much it has done.
struct Health: Sendable {
  let store: any ServiceStore
  let runner: ScenarioRunner
  let metrics: ServiceMetrics

  /// Whether the store can be used.
  func answer(_ request: ServiceRequest) async -> HookAnswer {
    guard request.method == "GET" || request.method == "HEAD" else { return Self.wrongMethod }
    do throws(StoreError) {
      let counts = try await store.counts()
      return .json(
        200,
        [
          "status": "ok", "stopping": .boolean(runner.brake.isPulled),
          "open": .integer(
            RecordFilter().effectiveStates.reduce(0) { $0 + counts[$1] }),
        ])
    } catch { return APIError(error).answer }
  }

  /// Counters and gauges, for Prometheus.
  func metrics(_ request: ServiceRequest) async -> HookAnswer {
    guard request.method == "GET" || request.method == "HEAD" else { return Self.wrongMethod }
    do throws(StoreError) {
      let counts = try await store.counts()
      let hooks = try await store.hooks()
      let scenarios = try await store.scenarios()
      let bytes = try await store.usedBytes()
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
      ]
      return HookAnswer(
        status: 200,
        headers: [.init("Content-Type", "text/plain; version=0.0.4; charset=utf-8")],
        body: Array(metrics.text(gauges: gauges).utf8))
    } catch { return APIError(error).answer }
  }

  private static var wrongMethod: HookAnswer {
    var refusal = APIError(405, "Method not allowed.")
    refusal.headers = [.init("Allow", "GET, HEAD")]
    return refusal.answer
  }
}
