import Foundation
import GRDB
import Synchronization

/// Brings the write-ahead log into the database beside the writer, on a connection of its own.
///
/// SQLite does it inside the commit that makes the log long enough, and whoever waits for that commit
/// waits ten times as long as for any other. Here it is done when nobody has committed for a moment, and
/// without such a moment when the log has grown: rarely, because it and the commits beside it wait for
/// one disk, and because pages that are written again and again are then brought over once. Should this
/// be too slow, a commit still does it, so the log stays short.
final class Checkpoints: Sendable {
  private struct State {
    var connection: DatabaseQueue?
    /// Since the log was brought over last.
    var commits = 0
    var lastCommit = ContinuousClock.now
    /// Whether somebody looks again in a while, or is at work.
    var isWatched = false
  }

  private let path: String
  private let state = Mutex(State())

  /// A program that writes less never opens the connection.
  private static let least = 64
  /// That many commits are not left for a quiet moment.
  private static let most = 1024
  /// How long nobody commits in a quiet moment, in milliseconds.
  private static let pause = 50

  init(path: String) { self.path = path }

  /// A commit reached the disk.
  func committed() {
    let begins = state.withLock { state in
      state.commits += 1
      state.lastCommit = .now
      guard state.commits >= Self.least, !state.isWatched else { return false }
      state.isWatched = true
      return true
    }
    if begins { look() }
  }

  /// Works when it is quiet or late, and looks again in a while otherwise.
  private func look() {
    let isTime = state.withLock { state in
      let isQuiet = ContinuousClock.now - state.lastCommit >= .milliseconds(Self.pause)
      guard isQuiet || state.commits >= Self.most else { return false }
      state.commits = 0
      return true
    }
    // A thread of Dispatch, not of the tasks: it waits for the disk.
    let queue = DispatchQueue.global(qos: .utility)
    if isTime {
      queue.async { self.work() }
    } else {
      queue.asyncAfter(deadline: .now() + .milliseconds(Self.pause)) { self.look() }
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
    state.withLock { $0.isWatched = false }
  }

  private func connection() -> DatabaseQueue? {
    if let known = state.withLock({ $0.connection }) { return known }
    var configuration = Configuration()
    configuration.prepareDatabase { try $0.execute(sql: "PRAGMA synchronous = FULL") }
    guard let opened = try? DatabaseQueue(path: path, configuration: configuration) else {
      return nil
    }
    state.withLock { $0.connection = opened }
    return opened
  }
}
