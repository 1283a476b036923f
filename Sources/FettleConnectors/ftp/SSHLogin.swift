import FettleCore

/// Why a server of SFTP let nobody in, from what was tried and what curl says of it.
struct SSHLogin {
  private let server: FileServerAddress
  private let lines: [String]
  private let target: String

  init(_ server: FileServerAddress, _ lines: [String]) {
    self.server = server
    self.lines = lines
    target = server.address.target
  }

  /// The failure: of our own key, which a person has to mend, or of the login.
  var error: ModuleError {
    let who = server.address.user ?? "anybody"
    if let key = server.keyFile { return error(key, who) }
    if let ways, !ways.contains("password"), !ways.contains("keyboard-interactive") {
      return ModuleError(
        .invalidConfiguration,
        "\(target) takes no passwords (but \(ways.joined(separator: ", "))); set key-file \(again)")
    }
    return ModuleError(
      .invalidAccessToken,
      "\(target) does not let \(who) in: the user or the password are not accepted; set the right "
        + "ones \(again)")
  }

  private func error(_ key: SSHKeyFile, _ who: String) -> ModuleError {
    if let ways, !ways.contains("publickey") {
      return ModuleError(
        .invalidConfiguration,
        "\(target) takes no keys (but \(ways.joined(separator: ", "))); set a password and no "
          + "key-file \(again)")
    }
    if couldNotRead {
      return ModuleError(
        .invalidConfiguration,
        key.isEncrypted
          ? "the passphrase does not open the key file \(key.path); set the right one \(again)"
          : "the key file \(key.path) is of a kind that \(SSHLibrary.name ?? "curl") cannot read; "
            + "'ssh-keygen -t ed25519 -f NEW' makes one that it can")
    }
    if key.isRSA ?? false, SSHLibrary.signsRSAWithSHA1 {
      return ModuleError(
        .invalidAccessToken,
        "\(target) does not let \(who) in with the RSA key \(key.path). \(SSHLibrary.name ?? "libssh2") "
          + "signs with RSA over SHA-1 alone, which OpenSSH refuses since 8.8 (libssh2 can do more since "
          + "1.11): make another key with 'ssh-keygen -t ed25519 -f NEW', add NEW.pub to the keys that "
          + "the server takes for \(who), and set key-file \(again)")
    }
    return ModuleError(
      .invalidAccessToken,
      "\(target) does not let \(who) in with the key \(key.path); add its public half to the keys that "
        + "the server takes for \(who) (authorized_keys), or set another key-file \(again)")
  }

  private var again: String { "with 'fettle connection add \(server.connection) sftp --replace'" }

  /// What the server takes, as curl tells it; nil where it did not come to that.
  private var ways: [String]? {
    let start = "SSH authentication methods available: "
    return lines.last { $0.hasPrefix(start) }?.dropFirst(start.count).split(separator: ",")
      .map(String.init)
  }

  /// Whether the key never came to the server: libssh2 says one of these of its file.
  private var couldNotRead: Bool {
    let said = lines.last { $0.contains("public key authentication failed") } ?? ""
    return ["Unable to extract public key", "from file", "Callback returned error"].contains {
      said.contains($0)
    }
  }
}
