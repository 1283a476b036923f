import FettleCore
import FettleSQLite
import FettleTestKit
import Foundation
import PseudoTerminal
import Testing

/// A store with records whose data is hostile or large, and the program on a terminal every byte of
/// which is seen.
struct WireBench: Sendable {
  let folder: TemporaryFolder
  var store: String { "\(folder.path)/fettle.db" }

  init() throws { folder = try TemporaryFolder() }

  var environment: [String] {
    [
      "HOME=\(folder.path)", "PATH=/usr/bin:/bin", "TERM=xterm-256color", "LC_ALL=C.UTF-8",
      "TZ=UTC", "TMPDIR=\(folder.path)",
    ]
  }

  /// Stores a record for each bundle: the module cannot read any of them.
  func fill(_ bundles: [Value]) async throws {
    let blueprint = """
      {"name":"Hostile","flow":[{"id":1,"module":"gateway:CustomWebHook","mapper":{}},
        {"id":2,"module":"json:ParseJSON","mapper":{"json":"no JSON {{1.a}}"}}],
       "metadata":{"scenario":{"dlq":true}}}
      """
    let run = try await Program.fettle(
      [
        "run", folder.file("b.json", blueprint), "--store", store, "--bundles",
        folder.file("bundles.json", JSONWriter.text(.array(bundles))),
      ], home: folder.path, environment: ["FETTLE_SCENARIO_LIMIT": "50000000"])
    try #require(run.status == 3, "\(run.errors)")
  }

  /// Runs `body` on a thread of its own: a pseudo terminal waits, and tests share few threads.
  func onItsOwnThread<Result: Sendable>(
    _ body: @escaping @Sendable () throws -> Result
  ) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
      Thread { continuation.resume(with: .init { try body() }) }.start()
    }
  }

  /// The name beside what is done here.
  var author: String { getpwuid(geteuid()).map { String(cString: $0.pointee.pw_name) } ?? "" }

  /// Asks the store.
  func store<Answer>(for ask: (SQLiteStore) async throws -> Answer) async throws -> Answer {
    try await ask(try SQLiteStore.openExisting(path: store))
  }

  /// The one record there is.
  func onlyRecord() async throws -> RecordID {
    try await store { store in
      try #require(try await store.page(RecordFilter(), .first, limit: 2).first).id
    }
  }

  func open(columns: Int = 80, rows: Int = 24) -> @Sendable () throws -> PseudoTerminal {
    let (environment, store) = (environment, store)
    return {
      try PseudoTerminal(
        Program.path, ["open", "--store", store], environment: environment, columns: columns,
        rows: rows)
    }
  }
}
