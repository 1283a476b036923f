import FettleTestKit
import Foundation
import Testing

/// A store with orders whose text is no JSON, and a terminal on it.
struct OrdersBench {
  let folder: TemporaryFolder
  var store: String { "\(folder.path)/fettle.db" }

  init() throws { folder = try TemporaryFolder() }

  /// Runs the scenario of orders: each of these texts becomes a record.
  /// - Parameter bundles: the bundles of its webhook, in JSON.
  func fill(_ bundles: String) async throws {
    let run = try await Program.fettle(
      [
        "run", folder.file("b.json", CommandTests.blueprint), "--store", store, "--bundles",
        folder.file("bundles.json", bundles),
      ], home: folder.path)
    try #require(run.status == 3, "\(run.errors)")
  }

  func open(editor: String = "") throws -> TmuxSession {
    try TmuxSession(
      "\(Program.path) open --store \(store)", columns: 100, rows: 28,
      environment: ["HOME": folder.path, "TMPDIR": folder.path, "VISUAL": editor])
  }

  /// Runs another scenario, whatever becomes of it.
  /// - Parameter killedWhen: what it is killed with signal 9 for; nil lets it end by itself.
  func run(
    _ name: String, _ blueprint: String, _ bundles: String, killedWhen: (() -> Bool)? = nil
  ) async throws {
    let run = try await Program.fettle(
      [
        "run", folder.file("\(name).json", blueprint), "--store", store, "--bundles",
        folder.file("\(name)-bundles.json", bundles),
      ], home: folder.path, environment: ["FETTLE_LEASE": "1"], killedWhen: killedWhen)
    try #require(killedWhen != nil || [1, 3].contains(run.status), "\(run.output)\(run.errors)")
  }

  /// Saves two views where the terminal looks for them.
  func saveViews() throws {
    try FileManager.default.createDirectory(
      atPath: "\(folder.path)/fettle", withIntermediateDirectories: true)
    _ = try folder.file("fettle/views", "orders = scenario:Greeting\nall = \n")
  }
}
