import Foundation
import Glibc

extension RealServer {
  /// Where OpenSSH's server is; nil where it is not installed.
  public static let sshd = installed("sshd")

  /// Starts OpenSSH's server. The folder holds its key, `host`, and the keys that it lets in, `allowed`.
  /// - Parameters:
  ///   - ways: what its configuration says of the ways in.
  ///   - wrapper: a command line that begins it, such as one that sets a limit first: it is given the
  ///     words of the server behind its own.
  public static func ssh(
    in folder: TemporaryFolder, ways: String = "PasswordAuthentication no", wrapper: [String] = []
  ) async throws -> RealServer {
    if geteuid() == 0 {
      // sshd asks for it before it gives up its rights.
      try FileManager.default.createDirectory(
        atPath: "/run/sshd", withIntermediateDirectories: true)
    }
    let port = freePort()
    let configuration = try folder.file(
      "sshd_config-\(port)",
      """
      ListenAddress 127.0.0.1:\(port)
      HostKey \(folder.path)/host
      PidFile none
      UsePAM no
      StrictModes no
      PermitRootLogin yes
      KbdInteractiveAuthentication no
      \(ways)
      AuthorizedKeysFile \(folder.path)/allowed
      Subsystem sftp internal-sftp

      """)
    let words = wrapper + [sshd ?? "sshd", "-D", "-e", "-f", configuration]
    return try await RealServer(words[0], Array(words.dropFirst()), port: port, in: folder)
  }

  /// The fingerprint of the key of a server of that folder, as `ssh-keygen -l` prints it.
  public static func hostFingerprint(in folder: TemporaryFolder) async throws -> String {
    try await run(
      installed("ssh-keygen") ?? "ssh-keygen", ["-l", "-f", folder.path + "/host.pub"], in: folder
    ).split(separator: " ").dropFirst().first.map(String.init) ?? ""
  }
}
