import Dispatch
import Foundation
import Synchronization

/// A queue of events in plain SQLite: one row and one wait for the disk for each. What durable webhooks
/// cost at the least.
final class PlainQueue: Sendable {
  /// SQLite and its statement, which one thread uses at a time.
  private final class Table: @unchecked Sendable {
    let database: PlainSQLite
    let insert: PlainSQLite.Statement

    init(_ path: String) throws {
      database = try PlainSQLite(path)
      try database.execute("CREATE TABLE event (number INTEGER PRIMARY KEY, payload BLOB)")
      insert = try database.prepare("INSERT INTO event (payload) VALUES (?)")
    }
  }

  private let writer = DispatchQueue(label: "plain writer")
  private let table: Table
  private let failures = Atomic(0)

  /// A queue in a new database in this folder.
  init(in folder: URL) throws { table = try Table(folder.path + "/plain.db") }

  /// How many could not be kept.
  var failed: Int { failures.load(ordering: .relaxed) }

  /// Keeps an event; it is on the disk when this returns.
  func keep(_ body: [UInt8]) async {
    await withCheckedContinuation { done in
      writer.async { [self] in
        do { try table.insert.run(.bytes(body)) } catch { failures.add(1, ordering: .relaxed) }
        done.resume()
      }
    }
  }
}
