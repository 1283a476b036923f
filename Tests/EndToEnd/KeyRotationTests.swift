import FettleCore
import FettleSQLite
import FettleTestKit
import Foundation
import Testing

@Suite("A new key for what is sealed", .timeLimit(.minutes(15)), .fewAtOnce)
struct KeyRotationTests {
  let bench: ServiceBench
  private var key: String { bench.folder.path + "/.config/fettle/key" }

  init() throws { bench = try ServiceBench(opensSealed: true) }

  /// What sealed bytes begin with that the key of now has sealed.
  private func mark() async throws -> [UInt8] {
    guard
      case .sealed(let bytes)? = try await bench.store.connection(named: "crm")?.secrets["token"]
    else {
      Issue.record("nothing is sealed")
      return []
    }
    return Array(bytes.prefix(5))
  }

  /// Another program copies the files: closing one of them here would let go of the locks that SQLite
  /// holds on it.
  private func isInStore(_ mark: [UInt8]) async throws -> Bool {
    for ending in ["", "-wal"] where FileManager.default.fileExists(atPath: bench.path + ending) {
      let copy = bench.folder.path + "/copy"
      try await RealServer.run("/bin/cp", [bench.path + ending, copy], in: bench.folder)
      let bytes = try Data(contentsOf: URL(fileURLWithPath: copy))
      if bytes.range(of: Data(mark)) != nil { return true }
    }
    return false
  }

  /// How many values the key seals, and how many the one before.
  private func counts() async throws -> (current: Int, former: Int) {
    func number(_ text: String, behind words: String) -> Int {
      text.firstRange(of: words).flatMap { Int(text[$0.upperBound...].prefix { $0.isNumber }) } ?? 0
    }
    let told = try await bench.fettle(["key"])
    return (
      number(told, behind: "Sealed with it: "), number(told, behind: "\(key).old: ")
    )
  }

  private func connection() async throws {
    try await bench.fettle(
      ["connection", "add", "crm", "bearer", "--secret", "token"], input: "planted-token\n")
  }

  @Test("opens connections, keys of webhooks, events, journals, records, drafts, edits and outputs")
  func everything() async throws {
    let service = LoopbackHTTP { request in
      switch request.path {
      case "/slow": .init(200, "late", delay: .seconds(60))
      case "/token":
        .init(request.headers["authorization"] == "Bearer planted-token" ? 200 : 401)
      default: .json(422, ["message": "no"])
      }
    }
    try await connection()
    let path = try await bench.webhook(
      "Care", ServiceBench.post(2, "\(service.base)/{{1.kind}}"),
      settings: #""dlq":true,"confidential":true"#)
    try await bench.fettle(
      [
        "hook", "set", "1", "--secret-header", "X-Signature", "--secret-file", "-", "--hmac",
        "sha256",
      ],
      input: "sender-key")
    func send(_ base: String, _ body: String) async throws -> Int {
      let code = try await Program.fettle(
        ["eval", #"{{sha256("\#(body)"; "hex"; "sender-key")}}"#], home: bench.folder.path
      ).output
      return await HTTPClient(base).send(
        "POST", path,
        [
          "Content-Type": "application/x-www-form-urlencoded",
          "X-Signature": code.filter(\.isHexDigit),
        ], body
      ).status
    }
    let lease = ["FETTLE_LEASE": "2"]
    let first = try bench.daemon(environment: lease)
    let base = try await first.base()
    #expect(try await send(base, "kind=bad&n=planted-one") == 200)
    #expect(try await send(base, "kind=bad&n=planted-two") == 200)
    try await bench.wait("records") { try await bench.store.counts().byState[.unresolved] == 2 }
    #expect(try await send(base, "kind=slow&n=planted-three") == 200)
    try await bench.wait("the request") { service.requests.contains { $0.path == "/slow" } }
    try await first.kill()
    let records = try await bench.store.page(RecordFilter(), .first, limit: 10)
    try await bench.fettle(["edit", records[0].id.text, "--set", "1.kind=worse"])

    let draft = KeptDraft(
      record: records[0].id, author: "ada", version: 1, sequence: 1,
      drafts: [Draft(path: try ValuePath(parsing: "1.n"), value: "planted-draft")],
      date: records[0].created)
    try await bench.store.keep(draft)

    let old = try await mark()
    #expect(try await isInStore(old))
    let before = try await counts()
    #expect(before.current > 15 && before.former == 0)
    // A daemon that runs meanwhile goes on with the new key by itself, and takes over what died.
    let daemon = try bench.daemon(environment: lease)
    let address = try await daemon.base()
    let told = try await bench.fettle(["key", "rotate"])
    #expect(told.contains("There is a new key in \(key)."), "\(told)")
    #expect(try await send(address, "kind=bad&n=planted-four") == 200)
    try await bench.wait("what died, in doubt, and the new one") {
      try await bench.store.counts().byState[.unresolved] == 4
    }
    #expect(try await daemon.stop() == 0)
    #expect(try await counts().former == 0)
    #expect(try await mark() != old)

    // The next new key: an output that waits for its retry, and no daemon.
    let output: Collection = ["n": "planted-output"]
    _ = try await bench.store.requestRetries(
      of: [records[1].id], by: "ada", at: records[0].created, output: output, sendAgain: false)
    try FileManager.default.removeItem(atPath: key + ".old")
    let second = try await mark()
    #expect(try await isInStore(second))
    try await bench.fettle(["key", "rotate"])
    #expect(try await counts().former == 0)

    // The former key is not needed any more, and nothing of what it sealed is left.
    try FileManager.default.removeItem(atPath: key + ".old")
    #expect(try await !isInStore(old))
    #expect(try await !isInStore(second))
    #expect(try await bench.store.drafts(of: records[0].id, by: "ada") == [draft])
    #expect(try await bench.store.retryRequests(limit: 1).first?.output == output)
    try await bench.store.removeRetryRequest(of: records[1].id)
    for word in ["one", "two", "three", "four"] {
      let found = try await bench.fettle(["list", "--filter", "bundle.n:planted-\(word)"])
      #expect(found.contains("Care"), "\(word): \(found)")
    }
    #expect(try await bench.fettle(["show", records[0].id.text, "--json"]).contains("worse"))
    let tried = try await bench.fettle([
      "connection", "test", "crm", "--url", service.base + "/token",
    ])
    #expect(tried.contains("answers 200"), "\(tried)")
    let last = try bench.daemon()
    #expect(try await send(last.base(), "kind=bad") == 200)
    #expect(try await last.stop() == 0)
  }

  @Test("killed with signal 9 half-way, it is finished by doing it again, and all opens meanwhile")
  func killed() async throws {
    try await connection()
    let blueprint = try bench.folder.file(
      "care.json",
      #"""
      {"name":"Care","flow":[{"id":1,"module":"gateway:CustomWebHook"},
        {"id":2,"module":"json:ParseJSON","mapper":{"json":"{{1.body}}"}}],
       "metadata":{"scenario":{"dlq":true,"confidential":true}}}
      """#)
    let count = 300
    let bundles = (0..<count).map { #"{"body":"{\#($0)","n":"planted"}"# }.joined(separator: ",")
    try await bench.fettle(
      ["run", blueprint, "--bundles", bench.folder.file("b.json", "[\(bundles)]")], expecting: 3)
    let all = try await counts().current
    #expect(all > count)
    let old = try await mark()

    var halves = 0
    var (tooEarly, tooLate) = (0, 800)
    for _ in 0..<40 where halves < 2 {
      let life = (tooEarly + tooLate) / 2
      let result = try await Program.fettle(
        ["key", "rotate", "--store", bench.path], home: bench.folder.path,
        life: .milliseconds(life))
      let (current, former) = try await counts()
      #expect(current + former == all)
      if former == 0, FileManager.default.fileExists(atPath: key + ".old") {
        // Once more from the beginning.
        tooLate = max(life, tooEarly + 2)
        try? FileManager.default.removeItem(atPath: key + ".old")
      } else if current == 0 || former == 0 {
        #expect(result.status > 128, "\(result.errors)")
        tooEarly = life
        if tooLate - tooEarly < 4 { tooLate += 100 }
      } else {
        halves += 1
        let found = try await bench.fettle(
          ["list", "--json", "--limit", "1000", "--filter", "bundle.n:planted"])
        #expect(try JSONReader.read(found).array?.count == count)
      }
    }
    #expect(halves > 0, "none was killed between its first and its last transaction")
    try await bench.fettle(["key", "rotate"])
    try FileManager.default.removeItem(atPath: key + ".old")
    #expect(try await counts() == (all, 0))
    #expect(try await !isInStore(old))
    let found = try await bench.fettle(
      ["list", "--json", "--limit", "1000", "--filter", "bundle.n:planted"])
    #expect(try JSONReader.read(found).array?.count == count)
  }

  @Test("what neither key opens stops it before anything is changed, unless that is left as it is")
  func unreadable() async throws {
    try await connection()
    let elsewhere = bench.folder.path + "/elsewhere"
    try FileManager.default.moveItem(atPath: key, toPath: elsewhere)
    try await bench.fettle(
      ["connection", "add", "web", "basic", "--set", "user=ada", "--secret", "password"],
      input: "x\n")
    let before = try String(contentsOfFile: key, encoding: .utf8)
    let refused = try await Program.fettle(
      ["key", "rotate", "--store", bench.path], home: bench.folder.path)
    #expect(refused.status == 2)
    #expect(refused.errors.contains("opens the token of the connection crm"), "\(refused.errors)")
    #expect(try String(contentsOfFile: key, encoding: .utf8) == before)
    #expect(try await bench.fettle(["key"], expecting: 1).contains("Sealed with it: 1 value."))
    // The key it was sealed with is still there.
    let told = try await bench.fettle(["key", "rotate", "--old", elsewhere])
    #expect(told.contains("Sealed anew with the key of \(key): 1 value."), "\(told)")
    #expect(try String(contentsOfFile: key, encoding: .utf8) == before)
    #expect(try await counts() == (2, 0))

    // A second new key waits until the one before has been put away.
    try await bench.fettle(["key", "rotate"])
    let second = try await Program.fettle(
      ["key", "rotate", "--store", bench.path], home: bench.folder.path)
    #expect(second.status == 2)
    #expect(second.errors.contains("\(key).old is left from the last time"), "\(second.errors)")
  }

  @Test("a key that a command prints is changed where it is kept; what it sealed follows")
  func command() async throws {
    let folder = bench.folder
    let keys = try ["0f", "1e"].map { digits in
      let path = try folder.file(digits, String(repeating: digits, count: 32))
      chmod(path, 0o600)
      return path
    }
    func fettle(
      _ arguments: [String], key: String, input: String? = nil
    ) async throws -> Program.Result {
      try await Program.fettle(
        arguments + ["--store", bench.path], input: input, home: folder.path,
        environment: ["FETTLE_KEY_COMMAND": "cat \(key)"])
    }
    _ = try await fettle(
      ["connection", "add", "crm", "bearer", "--secret", "token"], key: keys[0], input: "x\n")
    let refused = try await fettle(["key", "rotate"], key: keys[0])
    #expect(refused.status == 2 && refused.errors.contains("--old FILE"), "\(refused.errors)")
    let done = try await fettle(["key", "rotate", "--old", keys[0]], key: keys[1])
    #expect(done.output.contains("FETTLE_KEY_COMMAND: 1 value."), "\(done.output)\(done.errors)")
    #expect(done.output.contains("Start the daemons again"), "\(done.output)")
    let shown = try await fettle(["key"], key: keys[1])
    #expect(shown.output.contains("Sealed with it: 1 value."), "\(shown.output)\(shown.errors)")
  }
}
