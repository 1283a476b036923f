@testable import FettleConnectors
import FettleCore
import FettleTestKit
import Testing

@Suite("Kept connections of mail and files", .fewAtOnce)
struct ConnectionPoolTests {
  private let start = ContinuousClock.now

  private func address(_ number: Int) -> UnsafeMutableRawPointer? {
    UnsafeMutableRawPointer(bitPattern: number + 1)
  }

  @Test("an account has the same pool again, until it rested for too long")
  func rest() {
    var pools = ConnectionPools()
    #expect(pools.take("a", now: start) { address(1) } == address(1))
    #expect(pools.take("a", now: start) { nil } == address(1), "a second user has the same")
    #expect(pools.take("b", now: start) { address(2) } == address(2))
    pools.release("b", now: start)
    pools.release("a", now: start)
    let later = start + ConnectionPools.rest + .seconds(1)
    #expect(pools.givingUp(now: start + ConnectionPools.rest).isEmpty)
    #expect(pools.givingUp(now: later) == [address(2)], "one user of the other is still there")
    pools.release("a", now: later)
    #expect(pools.givingUp(now: later).isEmpty)
    #expect(pools.givingUp(now: later + ConnectionPools.rest + .seconds(1)) == [address(1)])
    #expect(pools.count == 0)
    #expect(pools.take("a", now: later) { address(3) } == address(3), "a fresh one")
    #expect(pools.take("c", now: later) { nil } == nil, "no memory is no pool")
  }

  @Test("where there are too many, those go that rested longest, and none that is used")
  func most() {
    var pools = ConnectionPools()
    _ = pools.take("used", now: start) { address(999) }
    for number in 0..<ConnectionPools.most + 3 {
      _ = pools.take("\(number)", now: start) { address(number) }
      pools.release("\(number)", now: start + .milliseconds(number))
    }
    let gone = pools.givingUp(now: start + .seconds(1))
    #expect(Set(gone) == Set([0, 1, 2].compactMap(address)))
    #expect(pools.count == ConnectionPools.most + 1)
  }

  @Test(
    "a server with more accounts than are kept loses the connections of the first, and has them again"
  )
  func server() async throws {
    let server = LineServer(
      greeting: "220 ready",
      replies: [
        "USER": "331 password", "PASS": "230 in", "PWD": "257 \"/\"", "CWD": "250 there",
        "DELE": "250 gone", "TYPE": "200 yes", "QUIT": "221 bye",
      ], otherwise: "502 no such command")
    func delete(as user: Int) async -> ModuleError? {
      let connections = TestConnections(
        [
          "5": Connection(
            name: "ftp", kind: "ftp",
            settings: [
              "host": "127.0.0.1", "port": .integer(Int(server.port)), "user": .text("u\(user)"),
            ])
        ], secrets: ["ftp": ["password": "correct horse"]])
      return await failure(
        "ftp:ActionDeleteFile", ["path": "/a"], parameters: ["account": 5], connections: connections
      )
    }
    for user in 0..<ConnectionPools.most + 10 { #expect(await delete(as: user) == nil) }
    let deadline = ContinuousClock.now + .seconds(60)
    while server.connections > ConnectionPools.most, ContinuousClock.now < deadline {
      try await Task.sleep(for: .milliseconds(20))
    }
    #expect(server.connections <= ConnectionPools.most)
    #expect(await delete(as: 0) == nil, "who was given up logs in again")
  }
}
