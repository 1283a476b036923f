public import FettleCore
import Foundation
import GRDB
import Synchronization

/// Fills the index of texts behind the records that were stored. Storing never waits for it, and a
/// search does not need it to be complete: what it has not come to is looked through one by one.
final class SearchIndex: Sendable {
  private struct State {
    /// Whether somebody is at work, or about to begin.
    var isBusy = false
    /// Whether there may be a record that nobody has looked for.
    var isCalled = false
    /// Whether the work is put off.
    var isHeld = false
  }

  private let state = Mutex(State())

  /// Records in one transaction: few enough that a run or a webhook that has to write hardly waits.
  private static let batch = 20
  /// The shortest pause between two transactions, in which whoever waits for the writer has its turn.
  private static let pause = Duration.milliseconds(5)
  /// How many times as long as a transaction the pause behind it is: what is stored meanwhile loses no
  /// more to the index than that leaves (performance, P8).
  private static let rest = 7
  /// How long after a record its text is looked at; whatever comes meanwhile is done with it.
  private static let delay = Duration.milliseconds(300)
  /// The most of one record that is indexed, in bytes.
  private static let largest = 65_536

  /// Sees to it that the index is brought up to date soon.
  func schedule(_ pool: DatabasePool) {
    let begins = state.withLock { state in
      state.isCalled = true
      guard !state.isBusy, !state.isHeld else { return false }
      state.isBusy = true
      return true
    }
    guard begins else { return }
    Task(priority: .background) { [weak pool] in
      repeat {
        try? await Task.sleep(for: Self.delay)
        state.withLock { $0.isCalled = false }
        // A store that is closed, busy or full is indexed by whoever looks at it next.
        while !isHeld, let pool, let filled = try? await Self.fill(pool),
          filled.count == Self.batch
        {
          try? await Task.sleep(for: max(Self.pause, filled.took * Self.rest))
        }
      } while isCalledAgain()
    }
  }

  private func isCalledAgain() -> Bool {
    state.withLock { state in
      state.isBusy = state.isCalled && !state.isHeld
      return state.isBusy
    }
  }

  /// Whether the work is put off.
  var isHeld: Bool {
    get { state.withLock { $0.isHeld } }
    set { state.withLock { $0.isHeld = newValue } }
  }

  /// Indexes some records.
  /// - Returns: how many, and how long the writer was at it.
  static func fill(_ pool: DatabasePool) async throws -> (count: Int, took: Duration) {
    try await pool.writeWithoutTransaction { database in
      let began = ContinuousClock.now
      var count = 0
      try database.inTransaction(.immediate) {
        count = try fill(database)
        return .commit
      }
      return (count, ContinuousClock.now - began)
    }
  }

  private static func fill(_ database: Database) throws -> Int {
    let last = try Int64.fetchOne(database, sql: "SELECT last FROM search_state") ?? 0
    let rows = try Row.fetchAll(
      try database.cachedStatement(
        sql: "\(texts) WHERE number > ? ORDER BY number LIMIT ?"), arguments: [last, batch])
    for row in rows { try add(row, database) }
    if let newest = rows.last {
      try database.run("UPDATE search_state SET last = ?", .number(newest[0] as Int64))
    }
    return rows.count
  }

  /// What a text is made of.
  private static let texts = """
    SELECT number, id, scenario_name, failer_title, error_type, reason, content.bundles,
      record.sealed
    FROM record JOIN content ON content.record = record.number
    """

  private static func add(_ row: Row, _ database: Database) throws {
    try database.run(
      "INSERT INTO record_text (rowid, text) VALUES (?, ?)", .number(row[0] as Int64),
      .text(try text(of: row, LargeValues(database: database))))
  }

  /// Indexes what a record holds now, where the index has come to it already. It stays found by what
  /// it held before: an index without texts cannot take anything back.
  static func add(_ number: Int64, _ database: Database) throws {
    let row = try Row.fetchOne(
      try database.cachedStatement(
        sql: "\(texts) WHERE number = ? AND number <= (SELECT last FROM search_state)"),
      arguments: [number])
    if let row { try add(row, database) }
  }

  private static func text(of row: Row, _ large: LargeValues) throws -> String {
    var parts: [String] = (1...5).map { row[$0] }
    var size = 0
    func add(_ value: Value) {
      guard size < largest else { return }
      switch value {
      case .collection(let fields): for field in fields.fields { add(field.value) }
      case .array(let elements): elements.forEach(add)
      case .null, .boolean, .buffer: break
      default:
        let text = String(
          (Coercion.text(value) ?? "").unicodeScalars.prefix(max(0, largest - size)))
        size += text.utf8.count
        parts.append(text)
      }
    }
    // Of what is sealed nothing is told in three characters at a time either.
    guard row[7] == Seal.open.rawValue else { return parts.joined(separator: "\n") }
    let bundles = try large.part(
      VisibleBundles.self, [UInt8](row[6] as Data), what: "the bundles")
    for entry in bundles.entries { add(.collection(entry.bundle)) }
    // A line end keeps a search from finding what lies across two fields.
    return parts.joined(separator: "\n")
  }
}

extension SQLiteStore {
  /// Lets the index of texts wait while something else is measured or filled in bulk; what has come
  /// meanwhile is found all the same, one by one.
  public func holdIndex(_ isHeld: Bool) {
    searchIndex.isHeld = isHeld
    if !isHeld { searchIndex.schedule(pool) }
  }

  /// Brings the index of texts up to date now, instead of soon.
  public func indexTexts() async throws(StoreError) {
    do { while try await SearchIndex.fill(pool).count > 0 {} } catch {
      throw StoreError(error, path: pool.path)
    }
  }

  /// How many records the index of texts has not come to.
  public func unindexedTexts() async throws(StoreError) -> Int {
    try await reading { database in
      try Int.fetchOne(
        database,
        sql: """
          SELECT coalesce((SELECT max(number) FROM record), 0) - (SELECT last FROM search_state)
          """) ?? 0
    }
  }
}
