import FettleCore
import Glibc

/// The file of a private key, as far as it can be known without its passphrase. It is looked at before
/// a transfer: the libraries call whatever is wrong with it a login that was denied.
struct SSHKeyFile: Sendable, Hashable {
  let path: String
  /// Whether a passphrase opens it.
  let isEncrypted: Bool
  /// Whether its kind is RSA; nil where the passphrase hides that.
  let isRSA: Bool?

  /// The key file of a connection.
  /// - Throws: `InvalidConfigurationError` that says what is wrong with it and what to do.
  init(of open: OpenConnection) throws(ModuleError) {
    let name = open.connection.name
    let again = "set it with 'fettle connection add \(name) sftp --replace'"
    guard let path = open.setting("key-file") else {
      throw Self.error("the connection \"\(name)\" has an empty key-file; \(again)")
    }
    self.path = path
    let bytes = try Self.content(path, again)
    guard let form = Form.of(bytes) else { throw Self.unknown(path, bytes) }
    isEncrypted = form.isEncrypted
    isRSA = form.isRSA
    guard !isEncrypted || open.secret("passphrase") != nil else {
      throw Self.error(
        "the key file \(path) is encrypted and the connection \"\(name)\" has no passphrase; \(again)"
      )
    }
  }

  private static func error(_ text: String) -> ModuleError {
    ModuleError(.invalidConfiguration, text)
  }

  private static func content(_ path: String, _ again: String) throws(ModuleError) -> [UInt8] {
    var status = stat()
    guard stat(path, &status) == 0 else {
      let home = path.hasPrefix("~") ? " (~ stands for nothing here: give the whole path)" : ""
      throw error(
        errno == ENOENT || errno == ENOTDIR
          ? "the key file \(path) is not there\(home); put it there, or \(again)"
          : "the key file \(path) cannot be looked at: \(String(cString: strerror(errno)))")
    }
    guard status.st_mode & S_IFMT != S_IFDIR else {
      throw error("the key file \(path) is a folder; \(again)")
    }
    guard access(path, R_OK) == 0, let bytes = LocalFile.bytes(path) else {
      throw error(
        "the key file \(path) cannot be read by the user of this program (\(geteuid())); give it to "
          + "that user, and to nobody else")
    }
    return bytes
  }

  /// What is no private key, by what it is.
  private static func unknown(_ path: String, _ bytes: [UInt8]) -> ModuleError {
    let text = String(decoding: bytes.prefix(4096), as: UTF8.self)
    if text.hasPrefix("PuTTY-User-Key-File-") {
      return error(
        "the key file \(path) is one of PuTTY; 'puttygen \(path) -O private-openssh -o NEW' writes it "
          + "in the form that is read here")
    }
    let isPublic =
      ["ssh-", "ecdsa-", "sk-"].contains { text.hasPrefix($0) } || text.contains("PUBLIC KEY-----")
    if isPublic {
      return error(
        "the key file \(path) holds a public key; the private one is needed, which ssh-keygen writes "
          + "into the file without .pub")
    }
    return error(
      "the key file \(path) holds no private key in a known form; 'ssh-keygen -t ed25519 -f NEW' "
        + "makes one")
  }

  /// What the text of a key says of it.
  private struct Form {
    let isEncrypted: Bool
    let isRSA: Bool?

    static func of(_ bytes: [UInt8]) -> Form? {
      let text = String(decoding: bytes, as: UTF8.self)
      guard let begin = text.firstRange(of: "-----BEGIN "),
        let kindEnd = text[begin.upperBound...].firstRange(of: "PRIVATE KEY-----"),
        let end = text[kindEnd.upperBound...].firstRange(of: "-----END ")
      else { return nil }
      let body = text[kindEnd.upperBound..<end.lowerBound]
      // The headers of the older form (RFC 1421) are no base64.
      let base64 = body.split(whereSeparator: \.isNewline).filter { !$0.contains(":") }.joined()
      switch text[begin.upperBound..<kindEnd.lowerBound].trimmingASCIISpace {
      case "OPENSSH": return openSSH(Buffer(base64: base64)?.bytes ?? [])
      case "RSA": return Form(isEncrypted: body.contains("ENCRYPTED"), isRSA: true)
      case "EC", "DSA": return Form(isEncrypted: body.contains("ENCRYPTED"), isRSA: false)
      case "ENCRYPTED": return Form(isEncrypted: true, isRSA: nil)
      case "":
        let start = (Buffer(base64: base64)?.bytes ?? []).prefix(64)
        return Form(isEncrypted: false, isRSA: start.firstRange(of: rsaEncryption) != nil)
      default: return nil
      }
    }

    /// `rsaEncryption`, 1.2.840.113549.1.1.1 (RFC 8017 A.1), as DER writes it.
    private static let rsaEncryption: [UInt8] = [
      0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01,
    ]

    /// The form of OpenSSH (its file PROTOCOL.key): the name of the cipher and the public key stand in
    /// the clear.
    private static func openSSH(_ bytes: [UInt8]) -> Form? {
      let magic = Array("openssh-key-v1\0".utf8)
      guard bytes.starts(with: magic) else { return nil }
      var rest = bytes.dropFirst(magic.count)
      func field(_ rest: inout ArraySlice<UInt8>) -> [UInt8]? {
        guard rest.count >= 4 else { return nil }
        let count = rest.prefix(4).reduce(0) { $0 << 8 | Int($1) }
        rest = rest.dropFirst(4)
        guard rest.count >= count else { return nil }
        defer { rest = rest.dropFirst(count) }
        return Array(rest.prefix(count))
      }
      guard let cipher = field(&rest), field(&rest) != nil, field(&rest) != nil else { return nil }
      rest = rest.dropFirst(4)
      guard let key = field(&rest) else { return nil }
      var inner = key[...]
      guard let kind = field(&inner) else { return nil }
      return Form(
        isEncrypted: cipher != Array("none".utf8), isRSA: kind == Array("ssh-rsa".utf8))
    }
  }
}
