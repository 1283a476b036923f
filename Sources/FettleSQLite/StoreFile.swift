import FettleCore
import Glibc

/// The file of a store, before SQLite touches it.
struct StoreFile {
  let path: String

  /// "FTTL": what tells a store of Fettle from another program's database.
  static let applicationID: Int32 = 0x4654_544C

  /// Makes an empty file where there is none, and the folders it lies in; for the owner only.
  func create() throws(StoreError) {
    var information = stat()
    if stat(path, &information) == 0 { return }
    guard errno == ENOENT else { throw .failed("\(path) cannot be reached: \(reason)") }
    try createFolders()
    let descriptor = Glibc.open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0o600)
    if descriptor < 0, errno != EEXIST {
      throw .failed("\(path) cannot be made: \(reason)")
    }
    if descriptor >= 0 { close(descriptor) }
  }

  private func createFolders() throws(StoreError) {
    let parts = path.split(separator: "/").dropLast()
    var folder = path.hasPrefix("/") ? "" : "."
    for part in parts {
      folder += "/\(part)"
      if mkdir(folder, 0o700) != 0, errno != EEXIST {
        throw .failed("the folder \(folder) cannot be made: \(reason)")
      }
    }
  }

  /// Refuses what is no store, without changing it.
  func check() throws(StoreError) {
    let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      if errno == ENOENT || errno == ENOTDIR { throw .missing(path: path) }
      throw .failed("\(path) \(Self.whyRefused(path) ?? "cannot be opened: \(reason)")")
    }
    defer { close(descriptor) }
    var information = stat()
    guard fstat(descriptor, &information) == 0, information.st_mode & S_IFMT == S_IFREG else {
      throw .notAStore(path: path, reason: "it is not a file")
    }
    // An empty file is a store that is about to be made.
    if information.st_size == 0 { return }
    var header = [UInt8](repeating: 0, count: 100)
    let count = read(descriptor, &header, header.count)
    guard count == 100, header.starts(with: Array("SQLite format 3\0".utf8)) else {
      throw .notAStore(path: path, reason: "it is no SQLite database")
    }
    // Bytes 68 to 71 of the header (SQLite file format, section 1.3). A store whose first
    // transaction is still in the log has zero there.
    let application = header[68..<72].reduce(Int32(0)) { $0 << 8 | Int32($1) }
    guard application == Self.applicationID || application == 0 && header[44..<48].allZero else {
      throw .notAStore(path: path, reason: "it is another program's database")
    }
  }

  /// Does something while no other program opens a store in this folder: a store is made, or brought up
  /// from an older version, by one of them, and the others find it done.
  ///
  /// The folder is what is locked: a file beside the store would stay behind, and the store itself is
  /// SQLite's to lock. Where a file system knows no such locks it is done all the same.
  /// - Throws: `busy` when another program has been at it for a minute.
  func alone<Value>(_ body: () throws(StoreError) -> Value) throws(StoreError) -> Value {
    let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
    let descriptor = Glibc.open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { return try body() }
    // Closing it gives the lock back.
    defer { close(descriptor) }
    let deadline = ContinuousClock.now + .seconds(60)
    while flock(descriptor, LOCK_EX | LOCK_NB) != 0, errno == EWOULDBLOCK || errno == EINTR {
      guard ContinuousClock.now < deadline else {
        throw .busy("another program has been opening \(path) for a minute")
      }
      usleep(2000)
    }
    return try body()
  }

  /// Why this account may not work on a store, with what to do about it; nil when it may.
  static func whyRefused(_ path: String) -> String? {
    guard access(path, R_OK | W_OK) != 0 else { return nil }
    switch errno {
    case EACCES, EPERM:
      var information = stat()
      let owner = stat(path, &information) == 0 ? name(of: information.st_uid) : nil
      return "is not for this account"
        + (owner.map { ": it belongs to \($0); work as \($0)" } ?? "; work as its owner")
        + ", or name another file with --store"
    case EROFS: return "lies on a file system that is read-only; name another file with --store"
    default: return nil
    }
  }

  private static func name(of account: uid_t) -> String {
    getpwuid(account).map { String(cString: $0.pointee.pw_name) } ?? "user \(account)"
  }

  private var reason: String { String(cString: strerror(errno)) }

  /// What the file system has free for this account, in bytes; nil where it does not say.
  var freeBytes: Int? {
    var information = statvfs()
    guard statvfs(path, &information) == 0 else { return nil }
    return Int(clamping: UInt64(information.f_bavail) &* UInt64(information.f_frsize))
  }

  /// What tells a file from another that takes its place.
  struct Identity: Sendable, Equatable {
    fileprivate let device: UInt64
    fileprivate let number: UInt64
  }

  /// The file that stands at the path now; nil when there is none.
  var identity: Identity? {
    var information = stat()
    guard stat(path, &information) == 0 else { return nil }
    return Identity(device: UInt64(information.st_dev), number: UInt64(information.st_ino))
  }
}

extension ArraySlice<UInt8> {
  /// Whether nothing was ever written there.
  fileprivate var allZero: Bool { allSatisfy { $0 == 0 } }
}
