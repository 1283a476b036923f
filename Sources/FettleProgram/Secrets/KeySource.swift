import FettleCore
import Glibc

/// Where the key comes from that seals what lies in the store.
public enum KeySource: Sendable, Hashable {
  /// A file that holds it; only its owner may read it.
  /// - Parameter isMade: whether a missing file is made, with a fresh key, when something is sealed.
  case file(String, isMade: Bool)
  /// A command line whose output is the key, such as that of a password safe.
  case command(String)

  /// What the environment says: `FETTLE_KEY_FILE`, else `FETTLE_KEY_COMMAND`, else `fettle/key` in
  /// the XDG config home, which is made when it is first needed. Nil when there is no home.
  public static var environment: KeySource? {
    if let path = FettleProgram.environment("FETTLE_KEY_FILE"), !path.isEmpty {
      return .file(path, isMade: false)
    }
    if let line = FettleProgram.environment("FETTLE_KEY_COMMAND"), !line.isEmpty {
      return .command(line)
    }
    return configurationFolder.map { .file("\($0)/key", isMade: true) }
  }

  /// The folder of what people configure: `fettle` in the XDG config home; nil when there is no home.
  public static var configurationFolder: String? {
    let configHome = FettleProgram.environment("XDG_CONFIG_HOME") ?? ""
    if configHome.hasPrefix("/") { return "\(configHome)/fettle" }
    let home = FettleProgram.environment("HOME") ?? ""
    return home.hasPrefix("/") ? "\(home)/.config/fettle" : nil
  }

  /// How messages name the place. A command line may itself hold something secret.
  public var place: String {
    switch self {
    case .file(let path, _): path
    case .command: "FETTLE_KEY_COMMAND"
    }
  }

  /// Where the key lies that the one of a file took the place of: beside it.
  public var former: KeySource? {
    guard case .file(let path, _) = self else { return nil }
    return .file(path + ".old", isMade: false)
  }

  /// What tells one state of a file from another.
  struct Stamp: Equatable {
    private let parts: [Int]

    fileprivate init(_ status: stat) {
      parts = [
        Int(bitPattern: status.st_ino), status.st_size, status.st_mtim.tv_sec,
        status.st_mtim.tv_nsec, status.st_ctim.tv_sec, status.st_ctim.tv_nsec,
      ]
    }
  }

  /// The file as it is now; nil where there is none, and for a command.
  var stamp: Stamp? {
    guard case .file(let path, _) = self else { return nil }
    var status = stat()
    return fstatat(AT_FDCWD, path, &status, 0) == 0 ? Stamp(status) : nil
  }

  /// The key, where there is one.
  func keyIfThere() throws(SealingError) -> [UInt8]? {
    do throws(SealingError) { return try key(orMake: nil) } catch {
      guard case .missingKey = error else { throw error }
      return nil
    }
  }

  /// The key: 32 bytes.
  /// - Parameter fresh: makes a key, where one may be made.
  func key(orMake fresh: (() -> [UInt8])?) throws(SealingError) -> [UInt8] {
    switch self {
    case .command(let line):
      let answer: [UInt8]
      do throws(ShellCommand.Failure) { answer = try ShellCommand.output(of: line) } catch {
        throw .unavailable(place: place, reason: "its command \(error)")
      }
      return try decoded(answer)
    case .file(let path, let isMade):
      if let content = try readOwned(path) { return try decoded(content) }
      guard isMade, let fresh else { throw .missingKey(place: path) }
      let key = fresh()
      try make(path, key)
      // Another program may have made one at the same time: the one that is there counts.
      guard let content = try readOwned(path) else { throw .missingKey(place: path) }
      return try decoded(content)
    }
  }

  /// 64 hexadecimal digits, with blanks and line ends around them.
  private func decoded(_ content: [UInt8]) throws(SealingError) -> [UInt8] {
    let digits = String(decoding: content, as: UTF8.self).filter { !$0.isWhitespace }
    guard digits.utf8.count == 64, digits.allSatisfy(\.isHexDigit), digits.allSatisfy(\.isASCII)
    else { throw .noKey(place: place) }
    let values = digits.compactMap { $0.hexDigitValue.map { UInt8($0) } }
    return stride(from: 0, to: 64, by: 2).map { values[$0] << 4 | values[$0 + 1] }
  }

  private func readOwned(_ path: String) throws(SealingError) -> [UInt8]? {
    let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      if errno == ENOENT { return nil }
      throw .unavailable(place: path, reason: String(cString: strerror(errno)))
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      throw .unavailable(place: path, reason: String(cString: strerror(errno)))
    }
    guard
      status.st_mode & S_IFMT != S_IFREG || status.st_mode & Self.others(path) == 0
    else {
      throw .keyReadableByOthers(
        path: path, mode: "0" + String(status.st_mode & 0o777, radix: 8))
    }
    var content = [UInt8](repeating: 0, count: 4096)
    let count = read(descriptor, &content, content.count)
    guard count >= 0 else {
      throw .unavailable(place: path, reason: String(cString: strerror(errno)))
    }
    return Array(content.prefix(count))
  }

  /// The bits of a mode that let others read. systemd hands a unit with a user of its own its
  /// credentials in files of mode 0440, with that user in a list of access, in a folder which nobody else
  /// enters: the group is root's (https://github.com/systemd/systemd/issues/29435).
  private static func others(_ path: String) -> mode_t {
    guard let folder = FettleProgram.environment("CREDENTIALS_DIRECTORY"), folder.hasPrefix("/"),
      path.hasPrefix(folder + "/")
    else { return 0o077 }
    return 0o037
  }

  /// Writes a key aside and gives it its name in one step, so that nobody ever reads half a key and
  /// a key that is there is never written over.
  private func make(_ path: String, _ key: [UInt8]) throws(SealingError) {
    let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
    makeFolders(folder)
    let aside = "\(path).\(getpid()).\(UInt32.random(in: 0 ... .max))"
    defer { unlink(aside) }
    try write(key, to: aside, for: path)
    guard link(aside, path) == 0 || errno == EEXIST else { throw Self.failure(path) }
  }

  /// Puts another key into the place of the one in a file, which is kept beside it. Each step leaves
  /// both keys that are in use where they are looked for, whatever dies between them.
  /// - Throws: also where another program does so at this moment.
  func exchange(for key: [UInt8]) throws(SealingError) {
    guard case .file(let path, _) = self else { return }
    let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
    let descriptor = Glibc.open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw Self.failure(path) }
    // What dies lets go of it.
    defer { close(descriptor) }
    // Who opens a store in this folder has it for a moment, too.
    let deadline = ContinuousClock.now + .seconds(10)
    while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
      guard ContinuousClock.now < deadline else {
        throw .unavailable(place: path, reason: "another program changes it at this moment")
      }
      usleep(2000)
    }
    var status = stat()
    guard fstatat(AT_FDCWD, path, &status, 0) == 0 else { throw Self.failure(path) }
    let aside = "\(path).new"
    unlink(aside)
    defer { unlink(aside) }
    try write(key, to: aside, for: path)
    // Whoever could read the key before has to be able to read this one.
    guard chown(aside, status.st_uid, status.st_gid) == 0,
      chmod(aside, status.st_mode & 0o7777) == 0
    else { throw Self.failure(path) }
    guard link(path, "\(path).old") == 0 || errno == EEXIST, fsync(descriptor) == 0,
      rename(aside, path) == 0, fsync(descriptor) == 0
    else { throw Self.failure(path) }
  }

  /// A new file that holds a key.
  private func write(_ key: [UInt8], to file: String, for path: String) throws(SealingError) {
    let descriptor = Glibc.open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw Self.failure(path) }
    defer { close(descriptor) }
    let text = Array((key.hexadecimal + "\n").utf8)
    guard Glibc.write(descriptor, text, text.count) == text.count, fsync(descriptor) == 0 else {
      throw Self.failure(path)
    }
  }

  private static func failure(_ path: String) -> SealingError {
    .unavailable(place: path, reason: String(cString: strerror(errno)))
  }

  private func makeFolders(_ folder: String) {
    var path = ""
    for part in folder.split(separator: "/") {
      path += (path.isEmpty && !folder.hasPrefix("/") ? "" : "/") + part
      mkdir(path, 0o700)
    }
  }
}
