import FettleCore
import FettleSQLite
import FettleTestKit
import Foundation
import Testing

private let folderOfAll = Conformance.folder + "/blueprints"

/// Blueprints that others published, run by the real program with all their calls going to a local
/// server: their hosts are replaced, their connections are local ones, and what still wants to leave the
/// machine meets a proxy that is the same server.
@Suite(
  "Public blueprints, each set of modules once",
  .enabled(
    if: FileManager.default.fileExists(atPath: folderOfAll + "/wild"),
    "the real blueprints are not beside this checkout"), .fewAtOnce)
struct PublicBlueprintTests {
  /// What an app's connection is; the others have none.
  private static let kinds = [
    "airtable": "bearer", "slack": "bearer", "openai-gpt-3": "bearer", "telegram": "app",
    "workfront": "app", "discord": "api-key", "google-sheets": "oauth2", "gmail": "oauth2",
    "google-email": "oauth2", "supabase": "app", "amazon-advertising": "oauth2",
    "amazon-seller": "oauth2",
    "amazon-seller-central": "oauth2", "email": "smtp", "google-calendar": "oauth2",
    "http:ActionSendDataAPIKeyAuth": "api-key", "http:ActionSendDataBasicAuth": "basic",
  ]

  /// An answer that is enough for every service at once.
  private static func answer(_ base: String) -> Value {
    answer.collection.map { fields in
      var fields = fields
      // Where a report can be fetched that was asked for.
      fields["url"] = .text(base + "/report")
      return .collection(fields)
    } ?? answer
  }

  private static let answer: Value = [
    "ok": true, "id": "1", "access_token": "at-sesame", "expires_in": 3600,
    "values": [
      ["2026-01-04T10:00:00Z", "2026-01-04T11:00:00Z", "c", "eve@example.org", "e"],
      [
        "2026-01-05T10:00:00Z", "2026-01-05T11:00:00Z", "3", "ada@example.org bob@example.org", "5",
      ],
    ],
    "choices": [["message": ["content": #"{"category":"a","priority":"high"}"#]]],
    "records": [["id": "rec1", "fields": ["A": 1]]], "result": ["message_id": 1],
    "data": ["ID": "1", "status": "degraded", "items": [["id": 1]]], "status": "ok",
    "spreadsheetId": "S", "updates": ["updatedRange": "X!A2:B2"], "updatedRange": "X!A2:B2",
  ]

  private func store(_ path: String, _ base: String) async throws {
    let store = try SQLiteStore.open(path: path)
    let secret = SecretSource.environment("FETTLE_TEST_SECRET")
    for kind in Set(Self.kinds.values) {
      try await store.keep(
        Connection(
          name: "c-" + kind, kind: kind,
          settings: [
            "url": .text(base), "token-url": .text(base + "/token"), "client-id": "c",
            "user": "ada", "name": "Authorization",
          ],
          secrets: [
            "token": secret, "key": secret, "password": secret, "client-secret": secret,
            "refresh-token": secret,
          ]))
    }
  }

  /// The blueprint with local hosts and connections, its sleeps cut short.
  private func localized(_ value: Value, _ base: String) -> Value {
    switch value {
    case .text(let text):
      return .text(text.replacing(/https?:\/\/(?=[A-Za-z0-9{.\-])/, with: base + "/"))
    case .array(let elements): return .array(elements.map { localized($0, base) })
    case .collection(let fields):
      var changed = Collection(fields.fields.map { ($0.name, localized($0.value, base)) })
      let type = changed["module"]?.text ?? ""
      let app = type.split(separator: ":").first.map(String.init) ?? ""
      if let kind = Self.kinds[type] ?? Self.kinds[app] {
        var parameters = changed["parameters"]?.collection ?? [:]
        let names =
          switch app {
          case "http": ["auth", "key"]
          case "email": ["account"]
          case "google-email": ["__IMTCONN__", "account"]
          default: ["__IMTCONN__"]
          }
        for name in names { parameters[name] = .text("c-" + kind) }
        changed["parameters"] = .collection(parameters)
      }
      if let keychain = changed["parameters"]?.collection?["apiKeyKeychain"], !keychain.isNull {
        var parameters = changed["parameters"]?.collection ?? [:]
        parameters["apiKeyKeychain"] = "c-api-key"
        changed["parameters"] = .collection(parameters)
      }
      if type == "util:FunctionSleep" { changed["mapper"] = ["duration": 1] }
      if type == "builtin:Sleep" { changed["mapper"] = ["timeout": 1] }
      return .collection(changed)
    default: return value
    }
  }

  @Test("one whose modules are all known runs to its end, without an error", arguments: complete)
  func run(name: String) async throws {
    let folder = try TemporaryFolder()
    let server = LoopbackHTTP { request in
      .json(200, Self.answer("http://\(request.headers["host"] ?? "")"))
    }
    let store = folder.path + "/s.db"
    try await self.store(store, server.base)
    let bytes = try Data(contentsOf: URL(fileURLWithPath: "\(folderOfAll)/wild/\(name)"))
    let document = localized(try JSONReader.read(Array(bytes)), server.base)
    let blueprint = try Blueprint(document)
    var arguments = ["run", try folder.file("b.json", JSONWriter.text(document)), "--store", store]
    // What its filters let through depends on what it is told.
    if blueprint.takesEvents {
      arguments += ["--bundles", try folder.file("in.json", #"[{"id":"1","data":{"id":"1"}}]"#)]
    }
    let result = try await Program.fettle(
      arguments, home: folder.path,
      environment: [
        "FETTLE_TEST_SECRET": "sesame-sesame", "http_proxy": server.base,
        "https_proxy": server.base, "no_proxy": "127.0.0.1",
      ])
    #expect(result.status == 0, "\(result.output)\(result.errors)")
    if !blueprint.takesEvents { #expect(!server.requests.isEmpty, "it asked for nothing") }
    #expect(!(result.output + result.errors).contains("sesame-sesame"))
  }

  @Test(
    "one that calls functions nobody has is refused, with what to write instead",
    arguments: [
      ("497.json", ["'divide' not found; write a / b", "'multiply' not found; write a * b"]),
      ("498.json", ["'toJSON' not found; write a module json:TransformToJSON"]),
    ])
  func refused(name: String, words: [String]) async throws {
    let folder = try TemporaryFolder()
    let result = try await Program.fettle(
      ["check", "\(folderOfAll)/wild/\(name)"], home: folder.path)
    #expect(result.status != 0, "\(result.output)")
    let errors = (result.output + result.errors).split(separator: "\n")
      .filter { $0.hasPrefix("error:") }
    for word in words { #expect(errors.contains { $0.contains(word) }, "\(errors)") }
    #expect(errors.allSatisfy { line in words.contains { line.contains($0) } }, "\(errors)")
  }

  /// Those that ask for nothing but what is there; the others have placeholders in the place of data, or
  /// modules nobody has.
  private static let complete = [
    "004.json", "018.json", "019.json", "026.json", "027.json", "032.json", "033.json", "034.json",
    "035.json", "049.json", "050.json", "051.json", "064.json", "065.json", "066.json", "076.json",
    "077.json", "081.json", "087.json", "088.json", "089.json", "104.json", "106.json", "126.json",
    "164.json", "368.json", "409.json", "456.json", "477.json", "521.json", "527.json", "533.json",
    "177.json", "178.json", "179.json", "258.json", "259.json", "384.json",
    "386.json", "387.json", "388.json", "390.json", "391.json", "392.json", "522.json",
    "005.json", "383.json", "385.json", "535.json",
  ]
}
