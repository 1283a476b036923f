import FettleCore
import FettleProgram
import FettleSQLite
import FettleTestKit
import Foundation
import Testing

/// A store, a daemon on it, and somebody who talks to both.
struct ServiceBench {
  let folder: TemporaryFolder
  let path: String
  let store: SQLiteStore

  /// - Parameter opensSealed: whether the store of the test has the key that the programs have. It is
  ///   opened once: opening a file again lets go of the locks a process has on it.
  init(opensSealed: Bool = false) throws {
    folder = try TemporaryFolder()
    path = folder.path + "/s.db"
    let key = KeySource.file(folder.path + "/.config/fettle/key", isMade: true)
    store = try SQLiteStore.open(
      path: path, sealing: opensSealed ? KeyedSealing(key) : NoSealing())
  }

  func daemon(
    _ arguments: [String] = [], environment: [String: String] = [:]
  ) throws -> Daemon {
    try Daemon(store: path, in: folder, arguments, environment: environment)
  }

  /// Runs `fettle` on the store.
  @discardableResult func fettle(
    _ arguments: [String], input: String? = nil, expecting status: Int32 = 0
  ) async throws -> String {
    let result = try await Program.fettle(
      arguments + ["--store", path], input: input, home: folder.path)
    #expect(result.status == status, "\(arguments): \(result.output)\(result.errors)")
    return result.output
  }

  /// Keeps a scenario of these modules behind a webhook, and activates it.
  /// - Returns: the path of the webhook.
  func webhook(
    _ name: String, _ modules: String, settings: String = "\"dlq\":true"
  ) async throws -> String {
    let file = try folder.file(
      "\(name).json",
      #"""
      {"name":"\#(name)","flow":[{"id":1,"module":"gateway:CustomWebHook","version":1,"parameters":{}}\#(modules.isEmpty ? "" : ","+modules)],
       "metadata":{"scenario":{\#(settings)}}}
      """#)
    let output = try await fettle(["schedule", file])
    let path = output.split(whereSeparator: { $0.isWhitespace || $0 == "," })
      .first { $0.hasPrefix("/hook/") }
    return String(try #require(path))
  }

  /// A module that posts to a service.
  static func post(_ id: Int, _ url: String) -> String {
    #"""
    {"id":\#(id),"module":"http:MakeRequest","version":4,"parameters":{"authenticationType":"noAuth"},
     "mapper":{"url":"\#(url)","method":"post","contentType":"json","inputMethod":"jsonString",
      "jsonStringBodyContent":"{}","parseResponse":true,"stopOnHttpError":true}}
    """#
  }

  /// A module that fails with the type and message it is given.
  static func fail(_ id: Int, _ type: String, _ message: String = "as told") -> String {
    #"{"id":\#(id),"module":"builtin:ThrowError","mapper":{"type":"\#(type)","message":"\#(message)"}}"#
  }

  /// Waits until something is so.
  func wait(
    _ what: String, seconds: Int = 60, _ body: () async throws -> Bool
  ) async throws {
    for _ in 0..<(seconds * 40) {
      if try await body() { return }
      try await Task.sleep(for: .milliseconds(25))
    }
    Issue.record("\(what) did not come about")
  }

  /// The executions that have ended.
  func ended() async throws -> [ExecutionRow] {
    try await store.executions(of: nil, limit: 100_000).filter { $0.summary.ended != nil }
  }

  /// Events that wait in the queue of the only webhook.
  func waiting() async throws -> Int { try await store.hooks().first?.waiting ?? 0 }
}
