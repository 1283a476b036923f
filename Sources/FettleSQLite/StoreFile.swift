import FettleCore
import Glibc
import Synchronization

/// The file of a store, before SQLite touches it.
struct StoreFile {
  let path: String

  /// "FTTL": what tells a store of Fettle from another program's database.
  static let applicationID: Int32 = 0x4654_544C

  /// Makes an empty file where there is none, and the folders it lies in; for the owner only, unless it
  /// is put into a folder whose files belong to a group.
  func create() throws(StoreError) {
    var information = stat()
    if stat(path, &information) == 0 { return }
    guard errno == ENOENT else { throw .failed("\(path) cannot be reached: \(reason)") }
    try createFolders()
    let descriptor = Glibc.open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0o600)
    if descriptor < 0, errno != EEXIST {
      throw .failed("\(path) cannot be made: \(reason)")
    }
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    // Whatever the umask says; SQLite gives the files beside it the same mode.
    if isInGroupFolder, fchmod(descriptor, 0o660) != 0 {
      throw .failed("\(path) cannot be given to the group of its folder: \(reason)")
    }
  }

  private var folder: String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// Whether the folder is one in which a group works together: its members write there, and what they
  /// make belongs to the group (mode 2770).
  private var isInGroupFolder: Bool {
    var information = stat()
    guard stat(folder, &information) == 0 else { return false }
    let shared = mode_t(S_ISGID) | mode_t(S_IWGRP)
    return information.st_mode & shared == shared
  }

  // MARK: A store that cannot be written to

  /// Whether this account may write to the store and to what SQLite keeps beside it.
  var isWritable: Bool {
    guard access(path, W_OK) == 0 else { return false }
    if access(folder, W_OK | X_OK) == 0 { return true }
    return access(path + "-wal", W_OK) == 0 && access(path + "-shm", W_OK) == 0
  }

  /// Refuses a store this account may not write to, before SQLite makes files beside it that would be in
  /// the way of those who may.
  func requireWritable() throws(StoreError) {
    for end in ["", "-wal", "-shm"] where access(path + end, F_OK) == 0 {
      if let why = Self.whyRefused(path + end) { throw .failed("\(path + end) \(why)") }
    }
    guard !isWritable else { return }
    throw .failed(
      "\(folder) is not this account's to write to, and SQLite keeps files beside the store; make it "
        + "so, look at the store with --read-only, or name another file with --store")
  }

  /// How a store that cannot be written to can be read (SQLite, "Read-Only Databases" of WAL mode):
  /// with the log and its index beside it as any other; with neither of them as a file that does not
  /// change. Nothing is made beside it: that would be this account's, and in the way of the others.
  /// - Throws: what to do where the log has something and its index is missing.
  func accessToRead() throws(StoreError) -> StoreAccess {
    var (log, index) = (stat(), stat())
    let hasLog = stat(path + "-wal", &log) == 0
    let hasIndex = stat(path + "-shm", &index) == 0
    if hasLog, hasIndex {
      for end in ["-wal", "-shm"] where access(path + end, R_OK) != 0 {
        throw .failed("\(path + end) \(Self.whyRefused(path + end) ?? "cannot be read: \(reason)")")
      }
      return .followed
    }
    guard hasLog, log.st_size > 0 else { return .still }
    throw .failed(
      "the last changes of \(path) are in \(path)-wal, and reading those needs to write beside them; "
        + "copy both to a folder of yours and name the copy with --store")
  }

  /// The name that tells SQLite to take the file for one that does not change.
  var immutableName: String {
    let plain = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_./~".utf8)
    let digits = Array("0123456789ABCDEF")
    let name = path.utf8.reduce(into: "") { name, byte in
      if plain.contains(byte) {
        name.unicodeScalars.append(Unicode.Scalar(byte))
      } else {
        name += "%\(digits[Int(byte >> 4)])\(digits[Int(byte & 15)])"
      }
    }
    return "file:\(name)?immutable=1"
  }

  /// What tells that a file was written to.
  struct Mark: Sendable, Equatable {
    fileprivate let size: Int64
    fileprivate let seconds: Int
    fileprivate let nanoseconds: Int
    fileprivate let hasLog: Bool
  }

  /// How the file is now; nil when there is none.
  var mark: Mark? {
    var (information, log) = (stat(), stat())
    guard stat(path, &information) == 0 else { return nil }
    return Mark(
      size: Int64(information.st_size), seconds: information.st_mtim.tv_sec,
      nanoseconds: information.st_mtim.tv_nsec,
      hasLog: stat(path + "-wal", &log) == 0 && log.st_size > 0)
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

  /// The stores that are open in this process, and how often.
  private static let opened = Mutex<[Identity: Int]>([:])

  /// Notes that SQLite has a file open in this process, or has it open once less.
  static func note(_ identity: Identity?, isOpen: Bool) {
    guard let identity else { return }
    opened.withLock { opened in
      let count = opened[identity, default: 0] + (isOpen ? 1 : -1)
      opened[identity] = count > 0 ? count : nil
    }
  }

  /// Refuses what is no store, without changing it.
  func check() throws(StoreError) {
    // A process that closes any descriptor of a file gives up all its locks on it, those of SQLite too
    // (fcntl(2)). One that is open was looked at before.
    if let identity, Self.opened.withLock({ $0[identity] != nil }) { return }
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
      // Who may read it may look.
      let look = access(path, R_OK) == 0 ? ", look at it with --read-only" : ""
      return "is not for this account"
        + (owner.map { ": it belongs to \($0); work as \($0)" } ?? "; work as its owner")
        + look + ", or name another file with --store"
    case EROFS:
      return
        "lies on a file system that is read-only; look at it with --read-only, or name another "
        + "file with --store"
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
  struct Identity: Sendable, Hashable {
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
