@testable import FettleConnectors
import FettleCore
import FettleTestKit
import Foundation

/// A real SMTP server that takes, refuses or keeps messages, by the name they are for.
struct SMTPServer {
  static let python: String? =
    FileManager.default.fileExists(atPath: "/usr/lib/python3/dist-packages/aiosmtpd")
    ? "/usr/bin/python3" : nil
  let server: RealServer
  let box: String

  /// What it answers to a recipient of that name.
  static let refusals = [
    "down": "421 4.3.2 going down", "busy": "450 4.2.1 mailbox busy",
    "trouble": "451 4.3.0 local trouble", "full": "452 4.2.2 mailbox full",
    "nobody": "550 5.1.1 no such user", "quota": "552 5.2.2 over quota",
    "later": "471 4.7.1 come later", "never": "554 5.7.1 refused",
  ]

  /// - Parameter security: `starttls`, `tls` or `none`.
  init(
    in folder: TemporaryFolder, certificates: Certificates, security: String = "starttls"
  ) async throws {
    box = folder.path + "/out"
    try FileManager.default.createDirectory(atPath: box, withIntermediateDirectories: true)
    let port = RealServer.freePort()
    let refusals = Self.refusals.map { "'\($0.key)': '\($0.value)'" }.joined(separator: ", ")
    let script = try folder.file(
      "smtp-\(port).py",
      """
      import asyncio, ssl
      from aiosmtpd.smtp import SMTP, AuthResult
      REFUSALS = {\(refusals)}
      class Handler:
          count = 0
          async def handle_RCPT(self, server, session, envelope, address, options):
              reply = REFUSALS.get(address.split('@')[0])
              if reply: return reply
              envelope.rcpt_tos.append(address)
              return '250 OK'
          async def handle_DATA(self, server, session, envelope):
              Handler.count += 1
              path = '\(box)/%d' % Handler.count
              with open(path + '.tmp', 'wb') as file: file.write(envelope.original_content)
              with open(path + '.to', 'w') as file: file.write(','.join(envelope.rcpt_tos))
              import os; os.rename(path + '.tmp', path + '.eml')
              return '250 OK'
      def authenticate(server, session, envelope, mechanism, data):
          good = data.login == b'ada@example.org' and data.password == b'correct horse'
          return AuthResult(success=good, handled=good)
      context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
      context.load_cert_chain('\(certificates.path("server.pem"))',
                              '\(certificates.path("server.key"))')
      security = '\(security)'
      def make():
          return SMTP(Handler(), tls_context=context if security == 'starttls' else None,
              require_starttls=security == 'starttls', auth_required=True,
              auth_require_tls=security == 'starttls', authenticator=authenticate,
              data_size_limit=200000, hostname='localhost')
      async def main():
          loop = asyncio.get_running_loop()
          server = await loop.create_server(make, '127.0.0.1', \(port),
              ssl=context if security == 'tls' else None)
          await server.serve_forever()
      asyncio.run(main())
      """)
    server = try await RealServer(
      Self.python ?? "", [script], port: port, in: folder,
      environment: ["PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": ""])
  }

  /// The messages it took, with the recipients of each.
  func messages() throws -> [(text: String, recipients: String)] {
    try FileManager.default.contentsOfDirectory(atPath: box).filter { $0.hasSuffix(".eml") }
      .sorted().map { name in
        (
          try String(contentsOfFile: "\(box)/\(name)", encoding: .utf8),
          try String(
            contentsOfFile: "\(box)/\(name.replacing(".eml", with: ".to"))", encoding: .utf8)
        )
      }
  }
}

/// A real mailbox.
struct IMAPServer {
  static let dovecot = RealServer.installed("dovecot")
  let server: RealServer
  let securePort: UInt16

  init(in folder: TemporaryFolder, certificates: Certificates) async throws {
    let path = folder.path + "/dovecot"
    let isRoot = geteuid() == 0
    let user = isRoot ? "mail" : NSUserName()
    for name in ["", "/run", "/mail"] {
      try FileManager.default.createDirectory(
        atPath: path + name, withIntermediateDirectories: true)
    }
    if isRoot {
      let mail = getpwnam("mail")?.pointee
      chown(path + "/mail", mail?.pw_uid ?? 8, mail?.pw_gid ?? 8)
    }
    _ = try folder.file("dovecot/users", "ada:{PLAIN}correct horse::::::\n")
    let port = RealServer.freePort()
    securePort = RealServer.freePort()
    let accounts =
      isRoot
      ? "" : "default_internal_user = \(user)\ndefault_login_user = \(user)\n"
    let configuration = try folder.file(
      "dovecot/dovecot.conf",
      """
      base_dir = \(path)/run
      state_dir = \(path)/run
      \(accounts)protocols = imap
      log_path = \(path)/dovecot.log
      listen = 127.0.0.1
      ssl = yes
      ssl_cert = <\(certificates.path("server.pem"))
      ssl_key = <\(certificates.path("server.key"))
      disable_plaintext_auth = no
      auth_failure_delay = 0
      mail_location = maildir:\(path)/mail/%u
      mail_plugins = quota
      first_valid_uid = 1
      passdb {
        driver = passwd-file
        args = scheme=plain \(path)/users
      }
      userdb {
        driver = static
        args = uid=\(user) gid=\(user) home=\(path)/mail/%u
      }
      plugin {
        quota = maildir:User quota
        quota_rule = *:storage=100K
      }
      namespace inbox {
        inbox = yes
        separator = /
      }
      service imap-login {
        inet_listener imap {
          port = \(port)
        }
        inet_listener imaps {
          port = \(securePort)
        }
      }
      service stats {
        chroot =
      }

      """)
    server = try await RealServer(
      Self.dovecot ?? "", ["-F", "-c", configuration], port: port, in: folder)
  }
}

enum MailReading {
  /// Puts a message into a folder, unread, as a delivery does.
  static func append(
    _ text: String, to folder: String, over connections: TestConnections
  ) async throws {
    let account = try MailServer.account(try await connections.open("5", of: "email"), kind: "imap")
    let mail = MailServer(transport: .shared, connections: connections)
    if folder != "INBOX" {
      _ = try? await mail.mailbox(
        .command("CREATE \(MailFolder.quoted(folder))", in: nil, of: account.server),
        account.server)
    }
    var job = account.server.job(MailFolder.path(folder), protocols: "imap,imaps")
    job.content = .upload(Array(text.utf8))
    _ = try await mail.mailbox(job, account.server)
    // curl marks what it appends as read.
    try await Mailbox(mail: mail, account: account, folder: folder)
      .command("STORE 1:* -FLAGS.SILENT (\\Seen)")
  }
}
