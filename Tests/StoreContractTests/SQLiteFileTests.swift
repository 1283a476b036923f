import FettleCore
import FettleSQLite
import FettleTestKit
import Foundation
import GRDB
import Synchronization
import Testing

@Suite("The SQLite file", .fewAtOnce)
struct SQLiteFileTests {
  let folder: TemporaryFolder
  var path: String { folder.path + "/deep/er/store.db" }

  init() throws { folder = try TemporaryFolder() }

  @Test("is made for its owner only, folders included")
  func permissions() async throws {
    let store = try SQLiteStore.open(path: path)
    _ = try await store.scenario(named: "a")
    for (place, mode) in [(path, 0o600), (path + "-wal", 0o600), (folder.path + "/deep/er", 0o700)]
    {
      let attributes = try FileManager.default.attributesOfItem(atPath: place)
      #expect(attributes[.posixPermissions] as? Int == mode, "\(place)")
    }
  }

  @Test("that is open keeps its locks when it is looked at, or opened, again in the same process")
  func locks() async throws {
    let store = try SQLiteStore.open(path: path)
    _ = try await store.scenario(named: "a")
    let number = try #require(
      FileManager.default.attributesOfItem(atPath: path)[.systemFileNumber] as? UInt64)
    // What other programs go by: SQLite holds a lock on a file with a log for as long as it is open.
    func isLocked() throws -> Bool {
      // The list has no size and comes in pieces: whoever reads a file whole at once gets the first.
      let list = try #require(FileHandle(forReadingAtPath: "/proc/locks")).readDataToEndOfFile()
      return String(decoding: list, as: UTF8.self).split(separator: "\n").contains {
        $0.contains("POSIX") && $0.contains(" \(getpid()) ") && $0.contains(":\(number) ")
      }
    }
    try #require(try isLocked())
    try SQLiteStore.check(path: path)
    #expect(try isLocked())
    _ = try SQLiteStore.openExisting(path: path)
    #expect(try isLocked())
    _ = try await store.scenario(named: "b")
  }

  @Test("is made by one of those who open it at once; the others find it done")
  func madeOnce() async throws {
    for round in 0..<5 {
      let path = "\(folder.path)/\(round).db"
      // Opening waits, so that each needs a thread of its own.
      let failures = await withCheckedContinuation { done in
        DispatchQueue.global().async {
          let failures = Mutex<[String]>([])
          DispatchQueue.concurrentPerform(iterations: 6) { _ in
            do { _ = try SQLiteStore.open(path: path) } catch {
              failures.withLock { $0.append("\(error)") }
            }
          }
          done.resume(returning: failures.withLock { $0 })
        }
      }
      #expect(failures == [])
    }
  }

  @Test("is not written to any more once it was deleted or another took its place; put back, it is")
  func gone() async throws {
    let store = try SQLiteStore.open(path: path)
    _ = try await store.scenario(named: "a")
    let aside = folder.path + "/aside.db"
    try FileManager.default.moveItem(atPath: path, toPath: aside)
    await #expect(throws: StoreError.self) { try await store.scenario(named: "b") }
    await #expect(throws: StoreError.self) { try await store.scenarios() }
    _ = FileManager.default.createFile(atPath: path, contents: Data())
    await #expect(throws: StoreError.self) { try await store.scenario(named: "b") }
    try FileManager.default.removeItem(atPath: path)
    try FileManager.default.moveItem(atPath: aside, toPath: path)
    _ = try await store.scenario(named: "b")
  }

  @Test("is not made by looking for it")
  func missing() {
    #expect(throws: StoreError.missing(path: path)) { try SQLiteStore.openExisting(path: path) }
    #expect(!FileManager.default.fileExists(atPath: path))
  }

  @Test("of another program, or no database at all, is refused and left as it was")
  func foreign() async throws {
    let foreign = folder.path + "/foreign.db"
    try await DatabaseQueue(path: foreign).write { try $0.execute(sql: "CREATE TABLE t (x)") }
    let text = try folder.file("notes.txt", String(repeating: "notes ", count: 100))
    for place in [foreign, text, folder.path] {
      let before = FileManager.default.contents(atPath: place)
      #expect(throws: StoreError.self) { try SQLiteStore.open(path: place) }
      #expect(FileManager.default.contents(atPath: place) == before)
    }
  }

  @Test("of a newer Fettle is refused and left as it was")
  func newer() async throws {
    _ = try SQLiteStore.open(path: path)
    try await DatabaseQueue(path: path).write {
      try $0.execute(sql: "INSERT INTO grdb_migrations VALUES ('999_future')")
    }
    #expect(throws: StoreError.newerVersion(path: path)) { try SQLiteStore.open(path: path) }
  }

  @Test("whose list of steps lacks one that was carried out says so, and is left as it was")
  func markRemoved() async throws {
    for mark in ["032_settled_edits", "001_initial"] {
      let path = "\(folder.path)/\(mark).db"
      _ = try SQLiteStore.open(path: path)
      try await DatabaseQueue(path: path).write {
        try $0.execute(
          sql: "DELETE FROM grdb_migrations WHERE identifier = ?", arguments: [mark])
      }
      let error = #expect(throws: StoreError.self) { try SQLiteStore.open(path: path) }
      guard case .mismatched(path, mark, _)? = error else {
        Issue.record("\(String(describing: error))")
        continue
      }
      #expect(error?.description.contains("restore it from a backup") == true)
    }
  }

  @Test("shares one blueprint among the records that failed in it")
  func sharing() async throws {
    let store = try SQLiteStore.open(path: path)
    let maker = try await RecordMaker(store)
    for _ in 0..<5 { _ = try await store.add(maker.record()) }
    let count = try await DatabaseQueue(path: path).read {
      try Int.fetchOne($0, sql: "SELECT count(*) FROM blueprint")
    }
    #expect(count == 1)
  }

  @Test("answers every list from an index: nothing is scanned, nothing sorted")
  func plans() async throws {
    let store = try SQLiteStore.open(path: path)
    _ = try await RecordMaker(store)
    let database = try DatabaseQueue(path: path)
    let conditions = [
      "state = 'a'", "state = 'a' AND error_type = 'b'", "state = 'a' AND scenario = 1",
      "state = 'a' AND scenario = 1 AND error_type = 'b'",
    ]
    for condition in conditions {
      for order in ["DESC", "ASC"] {
        let plan = try await database.read { database in
          try Row.fetchAll(
            database,
            sql: """
              EXPLAIN QUERY PLAN SELECT id FROM record
              WHERE \(condition) AND (created, id) < (5, 'x')
              ORDER BY created \(order), id \(order) LIMIT 5
              """
          ).map { $0["detail"] as String }.joined(separator: "; ")
        }
        #expect(plan.contains("USING") && plan.contains("INDEX"), "\(plan)")
        #expect(!plan.contains("SCAN") && !plan.contains("TEMP B-TREE"), "\(plan)")
      }
    }
  }

  @Test("opened twice takes writes from both at once")
  func twoWriters() async throws {
    let stores = [try SQLiteStore.open(path: path), try SQLiteStore.open(path: path)]
    let maker = try await RecordMaker(stores[0])
    try await withThrowingTaskGroup(of: Void.self) { group in
      for store in stores {
        group.addTask {
          for _ in 0..<100 { _ = try await store.add(maker.record()) }
        }
      }
      try await group.waitForAll()
    }
    #expect(try await stores[1].counts()[.unresolved] == 200)
  }

  @Test("is its owner's alone, and its group's in a folder in which a group works together")
  func mode() throws {
    func mode() -> mode_t {
      var facts = stat()
      stat(path, &facts)
      return facts.st_mode & 0o777
    }
    _ = try SQLiteStore.open(path: path)
    #expect(mode() == 0o600)
    for end in ["", "-wal", "-shm"] { unlink(path + end) }
    chmod(folder.path + "/deep/er", 0o2770)
    _ = try SQLiteStore.open(path: path)
    #expect(mode() == 0o660)
  }

  @Test("has a log that is short again when the burst that made it long is over")
  func log() async throws {
    let store = try SQLiteStore.open(path: path)
    let maker = try await RecordMaker(store)
    func length() -> Int {
      var facts = stat()
      stat(path + "-wal", &facts)
      return Int(facts.st_size)
    }
    func burst(_ count: Int) async throws {
      for _ in 0..<count {
        _ = try await store.add(
          try maker.record(bundle: ["text": .text(String(repeating: "x", count: 200_000))]))
      }
    }
    var unsafe = Configuration()
    unsafe.allowsUnsafeTransactions = true
    unsafe.busyMode = .timeout(5)
    let reader = try DatabaseQueue(path: path, configuration: unsafe)
    // As long as somebody reads what was, the log cannot begin anew.
    try reader.inDatabase { try $0.beginTransaction(.deferred) }
    _ = try reader.inDatabase { try Int.fetchOne($0, sql: "SELECT count(*) FROM record") }
    try await burst(200)
    let longest = length()
    #expect(longest > 16 << 20, "\(longest)")
    try reader.inDatabase { try $0.commit() }
    try await burst(130)
    for _ in 0..<200 where length() > 4 << 20 { try await Task.sleep(for: .milliseconds(50)) }
    #expect(length() <= 4 << 20, "\(length())")
    #expect(try await store.counts()[.unresolved] == 330)
  }

  @Test("that has no room says so and loses nothing")
  func full() async throws {
    let store = try SQLiteStore.open(path: path)
    let maker = try await RecordMaker(store)
    let first = try maker.record()
    _ = try await store.add(first)
    try await store.limitPages(toCurrentAnd: 4)
    let large = try maker.record(bundle: ["text": .text(String(repeating: "x", count: 1_000_000))])
    let error = await #expect(throws: StoreError.self) { try await store.add(large) }
    guard case .full? = error else { return #expect(Bool(false), "\(String(describing: error))") }
    #expect(try await store.record(first.id).id == first.id)
    #expect(try await store.counts()[.unresolved] == 1)
  }
}
