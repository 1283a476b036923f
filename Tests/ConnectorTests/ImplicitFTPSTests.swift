@testable import FettleConnectors
import FettleCore
import FettleTestKit
import Foundation
import Testing

/// Debian's servers of FTP exclude one another, and pure-ftpd does not speak TLS from the first byte:
/// pyftpdlib does, when it is told to begin with it.
private let python: String? =
  FileManager.default.fileExists(atPath: "/usr/lib/python3/dist-packages/pyftpdlib")
  ? "/usr/bin/python3" : nil

@Suite(
  "Files over FTPS with TLS from the first byte: pyftpdlib",
  .enabled(if: python != nil, "python3-pyftpdlib is not installed; .ci/install does it"), .fewAtOnce
)
struct ImplicitFTPSTests {
  let folder: TemporaryFolder
  let certificates: Certificates

  init() async throws {
    folder = try TemporaryFolder()
    certificates = try await Certificates(in: folder)
    try FileManager.default.createDirectory(
      atPath: folder.path + "/home", withIntermediateDirectories: true)
  }

  /// - Parameter secures: whether it takes data over TLS, too.
  private func server(secures: Bool = true) async throws -> RealServer {
    let port = RealServer.freePort()
    let both = try folder.file(
      "both.pem", try certificates.text("server.pem") + certificates.text("server.key"))
    let script = try folder.file(
      "ftps-\(port).py",
      """
      from pyftpdlib.authorizers import DummyAuthorizer
      from pyftpdlib.handlers import TLS_DTPHandler, TLS_FTPHandler
      from pyftpdlib.servers import FTPServer
      class Patient(TLS_DTPHandler):
          # Its own hangs up on who begins with TLS before there is a command.
          def readable(self):
              return self._ssl_want_read or self.receive
      class Implicit(TLS_FTPHandler):
          dtp_handler = Patient
          certfile = '\(both)'
          auth_failed_timeout = 0
          def handle(self):
              self.secure_connection(self.ssl_context)
              super().handle()
          def ftp_AUTH(self, line):
              self.respond('503 TLS already.')
          def ftp_PROT(self, line):
              \(secures ? "super().ftp_PROT(line)" : "self.respond('536 in the clear alone')")
      Implicit.authorizer = DummyAuthorizer()
      Implicit.authorizer.add_user('ada', 'correct horse', '\(folder.path)/home', perm='elradfmw')
      FTPServer(('127.0.0.1', \(port)), Implicit).serve_forever()
      """)
    return try await RealServer(
      python ?? "", [script], port: port, in: folder,
      environment: ["PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": ""])
  }

  private func files(
    _ server: RealServer, password: String = "correct horse", ca: String = "ca.pem"
  ) -> Files {
    Files(
      app: "ftp",
      connections: TestConnections(
        [
          "5": Connection(
            name: "ftps", kind: "ftp",
            settings: [
              "host": "127.0.0.1", "port": .integer(Int(server.port)), "user": "ada",
              "security": "tls", "ca": .text(certificates.path(ca)),
            ])
        ], secrets: ["ftps": ["password": password]]), root: "/")
  }

  @Test("the life of a file")
  func life() async throws {
    let server = try await server()
    try await files(server).live()
    withExtendedLifetime(server) {}
  }

  @Test("a folder is watched; what was emitted is emitted again until it is committed")
  func watch() async throws {
    let server = try await server()
    try await files(server).watch()
    withExtendedLifetime(server) {}
  }

  @Test("wrong login, wrong authority; who trusts another gets no use of a kept connection")
  func errors() async throws {
    let server = try await server()
    let list: Collection = ["path": "/"]
    #expect(await files(server).error("ActionListFiles", list) == nil)
    let login = await files(server, password: "wrong-password").error("ActionListFiles", list)
    #expect(login?.type == .invalidAccessToken, "\(login?.message ?? "no failure")")
    #expect(login?.message.contains("wrong-password") == false)
    let trust = await files(server, ca: "client.pem").error("ActionListFiles", list)
    #expect(trust?.type == .connection, "\(trust?.message ?? "no failure")")
    #expect(trust?.message.contains("cannot be trusted") == true)
    withExtendedLifetime(server) {}
  }

  @Test("a server that wants the data in the clear is not given it")
  func clear() async throws {
    let server = try await server(secures: false)
    let error = await files(server).error(
      "ActionUploadFile", ["path": "/", "fileName": "a", "data": "private"])
    #expect(error?.type == .invalidConfiguration, "\(error?.message ?? "no failure")")
    withExtendedLifetime(server) {}
    let left = try FileManager.default.contentsOfDirectory(atPath: folder.path + "/home")
    #expect(left.isEmpty)
  }
}
