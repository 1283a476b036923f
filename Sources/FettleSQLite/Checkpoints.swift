import Foundation
import GRDB
import Synchronization

/// Brings the write-ahead log into the database beside the writer, on a connection of its own.
///
/// SQLite does it inside the commit that makes the log long enough, and whoever waits for that commit
/// waits ten times as long as for any other. What is done here meanwhile that commit need not do; should
/// this be too slow, it still does, so the log stays short.
final class Checkpoints: Sendable {
  private struct State {
    var connection: DatabaseQueue?
    var commits = 0
    var isWorking = false
  }

  private let path: String
  private let state = Mutex(State())

  /// How many commits are left to gather before the log is looked at; a program that writes less never
  /// opens the connection.
  private static let every = 64

  init(path: String) { self.path = path }

  /// A commit reached the disk.
  func committed() {
    let isDue = state.withLock { state in
      state.commits += 1
      guard state.commits >= Self.every, !state.isWorking else { return false }
      state.commits = 0
      state.isWorking = true
      return true
    }
    guard isDue else { return }
    // A thread of Dispatch, not of the tasks: it waits for the disk.
    DispatchQueue.global(qos: .utility).async { self.work() }
  }

  /// Brings the whole log into the database and gives its room back to the disk, which is what a full
  /// one needs: the log holds every version of a page, the database the last. Readers and the writer may
  /// keep it from that; then nothing is lost.
  func giveBack() async {
    await withCheckedContinuation { done in
      DispatchQueue.global(qos: .utility).async { [self] in
        _ = try? connection()?.inDatabase {
          try $0.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)")
        }
        done.resume()
      }
    }
  }

  private func work() {
    // What is left when this fails the next commit does, as it always did.
    if let connection = connection() {
      // What was committed meanwhile is little, and behind it the log can begin anew.
      for _ in 0..<3 {
        let isWhole = try? connection.inDatabase { database in
          try Row.fetchOne(database, sql: "PRAGMA wal_checkpoint(PASSIVE)").map { row in
            (row[1] as Int?) == (row[2] as Int?)
          } ?? true
        }
        if isWhole != false { break }
      }
    }
    state.withLock { $0.isWorking = false }
  }

  private func connection() -> DatabaseQueue? {
    if let known = state.withLock({ $0.connection }) { return known }
    var configuration = Configuration()
    configuration.busyMode = .timeout(1)
    configuration.prepareDatabase { try $0.execute(sql: "PRAGMA synchronous = FULL") }
    guard let opened = try? DatabaseQueue(path: path, configuration: configuration) else {
      return nil
    }
    state.withLock { $0.connection = opened }
    return opened
  }
}
