import Foundation
import Glibc
import Synchronization

/// `fettled`, running.
public final class Daemon: Sendable {
  private let process: pid_t
  private let logPath: String
  /// Whether somebody waited for its end: its number may be another's then.
  private let hasEnded = Atomic(false)

  /// Starts it on a store, listening on a free port of the loopback interface.
  public init(
    store: String, in folder: TemporaryFolder, _ arguments: [String] = [],
    environment: [String: String] = [:]
  ) throws {
    logPath = folder.path + "/fettled-\(UUID().uuidString).log"
    let variables = ProcessInfo.processInfo.environment.merging(
      ["HOME": folder.path].merging(environment) { $1 }
    ) { $1 }
    process = try Spawn.start(
      Program.folder + "/fettled",
      ["--store", store]
        + (arguments.contains("--listen") ? [] : ["--listen", "127.0.0.1:0"]) + arguments,
      environment: variables.map { "\($0.key)=\($0.value)" }, input: try folder.file("in", ""),
      output: folder.path + "/fettled.out", errors: logPath)
  }

  deinit {
    // A test that failed stops nothing.
    guard !hasEnded.load(ordering: .relaxed) else { return }
    Spawn.kill(process)
    _ = Spawn.waitNow(process)
  }

  /// What it has logged.
  public var log: String { (try? String(contentsOfFile: logPath, encoding: .utf8)) ?? "" }

  /// Waits until it listens.
  /// - Returns: its base URL, without a slash at the end.
  public func base() async throws -> String {
    for _ in 0..<1200 {
      if let found = log.firstRange(of: "message=listening url=") {
        return String(log[found.upperBound...].prefix { !$0.isWhitespace })
      }
      try await Task.sleep(for: .milliseconds(25))
    }
    throw TmuxSession.TimedOut(description: "the daemon does not listen: \(log)")
  }

  /// Asks it to read again what it knows.
  public func reload() { Glibc.kill(process, SIGHUP) }

  /// Kills it with signal 9 and waits until it is gone.
  public func kill() async throws {
    Spawn.kill(process)
    _ = try await wait()
  }

  /// The number of its process.
  public var number: Int32 { process }

  /// Waits until it ends by itself.
  /// - Returns: its exit status.
  public func wait() async throws -> Int32 {
    let status = try await Spawn.wait(process)
    hasEnded.store(true, ordering: .relaxed)
    return status
  }

  /// Asks it to stop, as an init system does, and waits until it has.
  /// - Returns: its exit status.
  public func stop() async throws -> Int32 {
    Glibc.kill(process, SIGTERM)
    return try await wait()
  }
}
