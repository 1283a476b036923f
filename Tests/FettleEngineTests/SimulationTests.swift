import FettleConnectors
import FettleCore
import FettleEngine
import FettleSQLite
import FettleTestKit
import Foundation
import Testing

@Suite("A week on a virtual clock", .fewAtOnce)
struct SimulationTests {
  /// Writes down what happens, a line each, with the time as a person reads it.
  private final class Log {
    private(set) var lines: [String] = []
    private var names: [RecordID: String] = [:]

    func note(_ now: Instant, _ text: String) {
      let weekdays = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
      let day = Int(now.milliseconds / 86_400_000)
      lines.append("\(weekdays[day % 7]) \(now.iso8601.dropFirst(5).prefix(11)) \(text)")
    }

    func name(_ id: RecordID) -> String {
      if let known = names[id] { return known }
      names[id] = "record \(names.count + 1)"
      return names[id] ?? ""
    }
  }

  @Test("goes as recorded: schedules, outages, retries, deactivation, order")
  func week() async throws {
    // Monday, 19 October 2026, 00:00 in Prague; clocks go back on Sunday.
    let begin = try #require(Instant(iso8601: "2026-10-18T22:00:00Z"))
    let clock = ManualClock(begin)
    let folder = try TemporaryFolder()
    let store = try SQLiteStore.open(path: folder.path + "/store.db")
    let told = Told()
    let runner = ScenarioRunner(
      modules: ModuleRegistry(Connectors.all() + [told]), store: store, clock: clock,
      timeZone: "Europe/Prague")
    let scheduler = Scheduler(runner: runner)
    func scenario(_ name: String, _ schedule: Collection, _ modules: String, _ settings: String)
      async throws
    {
      let blueprint = try Blueprint(
        json: Array(
          #"{"name":"\#(name)","flow":[\#(modules)],"metadata":{"scenario":{\#(settings)}}}"#.utf8))
      let id = try await store.scenario(named: name)
      try await store.keep(blueprint, for: id)
      let plan = try Schedule(schedule)
      try await store.update(id) { state in
        state.schedule = plan
        state.activate(at: begin, zone: "Europe/Prague")
      }
    }
    let trigger =
      #"{"id":1,"module":"util:BasicTrigger","parameters":{"values":[{"spec":[{"name":"n","value":"1"}]}]}},"#
    try await scenario(
      "orders", ["type": "indefinitely", "interval": 21600],
      trigger + Workbench.say(2, "order"), #""dlq":true"#)
    try await scenario(
      "report", ["type": "daily", "time": "02:30"],
      Workbench.say(1, "report"), #""dlq":true"#)
    try await scenario(
      "ledger", ["type": "weekly", "days": [1, 2, 3, 4, 5], "time": "08:00"],
      trigger + Workbench.say(2, "ledger"), #""dlq":true,"sequential":true"#)
    try await scenario(
      "broken", ["type": "daily", "time": "06:00"],
      trigger + Workbench.say(2, "broken"), #""dlq":false"#)

    let log = Log()
    let down = ModuleError(.connection, "down")
    told.fail(on: "broken", with: ModuleError(.runtime, "always"))
    var isDown = false
    let end = begin.advanced(bySeconds: 7 * 86_400)
    while clock.now() < end {
      // The service of orders and report is down from Tuesday noon until Thursday night; the
      // ledger's data is bad on Wednesday, and is mended on Friday morning.
      let hour = Int((clock.now().milliseconds - begin.milliseconds) / 3_600_000)
      let shouldBeDown = (36..<75).contains(hour)
      if shouldBeDown != isDown {
        isDown = shouldBeDown
        log.note(clock.now(), isDown ? "-- the service goes down" : "-- the service is back")
      }
      told.fail(on: "order", with: isDown ? down : nil)
      told.fail(on: "report", with: isDown ? down : nil)
      told.fail(on: "ledger", with: (48..<105).contains(hour) ? ModuleError(.data, "bad") : nil)
      if hour >= 105 {
        let id = try await store.scenario(named: "ledger")
        let open = try await store.page(RecordFilter(scenarios: [id]), .first, limit: 10)
        for record in open {
          let report = try await OperatorDesk(store: store, runner: runner, author: "ada")
            .resume(record.id, version: nil, trigger: .manual)
          log.note(
            clock.now(), "-- ada resumes \(log.name(record.id)) of ledger: \(report.outcome.word)")
        }
      }
      for task in try await scheduler.startDue() {
        switch await task.value {
        case .ran(let name, let run, let state):
          var line = "\(name): \(run.status.rawValue)"
          if let error = run.error { line += ", \(error.type): \(error.message)" }
          for id in run.stored { line += ", stored \(log.name(id))" }
          if let problem = state.problem { line += "; switched off, \(problem)" }
          if state.backoffStep > 0 { line += "; put off (\(state.backoffStep))" }
          log.note(clock.now(), line)
        case .retried(let report):
          log.note(
            clock.now(),
            "\(log.name(report.record.id)) of \(report.record.summary.scenarioName), retry "
              + "\(report.record.summary.attempts): \(report.outcome.word)")
        case .cutShort(let what, let error), .refused(let what, let error):
          log.note(clock.now(), "\(what) refused: \(error)")
        case .overtaken(let record): log.note(clock.now(), "\(log.name(record)) overtaken")
        }
      }
      let next = try await scheduler.nextDue() ?? end
      // Whole hours are looked at too, because that is when the world changes.
      let hourEnd = begin.advanced(bySeconds: (hour + 1) * 3600)
      let target = min(next, hourEnd)
      clock.advance(
        seconds: max(1, Int((target.milliseconds - clock.now().milliseconds + 999) / 1000)))
    }

    let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("Week.log")
    let happened = log.lines.joined(separator: "\n") + "\n"
    if ProcessInfo.processInfo.environment["FETTLE_UPDATE_WEEK"] != nil {
      try happened.write(to: path, atomically: true, encoding: .utf8)
    }
    #expect(happened == (try String(contentsOf: path, encoding: .utf8)))
  }
}

extension Attempt.Outcome {
  fileprivate var word: String {
    switch self {
    case .resolved: "resolved"
    case .failed(let error): "failed, \(error.type)"
    case .failedElsewhere(let error, let module, _): "failed at \(module), \(error.type)"
    case .interrupted: "interrupted"
    }
  }
}
