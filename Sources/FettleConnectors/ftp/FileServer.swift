import FettleCore

/// What every module of `ftp` and `sftp` does: it finds the server its account means and speaks to
/// it.
struct FileServer: Sendable {
  let transport: Transport
  let server: FileServerAddress
  let mask: Mask

  /// The server of a module's account.
  static func of(
    _ module: ModuleNode, _ transport: Transport, _ connections: any ConnectionOpening
  ) async throws(ModuleError) -> FileServer {
    guard let foreign = module.connection(in: ["account", "__IMTCONN__"]) else {
      throw ModuleError(
        .invalidConfiguration,
        "module \(module.id) names no account; its parameter account is empty", field: "account")
    }
    return try FileServer(try await connections.open(foreign.id, of: foreign.app), transport)
  }

  /// The server of a connection.
  init(_ open: OpenConnection, _ transport: Transport) throws(ModuleError) {
    self.transport = transport
    mask = open.mask
    let kind = open.connection.kind
    guard ["ftp", "sftp"].contains(kind) else {
      throw ModuleError(
        .invalidConfiguration,
        "the connection \"\(open.connection.name)\" is of the kind \(kind); ftp or sftp is needed")
    }
    let isSFTP = kind == "sftp"
    let security = isSFTP ? "none" : open.setting("security") ?? "none"
    let isTLS = security == "tls"
    var address = ServerAddress(
      scheme: isSFTP ? "sftp" : isTLS ? "ftps" : "ftp", host: try open.required("host"),
      port: open.setting("port").flatMap { Int($0) } ?? (isSFTP ? 22 : isTLS ? 990 : 21))
    address.upgrades = security == "starttls"
    address.user = open.setting("user") ?? (isSFTP ? nil : "anonymous")
    address.password = open.secret("password") ?? (isSFTP ? nil : "anonymous@")
    address.trust.certificatesFile = open.setting("ca")
    address.trust.verifies = open.setting("verify").map { !["no", "false"].contains($0) } ?? true
    address.timeoutMilliseconds = try open.timeoutMilliseconds(120_000, most: 120)
    guard !isSFTP || open.setting("host-key") != nil || open.setting("known-hosts") != nil
    else {
      throw ModuleError(
        .invalidConfiguration,
        "the connection \"\(open.connection.name)\" does not say whom to trust: set host-key to "
          + "what 'ssh-keyscan HOST | ssh-keygen -lf -' prints, or known-hosts to a file")
    }
    let isByKey = isSFTP && open.connection.settings["key-file"] != nil
    guard !isSFTP || isByKey || address.password != nil else {
      throw ModuleError(
        .invalidConfiguration,
        "the connection \"\(open.connection.name)\" has neither key-file nor password; set one with "
          + "'fettle connection add \(open.connection.name) sftp --replace'")
    }
    server = FileServerAddress(
      address: address, connection: open.connection.name,
      keyFile: isByKey ? try SSHKeyFile(of: open) : nil, passphrase: open.secret("passphrase"),
      hostKey: open.setting("host-key").map {
        $0.hasPrefix("SHA256:") ? String($0.dropFirst(7)) : $0
      },
      knownHosts: open.setting("known-hosts"))
  }

  /// Carries out a job about a path.
  func perform(_ job: CurlJob, _ path: String) async throws(ModuleError) -> CurlAnswer {
    switch await transport.perform(job) {
    case .success(let answer): return answer
    case .failure(let failure):
      throw mask.masked(FTPErrorMap.error(failure, server, path))
    }
  }

  /// The files and folders in a folder, by name.
  func list(_ folder: String) async throws(ModuleError) -> [FileEntry] {
    if !server.isSFTP {
      // MLSD is exact and the same everywhere; servers without it only have a listing for people.
      do throws(ModuleError) {
        let answer = try await perform(.listing(folder, of: server, facts: true), folder)
        return FileEntry.facts(String(decoding: answer.body, as: UTF8.self), in: folder)
      } catch  where error.message.contains(": 500") || error.message.contains(": 502") {}
    }
    let answer = try await perform(.listing(folder, of: server, facts: false), folder)
    return FileEntry.listing(String(decoding: answer.body, as: UTF8.self), in: folder)
  }

  /// Commands in the words of the protocol.
  func run(_ command: FileCommand) async throws(ModuleError) {
    let (words, path) = server.isSFTP ? command.sftp : command.ftp
    _ = try await perform(.commands(words, of: server), path)
  }
}

/// Something that is done to a file or a folder.
enum FileCommand: Sendable {
  case move(from: String, to: String)
  case delete(String)
  case makeFolder(String)
  case removeFolder(String)

  /// As FTP says it.
  var ftp: ([String], String) {
    switch self {
    case .move(let from, let to): (["RNFR \(from)", "RNTO \(to)"], from)
    case .delete(let path): (["DELE \(path)"], path)
    case .makeFolder(let path): (["MKD \(path)"], path)
    case .removeFolder(let path): (["RMD \(path)"], path)
    }
  }

  /// As curl says it over SFTP.
  var sftp: ([String], String) {
    switch self {
    case .move(let from, let to): (["rename \(Self.quoted(from)) \(Self.quoted(to))"], from)
    case .delete(let path): (["rm \(Self.quoted(path))"], path)
    case .makeFolder(let path): (["mkdir \(Self.quoted(path))"], path)
    case .removeFolder(let path): (["rmdir \(Self.quoted(path))"], path)
    }
  }

  private static func quoted(_ path: String) -> String { MailFolder.quotedText(path) }
}

/// A file or a folder, as a listing tells it.
struct FileEntry: Sendable, Hashable {
  var name: String
  var path: String
  var isFolder: Bool
  var size: Int?
  var modified: Instant?

  /// The bundle of it.
  var bundle: Bundle {
    [
      "name": .text(name), "fileName": .text(name), "path": .text(path),
      "type": isFolder ? "directory" : "file", "size": size.map { .integer($0) } ?? .null,
      "modified": modified.map(Value.date) ?? .null,
    ]
  }

  private static func joined(_ folder: String, _ name: String) -> String {
    folder.isEmpty || folder.hasSuffix("/") ? folder + name : "\(folder)/\(name)"
  }

  /// Lines of MLSD (RFC 3659): `type=file;size=3;modify=20261125201405; a name`.
  static func facts(_ text: String, in folder: String) -> [FileEntry] {
    text.split(whereSeparator: \.isNewline).compactMap { line -> FileEntry? in
      guard let blank = line.firstIndex(of: " ") else { return nil }
      var facts: [String: String] = [:]
      for fact in line[..<blank].split(separator: ";") {
        let pair = fact.split(separator: "=", maxSplits: 1)
        if pair.count == 2 { facts[pair[0].lowercased()] = String(pair[1]) }
      }
      let type = facts["type"]?.lowercased() ?? "file"
      guard type == "file" || type == "dir" else { return nil }
      let name = String(line[line.index(after: blank)...])
      return FileEntry(
        name: name, path: joined(folder, name), isFolder: type == "dir",
        size: facts["size"].flatMap { Int($0) }, modified: facts["modify"].flatMap(instant))
    }.sorted { $0.name < $1.name }
  }

  /// `20261125201405`, with or without fractions of a second, in UTC.
  private static func instant(_ text: String) -> Instant? {
    let digits = text.prefix(14)
    guard digits.count == 14, digits.allSatisfy(\.isNumber) else { return nil }
    func number(_ from: Int, _ count: Int) -> Int {
      Int(digits.dropFirst(from).prefix(count)) ?? 0
    }
    var time = CivilTime(year: number(0, 4), month: number(4, 2), day: number(6, 2))
    (time.hour, time.minute, time.second) = (number(8, 2), number(10, 2), number(12, 2))
    return time.isValid ? time.instant(offsetSeconds: 0) : nil
  }

  /// Lines as `ls -l` writes them; the date is left out, because it has no year.
  static func listing(_ text: String, in folder: String) -> [FileEntry] {
    text.split(whereSeparator: \.isNewline).compactMap { line -> FileEntry? in
      let words = line.split(separator: " ", maxSplits: 8, omittingEmptySubsequences: true)
      guard words.count == 9, let kind = words[0].first, "-dl".contains(kind) else { return nil }
      var name = String(words[8])
      if kind == "l", let arrow = name.firstRange(of: " -> ") {
        name = String(name[..<arrow.lowerBound])
      }
      guard name != ".", name != ".." else { return nil }
      return FileEntry(
        name: name, path: joined(folder, name), isFolder: kind == "d", size: Int(words[4]),
        modified: nil)
    }.sorted { $0.name < $1.name }
  }
}
