import FettleCore
import FettleSQLite
import FettleTestKit
import Foundation
import Synchronization
import Testing

/// Daemon, a terminal, commands and the API at work on one store at once. `FETTLE_MIXED` says for how many seconds.
@Suite("One store, many programs", .fewAtOnce)
struct SharedStoreTests {
  /// Runs commands and notes what a user would complain about.
  private final class Desk: Sendable {
    let complaints = Mutex<[String]>([])
    let commands = Atomic(0)
    /// Whether the time is up.
    let isOver = Atomic(false)
    /// What the operator at the terminal did and saw.
    let seen = Mutex<TerminalOperator?>(nil)
    private let bench: ServiceBench

    init(_ bench: ServiceBench) { self.bench = bench }

    func run(_ arguments: [String], may statuses: Set<Int32>) async throws {
      let result = try await Program.fettle(
        arguments + ["--store", bench.path], home: bench.folder.path)
      commands.add(1, ordering: .relaxed)
      let said = result.output + result.errors
      if !statuses.contains(result.status) || said.contains("locked")
        || said.contains("held by another")
      {
        complaints.withLock { $0.append("\(arguments): \(result.status) \(said)") }
      }
    }
  }

  @Test("no lock reaches a user, no record has two states, no event is lost")
  func mixed() async throws {
    let seconds =
      ProcessInfo.processInfo.environment["FETTLE_MIXED"].flatMap(Int.init) ?? 8
    let bench = try ServiceBench()
    let arrivals = CountingHTTP()
    // Every twentieth event does not parse and waits to be mended: about as many as one operator mends.
    let path = try await bench.webhook(
      "Mixed",
      #"{"id":2,"module":"json:ParseJSON","mapper":{"json":"{{1.j}}"}},"#
        + ServiceBench.post(3, "\(arrivals.base)/e{{1.n}}"))
    let token = try await bench.fettle(["token", "add", "mixed", "--all"])
      .trimmingCharacters(in: .whitespacesAndNewlines)
    let daemon = try bench.daemon()
    let base = try await daemon.base()
    let end = ContinuousClock.now + .seconds(seconds)
    let senders = EventSenders(.max, to: path, at: base, width: 3) { n in
      usleep(150_000)
      return #"{"n":\#(n),"j":"\#(n % 20 == 0 ? "[" : "[1]")"}"#
    }
    let desk = Desk(bench)
    let terminal = try TmuxSession(
      "\(Program.path) --store \(bench.path)", columns: 120, rows: 40,
      environment: ["HOME": bench.folder.path])
    try await withThrowingTaskGroup(of: Void.self) { group in
      // An operator at the terminal, who mends, retries many at once, and only looks.
      group.addTask {
        var person = TerminalOperator(terminal)
        repeat {
          try await person.mend()
          try await person.retryMany()
          try await person.watch()
          // However busy the machine is, each of the three is seen.
        } while ContinuousClock.now < end
          || !person.hasDoneEverything && ContinuousClock.now < end + .seconds(120)
        desk.isOver.store(true, ordering: .relaxed)
        senders.stop()
        let said = person
        desk.complaints.withLock { $0 += said.complaints }
        desk.seen.withLock { $0 = said }
      }
      // An operator who mends and retries one record after the other, as long as there are many.
      group.addTask {
        while !desk.isOver.load(ordering: .relaxed) {
          let page = try await bench.store.page(RecordFilter(), .first, limit: 40)
          for record in page.dropFirst(20).prefix(3) where record.state == .unresolved {
            // Another one may have taken it meanwhile, which is said, and is no failure.
            try await desk.run(["edit", record.id.text, "--set", "1.j=[2]"], may: [0, 2])
            try await desk.run(["retry", record.id.text], may: [0, 1, 2, 3])
          }
          try await Task.sleep(for: .milliseconds(200))
        }
      }
      // One who retries everything there is, mended or not.
      group.addTask {
        while !desk.isOver.load(ordering: .relaxed) {
          try await desk.run(
            ["retry", "--all", "--error", "BundleValidationError"], may: [0, 1, 2, 3])
          try await Task.sleep(for: .seconds(3))
        }
      }
      // One who looks.
      group.addTask {
        while !desk.isOver.load(ordering: .relaxed) {
          try await desk.run(["list", "--limit", "20"], may: [0])
          try await desk.run(["scenarios"], may: [0])
          try await desk.run(["hook", "list"], may: [0])
          try await desk.run(["history"], may: [0])
          try await Task.sleep(for: .milliseconds(500))
        }
      }
      // A script that uses the API.
      group.addTask {
        let client = HTTPClient(base)
        let headers = ["Authorization": "Token \(token)", "Content-Type": "application/json"]
        while !desk.isOver.load(ordering: .relaxed) {
          let list = await client.send("GET", "/api/v2/dlqs?pg[limit]=5", headers)
          let some = await client.send("POST", "/api/v2/dlqs/retry", headers, #"{"all":true}"#)
          for answer in [list, some] where answer.status != 200 {
            desk.complaints.withLock { $0.append("API: \(answer.status) \(answer.text)") }
          }
          try await Task.sleep(for: .seconds(2))
        }
      }
      try await group.waitForAll()
    }
    try await bench.wait("the senders") { senders.isDone }
    try await mendAll(bench, desk)
    // The list follows by itself: whatever it showed, now nothing is open.
    try terminal.press("Escape")
    try await terminal.wait(for: "0 open", seconds: 60)
    #expect(try await daemon.stop() == 0)
    #expect(desk.complaints.withLock { $0 } == [])
    let told = try #require(desk.seen.withLock { $0 })
    #expect(told.hasDoneEverything)
    #expect(!daemon.log.contains("store cannot be used"), "\(daemon.log)")
    #expect(senders.refused == [:])
    #expect(arrivals.repeated == [], "no event was sent twice")
    for number in senders.acknowledged {
      #expect(arrivals.count("e\(number)") == 1, "event \(number)")
    }
    let states = IncompleteState.allCases.reduce(into: [IncompleteState: Int]()) { $0[$1] = 0 }
    let counts = try await bench.store.counts()
    var counted = states
    let all = RecordFilter(states: Set(IncompleteState.allCases))
    for record in try await bench.store.page(all, .first, limit: 100_000) {
      counted[record.state, default: 0] += 1
    }
    for (state, number) in counted { #expect(counts[state] == number, "\(state)") }
    print(
      "\(seconds) s: \(senders.acknowledged.count) events, \(desk.commands.load(ordering: .relaxed)) "
        + "commands, \(counted.values.reduce(0, +)) records; in the terminal \(told.mended) mended, "
        + "\(told.retriedMany) actions on many, the list followed \(told.followed) times")
  }

  /// Mends what is left, some at a time, for as long as it gets less.
  private func mendAll(_ bench: ServiceBench, _ desk: Desk) async throws {
    var least = Int.max
    var lastProgress = ContinuousClock.now
    while true {
      let open = try await bench.store.page(RecordFilter(), .first, limit: 10_000)
      let left = open.count + (try await bench.waiting())
      if left == 0 { return }
      if left < least { (least, lastProgress) = (left, .now) }
      guard lastProgress + .seconds(120) > .now else {
        Issue.record("\(left) that wait do not get less: \(open.prefix(3))")
        return
      }
      for record in open.prefix(50) where record.state == .unresolved {
        try await desk.run(["edit", record.id.text, "--set", "1.j=[2]"], may: [0, 2])
      }
      try await desk.run(["retry", "--all"], may: [0, 1, 2, 3])
    }
  }
}
