import FettleCore
import FettleProgram
import FettleTestKit
import Foundation
import Testing

@Suite("Sealing: what a copy of the store does not tell", .fewAtOnce)
struct SealingTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private var made: KeyedSealing {
    KeyedSealing(.file(folder.path + "/config/fettle/key", isMade: true))
  }

  private func key(_ name: String, _ content: String, mode: Int = 0o600) throws -> String {
    let path = try folder.file(name, content)
    try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
    return path
  }

  private static let digits = String(repeating: "0f", count: 32)

  private func failure(_ body: () throws -> Void) -> SealingError? {
    do { try body() } catch { return error as? SealingError }
    return nil
  }

  @Test("what was sealed opens again, under the same context, with the same key")
  func roundTrip() throws {
    let bytes = Array("hunter2 hunter2".utf8)
    let sealed = try made.seal(bytes, for: "connection mail")
    #expect(sealed.firstRange(of: Array("hunter2".utf8)) == nil)
    #expect(try made.open(sealed, for: "connection mail") == bytes)
    #expect(try made.open(made.seal([], for: ""), for: "") == [])
    #expect(
      try made.seal(bytes, for: "") != made.seal(bytes, for: ""), "a nonce is never used twice")
  }

  @Test("a command that prints the key holds nothing open that is ours, such as a connection")
  func inheritance() throws {
    let descriptor = open("/dev/null", O_RDONLY)
    defer { close(descriptor) }
    let sealing = KeyedSealing(
      .command("test -e /proc/$$/fd/\(descriptor) && exit 7; echo \(Self.digits)"))
    #expect(try sealing.open(sealing.seal([7], for: "x"), for: "x") == [7])
  }

  @Test("the key is made once, for its owner alone, and never by opening")
  func making() throws {
    let missing = failure { _ = try made.open([1, 2, 3, 4, 5, 6], for: "x") }
    guard case .missingKey? = missing else {
      Issue.record("\(String(describing: missing))")
      return
    }
    let sealed = try made.seal([7], for: "x")
    let path = folder.path + "/config/fettle/key"
    let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    #expect(mode == 0o600)
    #expect(try made.open(sealed, for: "x") == [7], "another instance reads the same key")
    let files = try FileManager.default.contentsOfDirectory(atPath: folder.path + "/config/fettle")
    #expect(files == ["key"])
  }

  @Test("any change of any byte, another context and a part of it do not open")
  func tampering() throws {
    let sealing = made
    let sealed = try sealing.seal(Array("payload".utf8), for: "a")
    #expect(failure { _ = try sealing.open(sealed, for: "b") } == .damaged)
    for position in sealed.indices {
      var changed = sealed
      changed[position] ^= 1
      #expect(failure { _ = try sealing.open(changed, for: "a") } != nil, "byte \(position)")
      #expect(failure { _ = try sealing.open(Array(sealed.prefix(position)), for: "a") } != nil)
    }
  }

  @Test("another key is told from damage")
  func otherKey() throws {
    let one = KeyedSealing(.file(try key("one", Self.digits), isMade: false))
    let two = KeyedSealing(
      .file(try key("two", String(repeating: "1E", count: 32) + "\n"), isMade: false))
    let sealed = try one.seal([1], for: "a")
    let error = failure { _ = try two.open(sealed, for: "a") }
    #expect(error == .otherKey(place: folder.path + "/two"))
    #expect(error?.description.contains("FETTLE_KEY_FILE") == true)
  }

  @Test("a key that was exchanged is read again without a restart")
  func exchanged() throws {
    let path = try key("key", Self.digits)
    let running = KeyedSealing(.file(path, isMade: false))
    let old = try running.seal([1], for: "a")
    _ = try key("key", String(repeating: "1e", count: 32))
    let new = try KeyedSealing(.file(path, isMade: false)).seal([2], for: "a")
    #expect(try running.open(new, for: "a") == [2])
    #expect(failure { _ = try running.open(old, for: "a") } == .otherKey(place: path))
  }

  @Test("the key that lies beside it opens what it sealed; what is new is sealed with the new one")
  func former() throws {
    let path = try key("key", Self.digits)
    let running = KeyedSealing(.file(path, isMade: false))
    let old = try running.seal([1], for: "a")
    #expect(try running.isCurrent(old))
    try FileManager.default.moveItem(atPath: path, toPath: path + ".old")
    _ = try key("key", String(repeating: "1e", count: 32))
    // A program that runs seals with the new key at once: nobody has to tell it.
    let new = try running.seal([2], for: "a")
    #expect(try running.isCurrent(new) && !running.isCurrent(old))
    #expect(try running.open(old, for: "a") == [1] && running.open(new, for: "a") == [2])
    #expect(failure { _ = try running.open(old, for: "b") } == .damaged)
    try FileManager.default.removeItem(atPath: path + ".old")
    let fresh = KeyedSealing(.file(path, isMade: false))
    #expect(try fresh.open(new, for: "a") == [2])
    #expect(failure { _ = try fresh.open(old, for: "a") } == .otherKey(place: path))
  }

  @Test("a key others may read is refused, with what to do", arguments: [0o644, 0o640, 0o604])
  func readable(mode: Int) throws {
    let path = try key("open", Self.digits, mode: mode)
    let error = failure { _ = try KeyedSealing(.file(path, isMade: false)).seal([1], for: "a") }
    #expect(
      error == .keyReadableByOthers(path: path, mode: "0" + String(mode, radix: 8)))
    #expect(error?.description.contains("chmod 600 \(path)") == true)
  }

  @Test("a credential that systemd hands over is taken with the mode it has, another file is not")
  func credentials() throws {
    let path = try key("credential", Self.digits, mode: 0o440)
    let other = try key("other", Self.digits, mode: 0o440)
    try FileManager.default.createDirectory(
      atPath: folder.path + "/credentials", withIntermediateDirectories: true)
    let handed = folder.path + "/credentials/key"
    try FileManager.default.moveItem(atPath: path, toPath: handed)
    setenv("CREDENTIALS_DIRECTORY", folder.path + "/credentials", 1)
    defer { unsetenv("CREDENTIALS_DIRECTORY") }
    func isTaken(_ path: String) -> Bool {
      failure { _ = try KeyedSealing(.file(path, isMade: false)).seal([1], for: "a") } == nil
    }
    #expect(isTaken(handed))
    #expect(!isTaken(other))
    chmod(handed, 0o444)
    #expect(!isTaken(handed))
  }

  @Test("a named file that is missing is not made", arguments: ["", "no/such/folder/"])
  func missing(under: String) {
    let path = folder.path + "/\(under)absent"
    let error = failure { _ = try KeyedSealing(.file(path, isMade: false)).seal([1], for: "a") }
    #expect(error == .missingKey(place: path))
    #expect(!FileManager.default.fileExists(atPath: path))
  }

  @Test("what is no key is refused and not shown", arguments: ["", "secret", digits + "0", "zz"])
  func malformed(content: String) throws {
    let path = try key("bad", content)
    let error = failure { _ = try KeyedSealing(.file(path, isMade: false)).seal([1], for: "a") }
    #expect(error == .noKey(place: path))
    #expect(content.isEmpty || error?.description.contains(content) == false)
  }

  @Test("a command gives the key; one that fails says so and not what it was")
  func command() throws {
    let told = KeyedSealing(.command("echo \(Self.digits)"))
    let file = KeyedSealing(.file(try key("same", Self.digits), isMade: false))
    #expect(try file.open(told.seal([9], for: "a"), for: "a") == [9])
    let error = failure {
      _ = try KeyedSealing(.command("exit 7 # hunter2")).seal([1], for: "a")
    }
    #expect(error?.description.contains("status 7") == true)
    #expect(error?.description.contains("hunter2") == false)
  }

  @Test("programs that make the key at the same time use the same one")
  func race() async throws {
    let path = folder.path + "/race/key"
    let sealed = try await withThrowingTaskGroup(of: [UInt8].self) { group in
      for number in 0..<8 {
        group.addTask {
          try KeyedSealing(.file(path, isMade: true)).seal([UInt8(number)], for: "a")
        }
      }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    let opened = try sealed.map {
      try KeyedSealing(.file(path, isMade: false)).open($0, for: "a")
    }
    #expect(Set(opened.map { $0[0] }) == Set(0..<8))
  }
}
