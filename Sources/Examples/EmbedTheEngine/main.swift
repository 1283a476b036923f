// Runs a scenario inside a program of your own: a blueprint in, an incomplete execution out, mended
// and resumed. Start it with `swift run EmbedTheEngine`.

import FettleConnectors
import FettleCore
import FettleEngine
import FettleSQLite
import Glibc

let blueprint = try Blueprint(
  json: Array(
    #"""
    {"name":"Greeting","flow":[
      {"id":1,"module":"gateway:CustomWebHook","mapper":{}},
      {"id":2,"module":"json:ParseJSON","mapper":{"json":"{{1.body}}"}},
      {"id":3,"module":"util:SetVariable2",
       "mapper":{"name":"greeting","scope":"roundtrip","value":"Hello {{2.name}}"}}],
     "metadata":{"scenario":{"dlq":true}}}
    """#.utf8))

// 1. A store, the modules that may run, and a runner over both.
let folder = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
let path = "\(folder)/embed-the-engine-\(getpid()).db"
let store = try SQLiteStore.open(path: path)
defer { for suffix in ["", "-wal", "-shm"] { unlink(path + suffix) } }
let runner = ScenarioRunner(
  modules: ModuleRegistry(Connectors.all()), store: store)

// 2. A run. The second bundle holds broken JSON: it is stored, not lost.
let execution = try await runner.run(
  blueprint, given: [["body": #"{"name":"Ada"}"#], ["body": #"{"name":"Grace""#]])
print("run: \(execution.status.rawValue), stored: \(execution.stored.count)")

// 3. An operator finds the record, mends the bundle and resumes from the failed module.
let desk = OperatorDesk(store: store, runner: runner, author: "example")
for summary in try await desk.page(RecordFilter(), .first, limit: 10) {
  print("\(summary.errorType) at module \(summary.failer): \(summary.reason)")
  let record = try await desk.record(summary.id)
  var bundles = record.bundles
  let edit = try desk.edit(
    #"{"name":"Grace"}"#, at: ValuePath(parsing: "1.body"), of: &bundles)
  let version = try await desk.append([edit], to: record.id, version: summary.version)
  let report = try await desk.resume(record.id, version: version, trigger: .manual)
  print("resumed: \(report.record.summary.state.name)")
}
