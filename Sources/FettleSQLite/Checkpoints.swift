import Foundation
import GRDB
import Glibc
import Synchronization

/// Brings the write-ahead log into the database beside the writer, on a connection of its own.
///
/// SQLite does it inside the commit that makes the log long enough, and whoever waits for that commit
/// waits ten times as long as for any other. What is done here meanwhile that commit need not do; should
/// this be too slow, it still does, so the log stays short. What a burst left the log as long as is given
/// back when nothing was written for a moment.
final class Checkpoints: Sendable {
  private struct State {
    var connection: DatabaseQueue?
    var commits = 0
    var isWorking = false
    /// How many commits there ever were, and whether somebody waits for a pause between them.
    var total = 0
    var isWatched = false
  }

  private let path: String
  private let state = Mutex(State())

  /// How many commits are left to gather before the log is looked at; a program that writes less never
  /// opens the connection.
  private static let every = 64
  /// For how long nothing must have been written before the log is cut.
  private static let pause = DispatchTimeInterval.seconds(2)
  /// A log that is no longer than this, in bytes, stays as it is: to write over it is cheaper than to make
  /// it grow again.
  private static let short = 4 << 20

  init(path: String) { self.path = path }

  /// A commit reached the disk.
  func committed() {
    defer { watchLongLog() }
    let isDue = state.withLock { state in
      state.commits += 1
      state.total += 1
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

  /// Has the log cut when the burst is over, where it is long and nobody waits for that yet.
  private func watchLongLog() {
    guard !state.withLock({ $0.isWatched }), isLong else { return }
    let isFirst = state.withLock { state in
      defer { state.isWatched = true }
      return !state.isWatched
    }
    if isFirst { watch() }
  }

  private var isLong: Bool {
    var information = stat()
    return stat(path + "-wal", &information) == 0 && Int(information.st_size) > Self.short
  }

  /// Waits until nothing was written for a while, then cuts the log.
  private func watch() {
    let before = state.withLock { $0.total }
    DispatchQueue.global(qos: .utility).asyncAfter(deadline: .now() + Self.pause) { [weak self] in
      guard let self else { return }
      guard state.withLock({ $0.total }) == before else { return watch() }
      state.withLock { $0.isWatched = false }
      cut()
    }
  }

  /// Cuts a log that is long. It waits for nobody: who writes or reads meanwhile goes first, and the next
  /// pause is another chance.
  private func cut() {
    guard isLong else { return }
    try? connection()?.inDatabase { database in
      // First what takes no lock, so that the rest is short.
      try database.execute(sql: "PRAGMA wal_checkpoint(PASSIVE)")
      try database.execute(sql: "PRAGMA busy_timeout = 0")
      defer { try? database.execute(sql: "PRAGMA busy_timeout = 1000") }
      try database.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)")
    }
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
