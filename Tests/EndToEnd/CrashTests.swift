import FettleCore
import FettleSQLite
import FettleTestKit
import Foundation
import Synchronization
import Testing

/// The promise of durability: whatever dies, every bundle that entered is processed or listed, and no
/// effect is repeated unasked. `FETTLE_KILLS` makes it longer.
@Suite("The program, killed with signal 9 at any moment", .fewAtOnce)
struct CrashTests {
  private static func blueprint(_ base: String) -> String {
    func post(_ id: Int, _ what: String) -> String {
      #"""
      {"id":\#(id),"module":"http:MakeRequest","version":4,"parameters":{"authenticationType":"noAuth"},
       "mapper":{"url":"\#(base)/\#(what)","method":"post","contentType":"json","inputMethod":"jsonString",
        "jsonStringBodyContent":"{}","parseResponse":true,"stopOnHttpError":true}}
      """#
    }
    func add(_ id: Int, _ key: String) -> String {
      #"{"id":\#(id),"module":"datastore:AddRecord","mapper":{"key":"\#(key)","data":{"run":"{{1.run}}"}}}"#
    }
    return #"""
      {"name":"Killed","flow":[
        {"id":1,"module":"gateway:CustomWebHook"},
        \#(add(2, "{{1.run}}-begun")),
        \#(post(3, "first-{{1.run}}")),
        {"id":4,"module":"builtin:BasicFeeder","mapper":{"array":"{{1.items}}"}},
        \#(post(5, "item-{{1.run}}-{{4.value}}")),
        \#(add(6, "{{1.run}}-{{4.value}}"))],
       "metadata":{"scenario":{"dlq":true}}}
      """#
  }

  private struct Bench {
    let folder: TemporaryFolder
    let store: SQLiteStore
    let path: String
    var environment = ["FETTLE_LEASE": "1"]
    /// How long a run takes here that nobody kills, with seven beside it, in milliseconds: a machine that
    /// is busy would be done with the killing before anything had begun.
    var life = 0
  }

  @Test("loses no bundle, repeats no effect unasked, writes to data stores exactly once")
  func kills() async throws {
    let wanted = ProcessInfo.processInfo.environment["FETTLE_KILLS"].flatMap(Int.init) ?? 200
    let arrivals = CountingHTTP()
    let folder = try TemporaryFolder()
    let path = folder.path + "/store.db"
    var bench = Bench(folder: folder, store: try SQLiteStore.open(path: path), path: path)
    let blueprint = try folder.file("blueprint.json", Self.blueprint(arrivals.base))
    var kills = 0
    let began = ContinuousClock.now
    _ = try await runEight(from: 0, bench, blueprint, killing: false)
    bench.life = max(50, Int((ContinuousClock.now - began) / .milliseconds(1)))
    var runs = 8
    while kills < wanted {
      for _ in 0..<4 where kills < wanted {
        kills += try await runEight(from: runs, bench, blueprint)
        runs += 8
      }
      kills += try await recover(bench, arrivals, killing: true)
    }
    for _ in 0..<20 {
      _ = try await recover(bench, arrivals, killing: false)
      let isOpen = try await !open(bench.store).isEmpty
      let isRunning = try await bench.store.executions(of: nil, limit: 10_000).contains {
        $0.summary.ended == nil
      }
      if !isOpen, !isRunning { break }
    }
    #expect(try await open(bench.store).isEmpty)
    #expect(arrivals.repeated == [], "sent twice unasked")
    // What entered is what wrote its opening down; a run that was killed before took nothing in.
    var entered = 0
    for run in 0..<runs {
      let things = ["first-r\(run)", "item-r\(run)-a", "item-r\(run)-b"].map(arrivals.count)
      let keys = ["r\(run)-begun", "r\(run)-a", "r\(run)-b"]
      var written = 0
      for key in keys where try await bench.store.dataRecord(key, in: "default") != nil {
        written += 1
      }
      if written == 0, things == [0, 0, 0] { continue }
      entered += 1
      #expect(written == 3, "run \(run): \(things)")
      #expect(things == [1, 1, 1], "run \(run)")
    }
    let executions = try await bench.store.executions(of: nil, limit: 100_000)
    let opened = executions.count { $0.summary.retryOf == nil }
    #expect(opened == entered, "every run that was opened was finished")
    print("\(kills) kills in \(runs) runs: \(entered) entered, all of their effects once")
  }

  /// Eight at a time keep both the service and the disk busy.
  /// - Returns: how many were killed.
  private func runEight(
    from first: Int, _ bench: Bench, _ blueprint: String, killing: Bool = true
  ) async throws -> Int {
    try await withThrowingTaskGroup(of: Bool.self) { group in
      for run in first..<(first + 8) {
        group.addTask {
          let bundles = try bench.folder.file(
            "bundles-\(run).json", #"[{"run":"r\#(run)","items":["a","b"]}]"#)
          let result = try await Program.fettle(
            ["run", blueprint, "--bundles", bundles, "--store", bench.path],
            home: bench.folder.path, environment: bench.environment,
            life: killing ? .milliseconds(Int.random(in: bench.life / 10...bench.life)) : nil)
          return result.status == 128 + 9
        }
      }
      return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
    }
  }

  private func open(_ store: SQLiteStore) async throws -> [IncompleteSummary] {
    try await store.page(RecordFilter(), .first, limit: 10_000)
  }

  /// What an operator does afterwards: looks, asks the service what arrived, and resumes.
  /// - Returns: how many of those retries were killed.
  private func recover(
    _ bench: Bench, _ arrivals: CountingHTTP, killing: Bool
  ) async throws -> Int {
    try await Task.sleep(for: .milliseconds(1100))
    _ = try await Program.fettle(
      ["list", "--store", bench.path], home: bench.folder.path, environment: bench.environment)
    var kills = 0
    let records = try await open(bench.store).filter { $0.state != .inProgress }
    for start in stride(from: 0, to: records.count, by: 8) {
      kills += try await withThrowingTaskGroup(of: Bool.self) { group in
        for record in records[start..<min(start + 8, records.count)] {
          let isKilled = killing && Bool.random()
          let life: Duration? =
            isKilled ? .milliseconds(Int.random(in: bench.life / 20...bench.life)) : nil
          group.addTask {
            let arguments = try await self.answer(record, bench, arrivals)
            let result = try await Program.fettle(
              ["retry", record.id.text, "--store", bench.path] + arguments,
              home: bench.folder.path, environment: bench.environment, life: life)
            return result.status == 128 + 9
          }
        }
        return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
      }
    }
    return kills
  }

  /// For a record in doubt: did it arrive?
  private func answer(
    _ summary: IncompleteSummary, _ bench: Bench, _ arrivals: CountingHTTP
  ) async throws -> [String] {
    let record = try await bench.store.record(summary.id)
    guard record.error.stage == .inDoubt else { return [] }
    let sent = record.mappedInput.collection?["url"]?.text?.split(separator: "/").last ?? ""
    guard arrivals.count(String(sent)) > 0 else { return ["--send-again"] }
    let output = try bench.folder.file(
      "output-\(summary.id.short).json", #"{"statusCode":200,"data":{"ok":true}}"#)
    return ["--output", output]
  }
}
