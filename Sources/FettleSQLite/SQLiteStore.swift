public import FettleCore
import GRDB
import Synchronization

/// The store in one SQLite file: write-ahead log, every commit on disk before it returns, one writer.
/// The terminal, the command and other programs may have it open at the same time.
public final class SQLiteStore: Sendable {
  let pool: DatabasePool
  /// How much may wait for an operator.
  public let limits: StoreLimits
  let seals: Seals
  let leases: LeaseClock
  let writability = Writability()
  /// How far the date was ahead of the clock of leases when it was last looked at.
  let lastStep = Mutex<Int64?>(nil)
  let group: GroupCommit
  let file: StoreFile
  /// The file that was opened.
  private let identity: StoreFile.Identity?
  /// What can be done with it, and what of it is seen.
  public let access: StoreAccess
  /// How a file that is read as it stands was when it was opened.
  private let mark: StoreFile.Mark?
  private let cache = BlueprintCache()
  let searchIndex = SearchIndex()
  let groupOrders = GroupOrders()
  let openExecutions = OpenExecutions()
  let scenarioNumbers = Mutex<[String: Int]>([:])

  private init(
    _ file: StoreFile, pool: DatabasePool, limits: StoreLimits, seals: Seals, leases: LeaseClock,
    access: StoreAccess
  ) {
    self.pool = pool
    self.leases = leases
    self.limits = limits
    self.seals = seals
    self.access = access
    self.file = file
    group = GroupCommit(pool, path: file.path)
    identity = file.identity
    mark = access == .still ? file.mark : nil
    searchIndex.isHeld = access != .writable
    StoreFile.note(identity, isOpen: true)
  }

  deinit { StoreFile.note(identity, isOpen: false) }

  /// Refuses to go on with a file that is gone. SQLite would read and write it for as long as it is
  /// open, and what is saved there nobody finds again.
  private func requireFile() throws(StoreError) {
    guard file.identity == identity else {
      throw .failed(
        "it was moved, deleted or replaced while it was open, and nothing is written any more; "
          + "put \(file.path) back, or start again")
    }
    // SQLite looks at no lock of a file that does not change, nor at what it read before.
    guard access != .still || file.mark == mark else {
      throw .failed(
        "another program writes to it now, and it was opened as one that stays as it is; start again"
      )
    }
  }

  /// Opens the store at a path; makes it, readable for its owner only, where there is none.
  /// - Parameters:
  ///   - sealing: closes and opens the data of confidential scenarios.
  ///   - clock: the date of the machine, and what leases are measured by.
  /// - Throws: `notAStore`, `newerVersion` and what the system says. Nothing was changed then.
  public static func open(
    path: String, limits: StoreLimits = StoreLimits(), sealing: any Sealing = NoSealing(),
    clock: any RunClock = SystemClock()
  ) throws(StoreError) -> SQLiteStore {
    try StoreFile(path: path).create()
    return try openExisting(path: path, limits: limits, sealing: sealing, clock: clock)
  }

  /// Refuses what is no store, by the head of its file alone: quickly, and without changing it.
  /// - Throws: `missing` and `notAStore`.
  public static func check(path: String) throws(StoreError) { try StoreFile(path: path).check() }

  /// Opens the store at a path.
  /// - Throws: `missing` where there is none.
  public static func openExisting(
    path: String, limits: StoreLimits = StoreLimits(), sealing: any Sealing = NoSealing(),
    clock: any RunClock = SystemClock()
  ) throws(StoreError) -> SQLiteStore {
    try open(StoreFile(path: path), limits, sealing, .writable, clock)
  }

  /// Opens the store at a path to look at it, also where it cannot be written to: a file or a folder of
  /// somebody else, a file system that is read-only.
  /// - Parameter writing: whether what a look does on the way is done where it can be: an older store is
  ///   brought up to date, what dead workers left is taken over. Otherwise nothing is written to the
  ///   store, whoever may; SQLite still makes the log and its index beside it where they are missing, by
  ///   which it sees what others write.
  /// - Throws: `missing` where there is none, and what to do where it cannot be read as it lies there.
  public static func openToLook(
    path: String, writing: Bool = true, limits: StoreLimits = StoreLimits(),
    sealing: any Sealing = NoSealing(), clock: any RunClock = SystemClock()
  ) throws(StoreError) -> SQLiteStore {
    let file = StoreFile(path: path)
    try file.check()
    let access: StoreAccess =
      file.isWritable ? (writing ? .writable : .untouched) : try file.accessToRead()
    return try open(file, limits, sealing, access, clock)
  }

  private static func open(
    _ file: StoreFile, _ limits: StoreLimits, _ sealing: any Sealing, _ access: StoreAccess,
    _ clock: any RunClock
  ) throws(StoreError) -> SQLiteStore {
    let path = file.path
    try file.check()
    if access == .writable { try file.requireWritable() }
    var configuration = Configuration()
    configuration.readonly = access != .writable
    configuration.busyMode = .timeout(10)
    configuration.maximumReaderCount = 2
    configuration.prepareDatabase { database in
      // A commit is on the disk, not only in the log of the file system (durability 2).
      try database.execute(sql: "PRAGMA synchronous = FULL")
      TextPattern.register(in: database)
      ErrorGroup.register(in: database)
      ExecutionTest.register(in: database)
      AuditTest.register(in: database)
      // What is written often stays in memory between two commits: with the 2 MB that SQLite takes by
      // itself, the pages of the indexes are read again and again. Who only reads goes by the cache
      // of the system.
      if !database.configuration.readonly {
        try database.execute(sql: "PRAGMA cache_size = -32000")
        // The log is brought into the database beside the writer (`Checkpoints`). Should that not keep
        // pace, the commit that makes it this long, in pages, does it: earlier, commits that share
        // hundreds of rows would do it again and again.
        try database.execute(sql: "PRAGMA wal_autocheckpoint = 8000")
        // A reader that looks for long lets the log grow further; begun anew, it is cut to this, in bytes:
        // not below what it grows to by itself, which it would grow to again.
        try database.execute(sql: "PRAGMA journal_size_limit = \(64 << 20)")
      }
    }
    let settings = configuration
    return try file.alone { () throws(StoreError) in
      do {
        let pool = try DatabasePool(
          path: access == .still ? file.immutableName : path, configuration: settings)
        let migrator = Migrations.all
        if try pool.read(migrator.hasBeenSuperseded) {
          throw StoreError.newerVersion(path: path)
        }
        if try !pool.read(migrator.hasCompletedMigrations) {
          guard access == .writable else {
            throw StoreError.failed(
              "\(path) was written by an older Fettle and "
                + (access == .untouched
                  ? "is not brought up to date by who only looks; open it once without --read-only"
                  : "cannot be brought up to date where it lies; "
                    + "copy it to a folder of yours and name the copy with --store"))
          }
          try migrate(pool, by: migrator)
        }
        return SQLiteStore(
          file, pool: pool, limits: limits, seals: Seals(sealing: sealing),
          leases: try LeaseClock(pool, clock), access: access)
      } catch {
        throw StoreError(error, path: path)
      }
    }
  }

  /// Brings a store up to today's version.
  /// - Throws: `damaged` when a step does not fit the tables: what the store says of itself is wrong.
  private static func migrate(_ pool: DatabasePool, by migrator: DatabaseMigrator) throws {
    do { try migrator.migrate(pool) } catch let error as DatabaseError
      where error.resultCode == .SQLITE_ERROR
    {
      let carriedOut = try pool.read { try migrator.appliedIdentifiers($0) }
      let step = migrator.migrations.first { !carriedOut.contains($0) } ?? "?"
      throw StoreError.mismatched(
        path: pool.path, step: step, reason: error.message ?? "error \(error.resultCode.rawValue)")
    }
  }

  /// Gives the store that many pages more than it has now, and then no more: how a limit is kept,
  /// and how a full disk is tried out.
  public func limitPages(toCurrentAnd more: Int) async throws(StoreError) {
    try await writing { database in
      let pages = try Int.fetchOne(database, sql: "PRAGMA page_count") ?? 0
      try database.execute(sql: "PRAGMA max_page_count = \(pages + more)")
    }
  }

  /// What reads and writes records in a transaction.
  func rows(_ database: Database) -> RecordRows {
    RecordRows(database: database, cache: cache, limits: limits, seals: seals, leases: leases)
  }

  /// What reads and writes the journal in a transaction.
  func journalRows(_ database: Database) -> JournalRows {
    JournalRows(database: database, seals: seals, leases: leases)
  }

  func reading<Result: Sendable>(
    _ body: @Sendable @escaping (Database) throws -> Result
  ) async throws(StoreError) -> Result {
    try requireFile()
    do { return try await pool.read(body) } catch { throw StoreError(error, path: file.path) }
  }

  /// Reads what an index gives at once, on the thread of the caller and without a transaction: the
  /// way to another thread and back takes longer than such a read does.
  /// - Parameter body: makes one statement, which sees one state of the store; what it reads beside
  ///   it may be of another.
  func readingHere<Result>(
    _ body: (Database) throws -> Result
  ) throws(StoreError) -> Result {
    if access == .still { try requireFile() }
    do { return try pool.unsafeRead(body) } catch { throw StoreError(error, path: file.path) }
  }

  /// A write that may share its commit with others.
  func committing<Result: Sendable>(
    for lane: GroupCommit.Lane = .work, _ body: @escaping @Sendable (Database) throws -> Result
  ) async throws(StoreError) -> Result {
    do {
      try requireFile()
      return try await group.commit(for: lane, body)
    } catch { throw notWritten(error) }
  }

  func writing<Result: Sendable>(
    _ body: @Sendable @escaping (Database) throws -> Result
  ) async throws(StoreError) -> Result {
    do {
      try requireFile()
      let result = try await pool.write(body)
      group.committedBeside()
      return result
    } catch { throw notWritten(error) }
  }

  private func notWritten(_ error: any Error) -> StoreError {
    let meaning = StoreError(error, path: file.path)
    // What a transaction refuses by itself, for the limit of a scenario, says nothing of the store.
    if (error as? DatabaseError)?.isOfTheFile == true { writability.note(meaning) }
    return meaning
  }
}
