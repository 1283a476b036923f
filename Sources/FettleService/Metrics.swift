import FettleCore
import Synchronization

/// What the service and the daemon have done, counted for Prometheus.
public final class ServiceMetrics: Sendable {
  private struct Series: Hashable {
    let name: String
    let labels: String
  }

  /// Something that is read when it is asked for.
  typealias Gauge = (name: String, labels: String, help: String, value: Int)

  private struct State {
    var counts: [Series: Int] = [:]
    /// Of webhooks: how many took no longer than each bound, their number, and their sum in seconds.
    var buckets = [Int](repeating: 0, count: ServiceMetrics.bounds.count)
    var number = 0
    var seconds = 0.0
  }

  private static let bounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]

  private static let help: [(name: String, text: String)] = [
    ("fettle_webhooks_total", "Requests to webhooks, by the status they were answered with."),
    ("fettle_api_requests_total", "Calls of the API, by the status they were answered with."),
    ("fettle_requests_refused_total", "Requests that were refused before they were read."),
    ("fettle_executions_total", "Executions that ended in this daemon, by status."),
    ("fettle_operations_total", "Operations of those executions."),
    ("fettle_records_stored_total", "Incomplete executions those executions stored."),
    (
      "fettle_bundles_lost_total",
      "Failed bundles those executions gave up: no room for them, and data loss is enabled."
    ),
    ("fettle_retries_total", "Retries that ended in this daemon, by outcome."),
    (
      "fettle_cut_short_total",
      "Runs that the store cut short, by having no room; what is left of them goes on."
    ),
    ("fettle_refused_total", "What was begun and could not be done, because of the store."),
  ]

  private let state = Mutex(State())

  /// Nothing done yet.
  public init() {}

  /// Counts.
  public func count(_ name: String, _ label: (String, String)? = nil, by number: Int = 1) {
    let series = Series(name: name, labels: label.map { "{\($0.0)=\"\($0.1)\"}" } ?? "")
    state.withLock { $0.counts[series, default: 0] += number }
  }

  /// A webhook was answered after that time.
  func webhookAnswered(_ status: Int, after time: Duration) {
    let seconds =
      Double(time.components.seconds) + Double(time.components.attoseconds) / 1e18
    count("fettle_webhooks_total", ("status", "\(status)"))
    state.withLock { state in
      state.number += 1
      state.seconds += seconds
      if let bucket = Self.bounds.firstIndex(where: { seconds <= $0 }) {
        state.buckets[bucket] += 1
      }
    }
  }

  /// Everything counted, in the text format of Prometheus, with gauges read now.
  func text(gauges: [Gauge]) -> String {
    let state = state.withLock { $0 }
    var lines: [String] = []
    for (name, text) in Self.help {
      let series = state.counts.filter { $0.key.name == name }
      lines.append("# HELP \(name) \(text)")
      lines.append("# TYPE \(name) counter")
      for (series, count) in series.sorted(by: { $0.key.labels < $1.key.labels }) {
        lines.append("\(name)\(series.labels) \(count)")
      }
      if series.isEmpty { lines.append("\(name) 0") }
    }
    let name = "fettle_webhook_seconds"
    lines.append("# HELP \(name) Time until a webhook was answered.")
    lines.append("# TYPE \(name) histogram")
    var sum = 0
    for (bound, count) in zip(Self.bounds, state.buckets) {
      sum += count
      lines.append("\(name)_bucket{le=\"\(Number(bound).text)\"} \(sum)")
    }
    lines.append("\(name)_bucket{le=\"+Inf\"} \(state.number)")
    lines.append("\(name)_sum \(Number(state.seconds).text)")
    lines.append("\(name)_count \(state.number)")
    var described: Set<String> = []
    for gauge in gauges {
      if described.insert(gauge.name).inserted {
        lines.append("# HELP \(gauge.name) \(gauge.help)")
        lines.append("# TYPE \(gauge.name) gauge")
      }
      lines.append("\(gauge.name)\(gauge.labels) \(gauge.value)")
    }
    return lines.joined(separator: "\n") + "\n"
  }
}
