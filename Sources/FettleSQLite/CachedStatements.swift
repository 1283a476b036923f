import GRDB
import GRDBSQLite

extension Database {
  /// Runs a statement that is parsed once for each connection.
  func execute(cached sql: String, arguments: StatementArguments = StatementArguments()) throws {
    try cachedStatement(sql: sql).execute(arguments: arguments)
  }

  /// A value bound to a statement as it is.
  enum Binding {
    case number(Int64)
    case text(String)
    case bytes([UInt8])
    case null

    static func number(_ number: Int) -> Binding { .number(Int64(number)) }
    static func text(_ text: String?) -> Binding { text.map { .text($0) } ?? .null }
  }

  /// Runs a statement of the journal: the same as `execute(cached:)`, without the general machinery
  /// of bindings, which costs more than the row where hundreds are written in one commit.
  /// - Returns: the first row's columns as numbers, where there is a row.
  @discardableResult func run(_ sql: String, _ bindings: Binding...) throws -> [Int64?]? {
    let statement = try cachedStatement(sql: sql).sqliteStatement
    defer {
      sqlite3_reset(statement)
      sqlite3_clear_bindings(statement)
    }
    // SQLite makes its own copy.
    let copied = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
    for (index, binding) in bindings.enumerated() {
      let place = Int32(index + 1)
      switch binding {
      case .number(let number): sqlite3_bind_int64(statement, place, number)
      case .text(let text): sqlite3_bind_text(statement, place, text, -1, copied)
      case .bytes(let bytes):
        // An empty blob is not a missing one.
        _ =
          bytes.isEmpty
          ? sqlite3_bind_zeroblob(statement, place, 0)
          : sqlite3_bind_blob(statement, place, bytes, Int32(bytes.count), copied)
      case .null: sqlite3_bind_null(statement, place)
      }
    }
    var first: [Int64?]?
    while true {
      switch sqlite3_step(statement) {
      case SQLITE_ROW:
        if first == nil {
          first = (0..<sqlite3_column_count(statement)).map { column in
            sqlite3_column_type(statement, column) == SQLITE_NULL
              ? nil : sqlite3_column_int64(statement, column)
          }
        }
      case SQLITE_DONE: return first
      case let code:
        throw DatabaseError(
          resultCode: ResultCode(rawValue: code),
          message: String(cString: sqlite3_errmsg(sqliteConnection)))
      }
    }
  }
}
