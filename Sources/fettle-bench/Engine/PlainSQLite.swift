import GRDBSQLite

/// SQLite without anything above it: what the floors are made of.
final class PlainSQLite {
  struct Failed: Error, CustomStringConvertible {
    let description: String
  }

  private var handle: OpaquePointer?

  /// Opens a store that was made before, with the same settings Fettle uses.
  init(_ path: String) throws {
    guard sqlite3_open(path, &handle) == SQLITE_OK else { throw failure }
    try execute("PRAGMA journal_mode = WAL")
    try execute("PRAGMA synchronous = FULL")
  }

  deinit { sqlite3_close(handle) }

  private var failure: Failed { Failed(description: String(cString: sqlite3_errmsg(handle))) }

  func execute(_ sql: String) throws {
    guard sqlite3_exec(handle, sql, nil, nil, nil) == SQLITE_OK else { throw failure }
  }

  /// One transaction: one wait for the disk.
  func commit(_ body: () throws -> Void) throws {
    try execute("BEGIN IMMEDIATE")
    try body()
    try execute("COMMIT")
  }

  func prepare(_ sql: String) throws -> Statement {
    var statement: OpaquePointer?
    guard sqlite3_prepare_v2(handle, sql, -1, &statement, nil) == SQLITE_OK, let statement else {
      throw failure
    }
    return Statement(statement)
  }

  /// A prepared statement.
  final class Statement {
    private let statement: OpaquePointer

    init(_ statement: OpaquePointer) { self.statement = statement }

    deinit { sqlite3_finalize(statement) }

    /// A value to bind.
    enum Binding {
      case number(Int)
      case text(String)
      case bytes([UInt8])
      case null
    }

    /// Runs it to its end.
    /// - Returns: the number of rows.
    @discardableResult func run(_ values: Binding...) throws -> Int {
      let transient = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
      for (index, value) in values.enumerated() {
        let place = Int32(index + 1)
        switch value {
        case .number(let number): sqlite3_bind_int64(statement, place, Int64(number))
        case .text(let text): sqlite3_bind_text(statement, place, text, -1, transient)
        case .bytes(let bytes):
          sqlite3_bind_blob(statement, place, bytes, Int32(bytes.count), transient)
        case .null: sqlite3_bind_null(statement, place)
        }
      }
      defer { sqlite3_reset(statement) }
      var rows = 0
      while true {
        switch sqlite3_step(statement) {
        case SQLITE_ROW:
          rows += 1
          // A row that nobody looks at costs less than one that is shown.
          for column in 0..<sqlite3_column_count(statement) {
            use(sqlite3_column_bytes(statement, column))
          }
        case SQLITE_DONE: return rows
        case let code: throw Failed(description: "step gave \(code)")
        }
      }
    }
  }
}
