import Foundation
import Glibc

/// `fettled`, running.
public final class Daemon: Sendable {
  private let process: pid_t
  private let logPath: String

  /// Starts it on a store.
  public init(store: String, in folder: TemporaryFolder) throws {
    logPath = folder.path + "/fettled.log"
    let variables = ProcessInfo.processInfo.environment.merging(["HOME": folder.path]) { $1 }
    process = try Spawn.start(
      Program.folder + "/fettled", ["--store", store],
      environment: variables.map { "\($0.key)=\($0.value)" }, input: try folder.file("in", ""),
      output: folder.path + "/fettled.out", errors: logPath)
  }

  /// What it has logged.
  public var log: String { (try? String(contentsOfFile: logPath, encoding: .utf8)) ?? "" }

  /// Waits until it ends by itself.
  /// - Returns: its exit status.
  public func wait() async throws -> Int32 { try await Spawn.wait(process) }

  /// Asks it to stop, as an init system does, and waits until it has.
  /// - Returns: its exit status.
  public func stop() async throws -> Int32 {
    kill(process, SIGTERM)
    return try await Spawn.wait(process)
  }
}
