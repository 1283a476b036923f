@testable import FettleConnectors
import FettleCore
import FettleTestKit
import Testing

/// Against a server that answers as the references of the APIs say.
@Suite("Apps of the cloud: Google Calendar, Slack's search, forms", .fewAtOnce)
struct CalendarAndSearchTests {
  private func ask(
    _ type: String, _ input: Collection, kind: String, _ settings: Collection
  ) async throws -> [FettleCore.Bundle] {
    let name = String(type.prefix { $0 != ":" })
    let app = try #require(DeclarativeApp.builtIn.first { $0.name == name })
    let connections = TestConnections(
      ["CONN": Connection(name: name, kind: kind, settings: settings)],
      secrets: [name: ["token": "t-sesame", "refresh-token": "rt-sesame", "client-secret": "cs"]])
    return try await perform(
      type, input, parameters: ["__IMTCONN__": "CONN"], apps: app.modules(connections: connections)
    ).bundles
  }

  @Test("google-calendar:createAnEvent writes times and guests; an event of a day has dates alone")
  func event() async throws {
    let server = LoopbackHTTP { request in
      request.path == "/token"
        ? .json(200, ["access_token": "at-sesame", "expires_in": 3599])
        : .json(200, ["id": "ev1", "status": "confirmed"])
    }
    func create(_ more: Collection) async throws -> Collection? {
      var input: Collection = [
        "calendar": "ada@example.org", "summary": "Tea", "start": "2026-11-26T09:00:00Z",
      ]
      for field in more.fields { input[field.name] = field.value }
      let bundles = try await ask(
        "google-calendar:createAnEvent", input, kind: "oauth2",
        [
          "url": .text(server.base), "token-url": .text(server.base + "/token"), "client-id": "c",
        ])
      #expect(bundles.first?["id"] == "ev1")
      let request = try #require(server.requests.last)
      #expect(request.method == "POST")
      #expect(request.path.hasPrefix("/calendars/ada") && request.path.hasSuffix("/events"))
      return try JSONReader.read(request.text).collection
    }
    let timed = try await create(["duration": "1:30", "attendees": [["email": "b@example.org"]]])
    #expect(timed?["attendees"] == [["email": "b@example.org"]])
    let times = ["start", "end"].map { timed?[$0]?.collection?["dateTime"]?.text ?? "" }
    let instants = times.map { Instant(iso8601: $0)?.milliseconds ?? 0 }
    #expect(instants[1] - instants[0] == 90 * 60_000, "\(times)")
    let whole = try await create(["allDayEvent": true])
    #expect(whole?["start"] == ["date": "2026-11-26"])
    #expect(whole?["end"] == ["date": "2026-11-27"])
  }

  @Test("slack:SearchMessages asks for as many as are wanted")
  func search() async throws {
    let server = LoopbackHTTP { _ in
      .json(200, ["ok": true, "messages": ["matches": [["ts": "1"], ["ts": "2"]]]])
    }
    let found = try await ask(
      "slack:SearchMessages", ["query": "on:2026-11-26", "sort": "timestamp", "limit": "30"],
      kind: "bearer", ["url": .text(server.base)])
    #expect(found.map { $0["ts"] } == ["1", "2"])
    #expect(server.requests.count == 1)
    #expect(
      server.requests.first?.query
        == ["query": "on:2026-11-26", "sort": "timestamp", "count": "30"])
    #expect(server.requests.first?.headers["authorization"] == "Bearer t-sesame")
  }

  @Test(
    "forms and databases that call a webhook need no request",
    arguments: [
      ("jotform", "watchForSubmissions"), ("tally", "watchNewResponse"),
      ("supabase", "watchEvents"),
    ])
  func webhooks(app: String, module: String) throws {
    let described = try #require(DeclarativeApp.builtIn.first { $0.name == app })
    let modules = described.modules(connections: TestConnections())
    #expect(modules.contains { $0.descriptor.type == "\(app):\(module)" })
  }
}
