import FettleCore
import FettleSQLite
import FettleTestKit
import Foundation
import Glibc
import Testing

/// A daemon whose store cannot be written to for a while.
@Suite("The daemon, when its store takes nothing", .timeLimit(.minutes(15)), .fewAtOnce)
struct StoreTroubleTests {
  private static let isRoot = geteuid() == 0

  private func until(
    _ status: Int, _ client: HTTPClient, seconds: Int = 40
  ) async throws -> HTTPClient.Answer {
    var answer = await client.send("GET", "/health")
    for _ in 0..<(seconds * 10) where answer.status != status {
      try await Task.sleep(for: .milliseconds(100))
      answer = await client.send("GET", "/health")
    }
    return answer
  }

  @Test(
    "a full disk: health and metrics say what and since when, and all goes on when there is room",
    .enabled(if: isRoot, "only root can make a small disk"))
  func fullDisk() async throws {
    let folder = try TemporaryFolder()
    let disk = folder.path + "/disk"
    try FileManager.default.createDirectory(atPath: disk, withIntermediateDirectories: true)
    try #require(mount("tmpfs", disk, "tmpfs", 0, "size=24m") == 0)
    defer { umount2(disk, Int32(MNT_DETACH)) }
    let store = disk + "/s.db"
    let file = try folder.file(
      "b.json",
      #"{"name":"H","flow":[{"id":1,"module":"gateway:CustomWebHook","version":1,"parameters":{}}],"metadata":{"scenario":{"dlq":true}}}"#
    )
    let scheduled = try await Program.fettle(
      ["schedule", file, "--store", store], home: folder.path)
    let path = String(
      try #require(
        scheduled.output.split(whereSeparator: { $0.isWhitespace || $0 == "," })
          .first { $0.hasPrefix("/hook/") }))
    let daemon = try Daemon(store: store, in: folder)
    let client = HTTPClient(try await daemon.base())
    func send() async -> Int {
      await client.send("POST", path, [:], String(repeating: "x", count: 100_000)).status
    }
    #expect(await client.send("GET", "/health").status == 200)
    #expect(await send() == 200)

    let filler = disk + "/filler"
    let descriptor = open(filler, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
    let block = [UInt8](repeating: 1, count: 4096)
    while write(descriptor, block, block.count) > 0 {}
    close(descriptor)
    let ill = try await until(503, client)
    #expect(ill.status == 503, "\(daemon.log)")
    for word in ["\"status\":\"error\"", "no room", "\"since\":\"20", store, "what only reads"] {
      #expect(ill.text.contains(word), "\(ill.text)")
    }
    let metrics = await client.send("GET", "/metrics")
    #expect(metrics.status == 200)
    #expect(metrics.text.contains("fettle_store_writable 0"))
    #expect(metrics.text.contains("fettle_store_readable 1"))
    let listed = try await Program.fettle(["list", "--store", store], home: folder.path)
    #expect(listed.status == 0, "what only reads works: \(listed.errors)")

    unlink(filler)
    #expect(try await until(200, client).status == 200, "\(daemon.log)")
    #expect(await send() == 200)
    #expect(await client.send("GET", "/metrics").text.contains("fettle_store_writable 1"))
    for _ in 0..<100 where !daemon.log.contains("can be written to again") {
      try await Task.sleep(for: .milliseconds(100))
    }
    #expect(daemon.log.ranges(of: "the store cannot be written to").count == 1, "\(daemon.log)")
    #expect(daemon.log.contains("the store can be written to again"), "\(daemon.log)")
    #expect(try await daemon.stop() == 0)
  }

  @Test("a program that holds the lock and is stopped is named, with what lets it go on")
  func stoppedHolder() async throws {
    let bench = try ServiceBench()
    _ = try await bench.webhook("H", "")
    let daemon = try bench.daemon()
    let client = HTTPClient(try await daemon.base())
    let holder = try Holder(bench.path, in: bench.folder)
    try await bench.wait("the lock") { holder.holds }
    kill(holder.process, SIGSTOP)
    let ill = try await until(503, client)
    #expect(ill.text.contains("kill -CONT \(holder.process)"), "\(ill.text)")
    // A daemon that starts meanwhile waits, and says for whom.
    let second = try bench.daemon()
    kill(holder.process, SIGCONT)
    holder.end()
    #expect(try await until(200, client).status == 200, "\(daemon.log)")
    #expect(try await second.base().hasPrefix("http"))
    #expect(try await second.stop() == 0)
    #expect(try await daemon.stop() == 0)
  }

  /// Another program, in the middle of writing to a store.
  private final class Holder: Sendable {
    let process: pid_t
    private let output: String

    init(_ store: String, in folder: TemporaryFolder) throws {
      output = folder.path + "/holder.out"
      let script = """
        import sqlite3, time
        c = sqlite3.connect('\(store)', isolation_level=None)
        c.execute('BEGIN IMMEDIATE')
        print('held', flush=True)
        time.sleep(120)
        """
      process = try Program.start(
        "/usr/bin/python3", ["-c", script], output: output, in: folder)
    }

    var holds: Bool {
      (try? String(contentsOfFile: output, encoding: .utf8))?.contains("held") == true
    }

    func end() {
      kill(process, SIGKILL)
      var status: Int32 = 0
      waitpid(process, &status, 0)
    }

    deinit { kill(process, SIGKILL) }
  }
}
