import Foundation
import Glibc
import Synchronization

/// A server of somebody else's, started by a test on a free port of the loopback interface, in a
/// folder of its own, and ended with the test.
public final class RealServer: Sendable {
  /// Its port.
  public let port: UInt16
  private let process: pid_t
  private let logPath: String

  /// It did not begin to listen.
  public struct NotListening: Error, CustomStringConvertible {
    let program: String
    let log: String
    /// What it said.
    public var description: String { "\(program) does not listen: \(log)" }
  }

  /// Starts a program that stays in the foreground.
  /// - Parameters:
  ///   - port: where it will listen, as `freePort()` gave it.
  ///   - environment: added to that of the tests.
  public init(
    _ program: String, _ arguments: [String], port: UInt16, in folder: TemporaryFolder,
    environment: [String: String] = [:]
  ) async throws {
    self.port = port
    let name = program.split(separator: "/").last.map(String.init) ?? program
    logPath = "\(folder.path)/\(name)-\(port).log"
    let variables = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    process = try Spawn.start(
      program, arguments, environment: variables.map { "\($0.key)=\($0.value)" },
      input: "/dev/null", output: logPath, errors: logPath + ".err", isLeader: true)
    let deadline = ContinuousClock.now + .seconds(30)
    while !Self.accepts(port) {
      guard ContinuousClock.now < deadline, !hasEnded else {
        throw NotListening(program: program, log: log)
      }
      try await Task.sleep(for: .milliseconds(5))
    }
  }

  deinit {
    // It leads a group of its own, so that its children go with it.
    kill(-process, SIGTERM)
    var status: Int32 = 0
    for _ in 0..<400 where waitpid(process, &status, WNOHANG) == 0 { usleep(5000) }
    kill(-process, SIGKILL)
    waitpid(process, &status, 0)
  }

  private var hasEnded: Bool { Spawn.hasEnded(process) }

  /// What it said so far.
  public var log: String {
    [logPath, logPath + ".err"].compactMap { try? String(contentsOfFile: $0, encoding: .utf8) }
      .joined()
  }

  private static let given = Mutex<Set<UInt16>>([])

  /// A port that nobody listens at now, below those that the system gives out by itself, so that no
  /// other test is given it before the server has it.
  public static func freePort() -> UInt16 {
    while true {
      let port = UInt16.random(in: 10_000...29_999)
      if given.withLock({ $0.insert(port).inserted }), !accepts(port), canListen(port) {
        return port
      }
    }
  }

  private static func canListen(_ port: UInt16) -> Bool {
    let descriptor = LoopbackPort.socket()
    defer { close(descriptor) }
    return LoopbackPort(port).bind(descriptor)
  }

  private static func accepts(_ port: UInt16) -> Bool {
    let descriptor = LoopbackPort.socket()
    defer { close(descriptor) }
    return LoopbackPort(port).connect(descriptor)
  }

  /// A program did not do what it was run for.
  public struct Failed: Error, CustomStringConvertible {
    let program: String
    let status: Int32
    let log: String
    /// What it said.
    public var description: String { "\(program) ended with \(status): \(log)" }
  }

  /// Runs a program that ends by itself, and returns what it says.
  @discardableResult public static func run(
    _ program: String, _ arguments: [String], input: String = "", in folder: TemporaryFolder
  ) async throws -> String {
    let log = "\(folder.path)/run-\(UInt32.random(in: 0 ... .max)).log"
    let process = try Spawn.start(
      program, arguments, environment: [], input: try folder.file("run-in", input), output: log,
      errors: log + ".err")
    let status = try await Spawn.wait(process)
    let output = try String(contentsOfFile: log, encoding: .utf8)
    guard status == 0 else {
      let errors = (try? String(contentsOfFile: log + ".err", encoding: .utf8)) ?? ""
      throw Failed(program: program, status: status, log: output + errors)
    }
    return output
  }

  /// The first of these programs that is installed.
  public static func installed(_ names: String...) -> String? {
    for name in names {
      for folder in ["/usr/sbin", "/usr/bin", "/usr/lib/openssh", "/usr/libexec"] {
        let path = "\(folder)/\(name)"
        if FileManager.default.isExecutableFile(atPath: path) { return path }
      }
    }
    return nil
  }
}

/// Keys and certificates for one test, made by openssl: an authority, a server on 127.0.0.1 and a
/// client it vouches for.
public struct Certificates: Sendable {
  /// The folder with `ca.pem`, `server.pem`, `server.key`, `client.pem`, `client.key`.
  public let folder: String

  /// Makes them in a folder.
  public init(in folder: TemporaryFolder) async throws {
    self.folder = folder.path
    let extensions = try folder.file(
      "server.ext", "subjectAltName=IP:127.0.0.1,DNS:localhost\nbasicConstraints=CA:FALSE\n")
    let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    try await openssl(
      ["req", "-x509"] + key + [
        "-keyout", path("ca.key"), "-out", path("ca.pem"), "-days", "2", "-subj", "/CN=Test CA",
        "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign",
      ])
    for (name, subject) in [("server", "/CN=localhost"), ("client", "/CN=ada")] {
      try await openssl(
        ["req"] + key + [
          "-keyout", path("\(name).key"), "-out", path("\(name).csr"), "-subj", subject,
        ])
      try await openssl([
        "x509", "-req", "-in", path("\(name).csr"), "-CA", path("ca.pem"), "-CAkey",
        path("ca.key"), "-CAcreateserial", "-out", path("\(name).pem"), "-days", "2", "-extfile",
        extensions,
      ])
    }
  }

  /// The path of one of the files.
  public func path(_ name: String) -> String { "\(folder)/\(name)" }

  /// The content of one of the files.
  public func text(_ name: String) throws -> String {
    try String(contentsOfFile: path(name), encoding: .utf8)
  }

  private func openssl(_ arguments: [String]) async throws {
    let log = path("openssl.log")
    let process = try Spawn.start(
      "/usr/bin/openssl", arguments, environment: [], input: "/dev/null", output: log, errors: log)
    let status = try await Spawn.wait(process)
    guard status == 0 else {
      throw RealServer.Failed(
        program: "openssl \(arguments.first ?? "")", status: status,
        log: (try? String(contentsOfFile: log, encoding: .utf8)) ?? "")
    }
  }
}
