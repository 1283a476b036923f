import FettleCore
import GRDB

extension DatabaseError {
  /// Whether it is the file that does not do, and not what was asked of it.
  var isOfTheFile: Bool {
    [
      .SQLITE_FULL, .SQLITE_IOERR, .SQLITE_BUSY, .SQLITE_READONLY, .SQLITE_CANTOPEN,
      .SQLITE_CORRUPT, .SQLITE_NOTADB,
    ].contains(resultCode)
  }
}

extension StoreError {
  /// What an error of the database means to a person. Values never appear in it.
  init(_ error: any Error, path: String) {
    switch error {
    case let error as StoreError: self = error
    case let error as IllegalMove: self = .refused(error)
    case let error as ValueCodec.Damage: self = .damaged(error.description)
    case let error as BlueprintError: self = .damaged("a stored blueprint: \(error)")
    case let error as DatabaseError:
      let what = error.message ?? "error \(error.resultCode.rawValue)"
      switch error.resultCode {
      case .SQLITE_FULL: self = .full(what)
      case .SQLITE_IOERR where error.extendedResultCode == .SQLITE_IOERR_WRITE:
        let free = StoreFile(path: path).freeBytes ?? 0
        self = .full(
          free < 1 << 20
            ? what
            : "\(what) with \(free >> 20) MB free; its file system may have become read-only or be damaged, "
              + "as `dmesg` and `mount` tell")
      // What grows beside the store, the index of its log, fails like this.
      case .SQLITE_IOERR where StoreFile(path: path).freeBytes.map({ $0 < 65_536 }) == true:
        self = .full(what)
      case .SQLITE_BUSY, .SQLITE_LOCKED, .SQLITE_PROTOCOL:
        self = .busy(LockHolder(of: path)?.description ?? what)
      case .SQLITE_NOTADB: self = .notAStore(path: path, reason: what)
      case .SQLITE_CORRUPT: self = .damaged(what)
      case .SQLITE_READONLY:
        self = .failed("\(path) \(StoreFile.whyRefused(path) ?? "cannot be written to")")
      case .SQLITE_CANTOPEN:
        self = .failed("\(path) \(StoreFile.whyRefused(path) ?? "cannot be opened")")
      default: self = .failed(what)
      }
    case is CancellationError: self = .busy("the request was cancelled")
    default: self = .failed("\(error)")
    }
  }
}
