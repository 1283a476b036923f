import Foundation
public import Glibc

/// The program as it was built, run as a person runs it.
public struct Program: Sendable {
  /// What a run of the program gave.
  public struct Result: Sendable {
    /// The exit status; 128 and the signal's number when a signal ended it.
    public let status: Int32
    /// Standard output.
    public let output: String
    /// Standard error.
    public let errors: String
  }

  /// The folder the tests' program was built into, where the others lie too.
  public static let folder: String = {
    // The test bundle is handed to the runner as an argument, or is the runner itself.
    let arguments = CommandLine.arguments
    let bundle = arguments.first { $0.contains(".xctest") } ?? arguments.first ?? ""
    return URL(fileURLWithPath: bundle).deletingLastPathComponent().path
  }()

  /// The path of the `fettle` command.
  public static let path = folder + "/fettle"

  /// Runs `fettle` with these arguments, away from the store of whoever runs the tests. No thread
  /// waits meanwhile: tests share a few with the servers they talk to.
  /// - Parameters:
  ///   - life: after which time it is killed with signal 9; nil lets it end by itself.
  ///   - launcher: the program that starts it, with its arguments; empty starts it directly.
  public static func fettle(
    _ arguments: [String], input: String? = nil, home: String, environment: [String: String] = [:],
    life: Duration? = nil, launcher: [String] = []
  ) async throws -> Result {
    let folder = try TemporaryFolder()
    let variables = ProcessInfo.processInfo.environment.merging(
      ["HOME": home, "XDG_DATA_HOME": "", "LC_ALL": "C.UTF-8"].merging(environment) { $1 }
    ) { $1 }
    let (output, errors) = (folder.path + "/out", folder.path + "/err")
    let line = launcher + [path] + arguments
    let process = try Spawn.start(
      line[0], Array(line.dropFirst()), environment: variables.map { "\($0.key)=\($0.value)" },
      input: try folder.file("in", input ?? ""), output: output, errors: errors)
    if let life {
      try await Task.sleep(for: life)
      // Should it have ended by itself, it is still a child that nobody waited for: no other process
      // has its number.
      Spawn.kill(process)
    }
    return Result(
      status: try await Spawn.wait(process),
      output: try String(contentsOfFile: output, encoding: .utf8),
      errors: try String(contentsOfFile: errors, encoding: .utf8))
  }

  /// Starts another program and does not wait for it; what it prints goes into a file.
  public static func start(
    _ path: String, _ arguments: [String], output: String, in folder: TemporaryFolder
  ) throws -> pid_t {
    try Spawn.start(
      path, arguments, environment: ["PATH=/usr/bin:/bin", "HOME=\(folder.path)"],
      input: try folder.file("none", ""), output: output, errors: output + ".errors")
  }
}

/// A folder that goes away with the test that made it.
public final class TemporaryFolder: Sendable {
  /// Its path.
  public let path: String

  /// Makes a folder.
  public init() throws {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent(
      "fettle-test-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    path = url.path
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// A file could not be written.
  struct NotWritten: Error {
    let path: String
    let code: Int32
  }

  /// Writes a file into it and returns its path.
  ///
  /// Foundation's way leaves the open file to whatever program another test starts at that moment, and
  /// a script that somebody has open for writing cannot be started: "Text file busy".
  public func file(_ name: String, _ content: String) throws -> String {
    let path = "\(self.path)/\(name)"
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw NotWritten(path: path, code: errno) }
    defer { close(descriptor) }
    var rest = Array(content.utf8)[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
      guard count > 0 else { throw NotWritten(path: path, code: errno) }
      rest = rest.dropFirst(count)
    }
    return path
  }
}
