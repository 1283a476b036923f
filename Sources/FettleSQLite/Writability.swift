public import FettleCore
import GRDB
import Glibc
import Synchronization

extension SQLiteStore: StoreHealth {
  /// The file.
  public var path: String { file.path }

  /// What the file system has free for the store.
  public var freeBytes: Int? { StoreFile(path: path).freeBytes }

  /// What keeps the store from being written to.
  public func trouble(probing: Bool) async -> StoreTrouble? {
    let known = writability.trouble
    guard probing || known != nil else { return writability.note(room(freeBytes)) }
    if writability.beginProbe() {
      // It may wait for the lock for longer than whoever asks.
      Task {
        writability.endProbe(await probe(forRoom: known?.isForRoom == true))
      }
    }
    let deadline = ContinuousClock.now + Writability.patience
    while writability.isProbing, ContinuousClock.now < deadline {
      try? await Task.sleep(for: .milliseconds(10))
      if Task.isCancelled { break }
    }
    if writability.isProbing {
      // A disk that is busy is no trouble; a lock that nobody gives back is.
      let holder = LockHolder(of: path)
      if holder?.isStopped == true || writability.isOverdue {
        writability.note(.busy(holder?.description ?? "what is to be written waits for too long"))
      }
    }
    return writability.trouble
  }

  /// The scenarios whose blueprint of today cannot be read.
  public func unreadableScenarios() async throws(StoreError) -> [UnreadableScenario] {
    try await reading { [self] database in
      let rows = rows(database)
      return try Row.fetchAll(
        try database.cachedStatement(
          sql: "SELECT id, name, blueprint FROM scenario WHERE blueprint IS NOT NULL ORDER BY name")
      ).compactMap { row in
        try rows.whyUnreadable(row["blueprint"], path: path).map {
          UnreadableScenario(id: ScenarioID(row["id"]), name: row["name"], reason: $0)
        }
      }
    }
  }

  /// Writes something.
  /// - Parameter forRoom: as much as an event or a record may need, because what is small fits where
  ///   nothing else does.
  private func probe(forRoom: Bool) async -> StoreError? {
    if forRoom { await group.shortenLog() }
    let bytes = forRoom ? Writability.room : 1
    do throws(StoreError) {
      try await committing { database in
        _ = try database.run(
          "INSERT OR REPLACE INTO probe VALUES (1, zeroblob(?))", .number(bytes))
      }
      try await committing { _ = try $0.run("DELETE FROM probe") }
    } catch { return error }
    return room(freeBytes)
  }

  private func room(_ free: Int?) -> StoreError? {
    guard let free, free < Writability.room else { return nil }
    return .full("its file system has \(free) bytes free")
  }
}

extension StoreTrouble {
  fileprivate var isForRoom: Bool { if case .full = error { true } else { false } }
}

/// What is known of writing to a store. A write that fails is trouble; what is written next may be
/// small enough to fit, so only a probe ends it.
final class Writability: Sendable {
  private struct State {
    var trouble: StoreTrouble?
    var isProbing = false
    var probed: ContinuousClock.Instant?
  }

  private let state = Mutex(State())

  /// How long whoever asks waits for a probe.
  static let patience = Duration.seconds(1.5)
  /// What has to be free for the store to be called well, in bytes.
  static let room = 1 << 20
  /// How long a probe may wait before that is trouble: as long as SQLite waits for the lock.
  private static let longest = Duration.seconds(10)
  /// A probe is a commit: that often at most.
  private static let pace = Duration.seconds(1)

  var trouble: StoreTrouble? { state.withLock { $0.trouble } }

  var isProbing: Bool { state.withLock { $0.isProbing } }

  /// Whether the probe that is under way has waited for too long.
  var isOverdue: Bool {
    state.withLock { state in
      state.isProbing && state.probed.map { .now - $0 > Self.longest } ?? false
    }
  }

  /// Notes what writing came to; what says nothing of the store itself is no trouble.
  @discardableResult func note(_ error: StoreError?) -> StoreTrouble? {
    switch error {
    case .full, .busy, .failed, .damaged: break
    default: return trouble
    }
    return state.withLock { state in
      if let error {
        state.trouble = StoreTrouble(error, since: state.trouble?.since ?? SystemClock().now())
      }
      return state.trouble
    }
  }

  /// - Returns: whether whoever asks is to probe.
  func beginProbe() -> Bool {
    state.withLock { state in
      let isDue = state.probed.map { .now - $0 >= Self.pace } ?? true
      guard !state.isProbing, isDue else { return false }
      (state.isProbing, state.probed) = (true, .now)
      return true
    }
  }

  func endProbe(_ error: StoreError?) {
    if error == nil { state.withLock { $0.trouble = nil } } else { note(error) }
    state.withLock { $0.isProbing = false }
  }
}

/// Who holds the lock under which a store is written to.
struct LockHolder: CustomStringConvertible {
  let process: Int
  let name: String
  let isStopped: Bool

  /// Nil when nobody else does, or the system does not say. The lock of a writer is byte 120 of the
  /// index of the log (SQLite, "WAL-mode file format", 2.3.1). The file is not opened: closing it would give up
  /// the locks this process has on it.
  init?(of path: String) {
    var information = stat()
    guard stat(path + "-shm", &information) == 0, let locks = Self.text("/proc/locks") else {
      return nil
    }
    let own = Int(getpid())
    for line in locks.split(separator: "\n") {
      // 1: POSIX ADVISORY WRITE 4711 fe:00:1234 120 120
      let parts = line.split(separator: " ")
      guard parts.count >= 8, parts[3] == "WRITE", let process = Int(parts[4]), process > 0,
        process != own, parts[5].split(separator: ":").last == "\(information.st_ino)",
        let first = Int(parts[6]), let last = Int(parts[7]), first <= 120, last >= 120
      else { continue }
      self.process = process
      let state = Self.text("/proc/\(process)/stat") ?? ""
      // 4711 (fettled) T 1 …
      name = String(state.drop { $0 != "(" }.dropFirst().prefix { $0 != ")" })
      isStopped =
        state.split(separator: ")").last?.split(separator: " ").first.map { "Tt".contains($0) }
        ?? false
      return
    }
    return nil
  }

  var description: String {
    "process \(process)\(name.isEmpty ? "" : " (\(name))") is writing to it"
      + (isStopped ? " and is stopped; `kill -CONT \(process)` lets it go on" : "")
  }

  private static func text(_ path: String) -> String? {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return nil }
    defer { close(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while bytes.count < 4_000_000 {
      let count = read(file, &chunk, chunk.count)
      guard count > 0 else { break }
      bytes += chunk[..<count]
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
