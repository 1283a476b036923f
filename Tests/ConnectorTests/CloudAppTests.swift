@testable import FettleConnectors
import FettleCore
import FettleTestKit
import Foundation
import Testing

/// Each against a server that answers as the reference of its API says.
@Suite("Apps of the cloud", .fewAtOnce)
struct CloudAppTests {
  private func modules(
    _ name: String, kind: String, settings: Collection, secrets: [String: String]
  ) throws -> [any Module] {
    let app = try #require(DeclarativeApp.builtIn.first { $0.name == name })
    return app.modules(
      connections: TestConnections(
        ["CONN": Connection(name: name, kind: kind, settings: settings)], secrets: [name: secrets]))
  }

  private func sheets(_ base: String) throws -> [any Module] {
    try modules(
      "google-sheets", kind: "oauth2",
      settings: [
        "url": .text(base), "token-url": .text(base + "/token"), "client-id": "client",
      ], secrets: ["client-secret": "cs-sesame", "refresh-token": "rt-sesame"])
  }

  private func run(
    _ type: String, _ input: Collection, parameters: Collection = [:], _ modules: [any Module]
  ) async throws -> [FettleCore.Bundle] {
    var all = parameters
    all["__IMTCONN__"] = "CONN"
    return try await perform(type, input, parameters: all, apps: modules).bundles
  }

  @Test("google-sheets:addRow appends what was mapped, and leaves the other cells alone")
  func addRow() async throws {
    let server = LoopbackHTTP { request in
      request.path == "/token"
        ? .json(200, ["access_token": "at-sesame", "expires_in": 3599, "token_type": "Bearer"])
        : .json(
          200,
          [
            "spreadsheetId": "S1", "tableRange": "'Sales Log'!A1:C6",
            "updates": [
              "spreadsheetId": "S1", "updatedRange": "'Sales Log'!A7:C7", "updatedRows": 1,
              "updatedColumns": 3, "updatedCells": 2,
            ],
          ])
    }
    let bundles = try await run(
      "google-sheets:addRow",
      [
        "spreadsheetId": "/S1", "sheetId": "Sales Log", "values": ["0": "Ada", "2": 12],
        "mode": "select",
      ], sheets(server.base))
    #expect(bundles.first?["rowNumber"] == 7)
    #expect(bundles.first?["updatedRange"] == "'Sales Log'!A7:C7")
    let token = try #require(server.requests.first)
    #expect(token.text.contains("grant_type=refresh_token"))
    #expect(token.text.contains("refresh_token=rt-sesame"))
    let request = try #require(server.requests.last)
    #expect(request.method == "POST")
    #expect(
      request.path == "/S1/values/'Sales%20Log'!A1:append"
        || request.path == "/S1/values/'Sales Log'!A1:append")
    #expect(request.query["valueInputOption"] == "USER_ENTERED")
    #expect(request.query["insertDataOption"] == "INSERT_ROWS")
    #expect(request.headers["authorization"] == "Bearer at-sesame")
    let row = try JSONReader.read(request.text).collection?["values"]?.array?.first?.array
    #expect(row == ["Ada", .null, 12])
  }

  @Test("google-sheets:updateRow and updateCell write to their cells, getSheetContent reads rows")
  func cells() async throws {
    let server = LoopbackHTTP { request in
      if request.path == "/token" { return .json(200, ["access_token": "at-sesame"]) }
      return request.method == "GET"
        ? .json(
          200,
          ["range": "A2:B3", "majorDimension": "ROWS", "values": [["a", "b"], ["c"]]])
        : .json(
          200, ["spreadsheetId": "S1", "updatedRange": "X!A3:B3", "updatedCells": 2])
    }
    let apps = try sheets(server.base)
    let updated = try await run(
      "google-sheets:updateRow",
      ["spreadsheetId": "S1", "sheetId": "X", "rowNumber": 3, "values": ["1": "b"]], apps)
    #expect(updated.first?["rowNumber"] == 3)
    #expect(updated.first?["updatedRange"] == "X!A3:B3")
    #expect(server.requests.last?.method == "PUT")
    #expect(server.requests.last?.path == "/S1/values/'X'!A3")
    _ = try await run(
      "google-sheets:updateCell",
      ["spreadsheetId": "S1", "sheetId": "X", "cell": "B7", "value": 5], apps)
    #expect(server.requests.last?.path == "/S1/values/'X'!B7")
    #expect(server.requests.last?.text == #"{"values":[[5]]}"#)
    let rows = try await run(
      "google-sheets:getSheetContent", ["spreadsheetId": "S1", "sheetId": "X", "range": "A2:B"],
      apps)
    #expect(rows.count == 2)
    #expect(rows.first?["0"] == "a" && rows.first?["1"] == "b")
    #expect(rows.last?["0"] == "c" && rows.last?["1"] == .null)
    #expect(server.requests.count { $0.path == "/token" } == 1, "a token is asked for once")
  }

  @Test(
    "what Google says in the body of an error becomes its type",
    arguments: [
      (400, "INVALID_ARGUMENT", ErrorType.data), (404, "NOT_FOUND", .data),
      (403, "PERMISSION_DENIED", .invalidAccessToken), (429, "RESOURCE_EXHAUSTED", .rateLimit),
      (503, "UNAVAILABLE", .connection), (500, "INTERNAL", .connection),
    ])
  func googleErrors(status: Int, said: String, type: ErrorType) async throws {
    let server = LoopbackHTTP { request in
      request.path == "/token"
        ? .json(200, ["access_token": "at-sesame"])
        : .json(
          status,
          [
            "error": [
              "code": .integer(status), "message": "Unable to parse range: at-sesame",
              "status": .text(said),
            ]
          ])
    }
    let error = await failure(
      "google-sheets:addRow", ["spreadsheetId": "S", "sheetId": "X", "values": ["0": 1]],
      parameters: ["__IMTCONN__": "CONN"], apps: try sheets(server.base))
    #expect(error?.type == type)
    #expect(error?.message.contains("Unable to parse range") == true)
    #expect(error.map { "\($0)" }?.contains("at-sesame") == false, "the error held the token")
  }

  @Test("a refresh token that Google no longer takes needs a person")
  func refused() async throws {
    let server = LoopbackHTTP { _ in
      .json(
        400,
        ["error": "invalid_grant", "error_description": "Token has been expired or revoked."])
    }
    let error = await failure(
      "google-sheets:addRow", ["spreadsheetId": "S", "sheetId": "X", "values": ["0": 1]],
      parameters: ["__IMTCONN__": "CONN"], apps: try sheets(server.base))
    #expect(error?.type == .invalidAccessToken)
    #expect(error?.message.contains("expired or revoked") == true)
  }

  private func supabase(_ base: String) throws -> [any Module] {
    try modules(
      "supabase", kind: "app", settings: ["url": .text(base)], secrets: ["key": "sb-sesame"])
  }

  @Test("supabase:createARow sends its columns and gives the row, Select gives rows")
  func rows() async throws {
    let server = LoopbackHTTP { request in
      request.method == "POST"
        ? .json(201, [["id": 7, "name": "Ada"]]) : .json(200, [["id": 1], ["id": 2]])
    }
    let apps = try supabase(server.base)
    let made = try await run("supabase:createARow", ["table": "people", "name": "Ada"], apps)
    #expect(made == [["id": 7, "name": "Ada"]])
    let request = try #require(server.requests.first)
    #expect(request.path == "/rest/v1/people")
    #expect(request.text == #"{"name":"Ada"}"#)
    #expect(request.headers["prefer"] == "return=representation")
    #expect(request.headers["apikey"] == "sb-sesame")
    #expect(request.headers["authorization"] == "Bearer sb-sesame")
    let found = try await run("supabase:Select", ["table": "people", "limit": 5], apps)
    #expect(found == [["id": 1], ["id": 2]])
    #expect(server.requests.last?.query == ["select": "*", "limit": "5"])
  }

  @Test(
    "what PostgREST says by its codes becomes its type",
    arguments: [
      (409, "23505", ErrorType.duplicateData), (409, "23503", .data), (400, "22P02", .data),
      (404, "PGRST205", .data), (401, "PGRST301", .invalidAccessToken),
      (403, "42501", .invalidAccessToken), (503, "PGRST002", .connection),
      (503, "53300", .connection), (500, "53100", .outOfSpace),
    ])
  func postgrestErrors(status: Int, code: String, type: ErrorType) async throws {
    let server = LoopbackHTTP { _ in
      .json(
        status,
        [
          "code": .text(code), "message": "as the database says", "details": "Key (id)=(7)",
          "hint": .null,
        ])
    }
    let error = await failure(
      "supabase:createARow", ["table": "people", "id": 7], parameters: ["__IMTCONN__": "CONN"],
      apps: try supabase(server.base))
    #expect(error?.type == type)
    #expect(error?.message.contains("as the database says") == true)
  }

  @Test("workfront:CreateRecord creates the object the parameter names, and says what was wrong")
  func workfront() async throws {
    let server = LoopbackHTTP { request in
      request.text.contains("categoryID")
        ? .json(
          422,
          [
            "error": [
              "class": "com.attask.common.InvalidParameterException",
              "message": "categoryID is not a valid field",
            ]
          ])
        : .json(200, ["data": ["ID": "65f", "name": "Fix it", "objCode": "OPTASK"]])
    }
    let apps = try modules(
      "workfront", kind: "app", settings: ["url": .text(server.base)], secrets: ["key": "wf-sesame"]
    )
    let made = try await run(
      "workfront:CreateRecord", ["name": "Fix it", "DE:Priority": "High"],
      parameters: ["record": "OPTASK"], apps)
    #expect(made == [["ID": "65f", "name": "Fix it", "objCode": "OPTASK"]])
    let request = try #require(server.requests.first)
    #expect(request.method == "POST" && request.path == "/OPTASK")
    #expect(request.headers["apikey"] == "wf-sesame")
    #expect(request.text == #"{"name":"Fix it","DE:Priority":"High"}"#)
    let error = await failure(
      "workfront:ActionCreateRecord", ["categoryID": "x"],
      parameters: ["__IMTCONN__": "CONN", "record": "OPTASK"], apps: apps)
    #expect(error?.type == .data)
    #expect(error?.message.contains("not a valid field") == true)
  }

  @Test("google-sheets:watchRows emits each row once, with its number")
  func watchRows() async throws {
    let server = LoopbackHTTP { request in
      request.path == "/token"
        ? .json(200, ["access_token": "at-sesame"])
        : .json(200, ["values": [["a", "1"], ["b"], ["c", "3"]]])
    }
    let apps = try sheets(server.base)
    let rows = try await run(
      "google-sheets:watchRows", [:],
      parameters: [
        "spreadsheetId": "/S1", "sheetId": "In box", "includesHeaders": true, "limit": 2,
      ], apps)
    #expect(rows.map { $0["__ROW_NUMBER__"] } == [2, 3])
    #expect(rows.map { $0["0"] } == ["a", "b"])
    #expect(rows.first?["1"] == "1" && rows.last?["1"] == .null)
    #expect(server.requests.last?.path.hasSuffix("!A2:ZZZ") == true)
  }

  /// A sheet of three columns with names, and the rows it is asked to write.
  private static func people(_ request: LoopbackHTTP.Request) -> LoopbackHTTP.Answer {
    if request.path == "/token" { return .json(200, ["access_token": "at-sesame"]) }
    if request.method != "GET" {
      return .json(200, ["spreadsheetId": "S1", "updates": ["updatedRange": "X!A5:B5"]])
    }
    return request.path.hasSuffix("!A1:Z1")
      ? .json(200, ["values": [["NAME", "CITY", "AGE"]]])
      : .json(200, ["values": [["Ada", "Bern", "9"], ["Bob", "Rome", "12"], ["Eve", "bern"]]])
  }

  @Test("google-sheets:filterRows finds the rows its conditions let through, by letter or by name")
  func filterRows() async throws {
    let server = LoopbackHTTP { Self.people($0) }
    let apps = try sheets(server.base)
    func rows(_ more: Collection) async throws -> [Collection] {
      var input: Collection = [
        "spreadsheetId": "S1", "sheetId": "X", "includesHeaders": true, "tableFirstRow": "A1:Z1",
      ]
      for field in more.fields { input[field.name] = field.value }
      return try await run("google-sheets:filterRows", input, apps)
    }
    let city: Collection = ["a": "B", "o": "text:equal:ci", "b": "BERN"]
    let found = try await rows(["filter": [[.collection(city)]]])
    #expect(found.map { $0["0"] } == ["Ada", "Eve"])
    #expect(found.map { $0["__ROW_NUMBER__"] } == [2, 4])
    #expect(found.first?["NAME"] == "Ada" && found.first?["CITY"] == "Bern")
    #expect(found.last?["AGE"] == .null && found.last?["2"] == .null)
    let either: Value = [
      [["a": "AGE", "o": "number:greater", "b": "10"]],
      [["a": "A", "o": "text:equal", "b": "Ada"]],
    ]
    #expect(try await rows(["filter": either, "limit": 1]).map { $0["0"] } == ["Ada"])
    let sorted = try await rows(["orderBy": "AGE", "sortOrder": "desc", "limit": 2])
    #expect(sorted.map { $0["NAME"] } == ["Bob", "Ada"])
    #expect(try await rows(["sortOrder": "desc"]).map { $0["0"] } == ["Eve", "Bob", "Ada"])
    let wrong = await failure(
      "google-sheets:filterRows",
      ["spreadsheetId": "S1", "sheetId": "X", "filter": [[["a": "A", "o": "text:magic"]]]],
      parameters: ["__IMTCONN__": "CONN"], apps: apps)
    #expect(wrong?.type == .bundleValidation)
    #expect(wrong?.field == "filter")
  }

  @Test("google-sheets: cells are written by the names of their columns")
  func headers() async throws {
    let server = LoopbackHTTP { Self.people($0) }
    let apps = try sheets(server.base)
    let input: Collection = [
      "spreadsheetId": "S1", "sheetId": "X", "rowNumber": 3, "tableFirstRow": "A1:Z1",
    ]
    var named = input
    named["values"] = ["CITY": "Oslo", "0": "Bo"]
    _ = try await run("google-sheets:updateRow", named, apps)
    #expect(server.requests.last?.text.contains(#""values":[["Bo","Oslo"]]"#) == true)
    var list = input
    list["values"] = ["x", 1]
    let before = server.requests.count
    _ = try await run("google-sheets:addRow", list, apps)
    #expect(server.requests.last?.text.contains(#""values":[["x",1]]"#) == true)
    #expect(server.requests.count == before + 1, "no names are asked for where none is used")
    named["values"] = ["Town": "Oslo"]
    let error = await failure(
      "google-sheets:updateRow", named, parameters: ["__IMTCONN__": "CONN"], apps: apps)
    #expect(error?.type == .data)
    #expect(error?.message.contains("no column \"Town\"; there are NAME, CITY, AGE") == true)
  }

  static let said: [(app: String, status: Int, body: Value, type: ErrorType, wait: Int?)] = [
    ("discord", 401, ["message": "401: Unauthorized", "code": 0], .invalidAccessToken, nil),
    ("discord", 403, ["message": "Missing Permissions", "code": 50013], .invalidAccessToken, nil),
    ("discord", 403, ["message": "Cannot send messages to this user", "code": 50007], .data, nil),
    ("discord", 404, ["message": "Unknown Channel", "code": 10003], .data, nil),
    ("discord", 400, ["message": "Invalid Form Body", "code": 50035, "errors": [:]], .data, nil),
    (
      "discord", 429, ["message": "You are being rate limited.", "retry_after": 64.2], .rateLimit,
      65
    ),
    ("telegram", 401, ["ok": false, "description": "Unauthorized"], .invalidAccessToken, nil),
    (
      "telegram", 403, ["ok": false, "description": "Forbidden: bot was blocked by the user"],
      .data,
      nil
    ),
    ("telegram", 400, ["ok": false, "description": "Bad Request: chat not found"], .data, nil),
    (
      "telegram", 429,
      [
        "ok": false, "description": "Too Many Requests: retry after 34",
        "parameters": ["retry_after": 34],
      ], .rateLimit, 34
    ),
    ("telegram", 502, ["ok": false, "description": "Bad Gateway"], .connection, nil),
    (
      "workfront", 200,
      ["error": ["class": "com.attask.common.AuthenticationException", "message": "wrong key"]],
      .invalidAccessToken, nil
    ),
    (
      "workfront", 400,
      [
        "error": [
          "class": "com.attask.common.ProjectStatusViolationException", "message": "is Complete",
        ]
      ], .data, nil
    ),
    ("workfront", 429, ["error": ["message": "too many"]], .rateLimit, nil),
    (
      "openai-gpt-3", 401,
      ["error": ["message": "Incorrect API key", "code": "invalid_api_key"]], .invalidAccessToken,
      nil
    ),
    (
      "openai-gpt-3", 429, ["error": ["message": "You exceeded", "code": "insufficient_quota"]],
      .outOfSpace, nil
    ),
    ("openai-gpt-3", 429, ["error": ["message": "Rate limit reached"]], .rateLimit, nil),
    (
      "openai-gpt-3", 404, ["error": ["message": "no such model", "code": "model_not_found"]],
      .data,
      nil
    ),
    ("openai-gpt-3", 503, ["error": ["message": "overloaded"]], .connection, nil),
  ]

  @Test("what these services say in the body of an error becomes its type", arguments: said)
  func errors(app: String, status: Int, body: Value, type: ErrorType, wait: Int?) async throws {
    let server = LoopbackHTTP { _ in .json(status, body) }
    let (kind, secret, module, input): (String, String, String, Collection) =
      switch app {
      case "discord": ("api-key", "key", "createMessage", ["channelId": "1", "content": "x"])
      case "telegram": ("app", "token", "SendReplyMessage", ["chatId": 7, "text": "x"])
      case "workfront": ("app", "key", "CreateRecord", ["name": "x"])
      default:
        ("bearer", "token", "CreateCompletion", ["model": "m", "messages": [["role": "user"]]])
      }
    let modules = try modules(
      app, kind: kind, settings: ["url": .text(server.base)], secrets: [secret: "sk-sesame-sesame"])
    let error = await failure(
      "\(app):\(module)", input, parameters: ["__IMTCONN__": "CONN", "record": "PROJ"],
      apps: modules)
    #expect(error?.type == type, "\(error?.message ?? "no failure")")
    #expect(error?.retryAfterSeconds == wait)
    let message =
      body.collection?["error"]?.collection?["message"] ?? body.collection?["message"]
      ?? body.collection?["description"]
    #expect(error?.message.contains(message?.text ?? "-") == true, "\(error?.message ?? "")")
  }

  @Test("openai, airtable and amazon-advertising are asked as their services want it")
  func others() async throws {
    let server = LoopbackHTTP { request in
      switch request.path {
      case "/token": .json(200, ["access_token": "at-sesame"])
      case "/chat/completions":
        .json(
          200, ["id": "c1", "choices": [["message": ["role": "assistant", "content": "yes"]]]])
      default: .json(200, ["id": "rec1", "fields": ["A": 1]])
      }
    }
    let url = Value.text(server.base)
    let openai = try modules(
      "openai-gpt-3", kind: "bearer", settings: ["url": url], secrets: ["token": "sk-sesame"])
    let answer = try await run(
      "openai-gpt-3:CreateCompletion",
      [
        "model": "gpt-4o-mini", "select": "chat", "messages": [["role": "user", "content": "?"]],
        "max_tokens": "200", "temperature": "1", "n_completions": "1",
      ], openai)
    #expect(answer.first?["result"] == "yes")
    #expect(
      server.requests.last?.text
        == #"{"model":"gpt-4o-mini","messages":[{"role":"user","content":"?"}],"max_tokens":200,"temperature":1,"n":1}"#
    )
    let airtable = try modules(
      "airtable", kind: "bearer", settings: ["url": url], secrets: ["token": "pat-sesame"])
    for (id, method, path) in [("", "POST", "/app1/tbl1"), ("rec1", "PATCH", "/app1/tbl1/rec1")] {
      _ = try await run(
        "airtable:upsertRecord",
        ["base": "app1", "table": "tbl1", "recordId": .text(id), "record": ["A": 1]], airtable)
      #expect(server.requests.last?.method == method)
      #expect(server.requests.last?.path == path)
    }
    let ads = try modules(
      "amazon-advertising", kind: "oauth2",
      settings: ["url": url, "token-url": .text(server.base + "/token"), "client-id": "client-1"],
      secrets: ["client-secret": "cs-sesame", "refresh-token": "rt-sesame"])
    _ = try await run(
      "amazon-advertising:makeApiCall",
      [
        "url": "/sp/campaigns/list", "method": "post", "body": "{}",
        "headers": [["name": "Accept", "value": "application/vnd.spCampaign.v3+json"]],
      ], ads)
    let asked = try #require(server.requests.last)
    #expect(asked.path == "/sp/campaigns/list" && asked.text == "{}")
    #expect(asked.headers["amazon-advertising-api-clientid"] == "client-1")
    #expect(asked.headers["accept"] == "application/vnd.spCampaign.v3+json")
  }

  @Test("gmail and google-email send a message as RFC 5322 has it, in the base64 of addresses")
  func gmail() async throws {
    let server = LoopbackHTTP { request in
      request.path == "/token"
        ? .json(200, ["access_token": "at-sesame"])
        : .json(200, ["id": "m1", "threadId": "t1", "labelIds": ["SENT"]])
    }
    let settings: Collection = [
      "url": .text(server.base), "token-url": .text(server.base + "/token"), "client-id": "client",
    ]
    func sent() throws -> String {
      let raw = try JSONReader.read(server.requests.last?.text ?? "").collection?["raw"]?.text
      let text = try #require(raw)
      #expect(!text.contains("+") && !text.contains("/"))
      let bytes = try #require(
        Data(base64Encoded: text.replacing("-", with: "+").replacing("_", with: "/")))
      return String(decoding: bytes, as: UTF8.self)
    }
    func decoded(_ text: Substring?) -> String? {
      text.flatMap { Data(base64Encoded: String($0)) }.map { String(decoding: $0, as: UTF8.self) }
    }
    let one = try modules(
      "gmail", kind: "oauth2", settings: settings, secrets: ["refresh-token": "rt-sesame"])
    let made = try await run(
      "gmail:sendEmail",
      [
        "to": "ada@example.org\r\nBcc: eve@example.org", "subject": "Grüße ÿÿÿ>>>???",
        "contentType": "text/html", "body": "<p>für Ada</p>",
      ], one)
    #expect(made.first?["id"] == "m1")
    #expect(server.requests.last?.path == "/users/me/messages/send")
    let lines = try sent().split(separator: "\r\n", omittingEmptySubsequences: false)
    #expect(lines.first == "To: ada@example.org Bcc: eve@example.org")
    let subject = lines.first { $0.hasPrefix("Subject: ") }
    #expect(decoded(subject?.dropFirst(19).dropLast(2)) == "Grüße ÿÿÿ>>>???")
    #expect(lines.contains("Content-Type: text/html; charset=utf-8"))
    #expect(decoded(lines.last) == "<p>für Ada</p>")
    let two = try modules(
      "google-email", kind: "oauth2", settings: settings, secrets: ["refresh-token": "rt-sesame"])
    _ = try await run(
      "google-email:sendAnEmail",
      [
        "to": ["ada@example.org", "eva@example.org"], "cc": ["bob@example.org"], "subject": "Hi",
        "bodyType": "collection", "contents": [["text": "one"], ["text": "two"]],
      ], two)
    let other = try sent().split(separator: "\r\n", omittingEmptySubsequences: false)
    #expect(other.prefix(2) == ["To: ada@example.org, eva@example.org", "Cc: bob@example.org"])
    #expect(other.contains("Content-Type: text/plain; charset=utf-8"))
    #expect(decoded(other.last) == "one\ntwo")
  }

  @Test("supabase:makeAnApiCall and amazon-seller:makeApiCall ask what the blueprint says")
  func anyCall() async throws {
    let server = LoopbackHTTP { request in
      switch request.path {
      case "/token": .json(200, ["access_token": "at-sesame-seller"])
      case "/reports/2021-06-30/reports" where request.method == "POST":
        .json(202, ["reportId": "R1"])
      case "/reports/2021-06-30/reports":
        .json(429, ["errors": [["code": "QuotaExceeded", "message": "slow down"]]])
      default: LoopbackHTTP.Answer(204)
      }
    }
    let call: Collection = [
      "url": "/rest/v1/orders?id=eq.7", "method": "PATCH", "qs": [],
      "headers": [
        ["key": "Content-Type", "value": "application/json"],
        ["key": "Prefer", "value": "return=minimal"],
      ], "body": #"{"status":"sent"}"#,
    ]
    let changed = try await run("supabase:makeAnApiCall", call, supabase(server.base))
    #expect(changed.first?["statusCode"] == 204)
    let request = try #require(server.requests.last)
    #expect(request.method == "PATCH" && request.text == #"{"status":"sent"}"#)
    #expect(request.query == ["id": "eq.7"])
    #expect(request.headers["prefer"] == "return=minimal")
    #expect(request.headers["content-type"] == "application/json")
    let seller = try modules(
      "amazon-seller", kind: "oauth2",
      settings: [
        "url": .text(server.base), "token-url": .text(server.base + "/token"),
        "client-id": "client", "token-header": "x-amz-access-token",
      ], secrets: ["refresh-token": "rt-sesame"])
    let asked = try await run(
      "amazon-seller:makeApiCall",
      [
        "url": "/reports/2021-06-30/reports", "method": "post", "qs": [],
        "headers": [["name": "Content-Type", "value": "application/json"]], "body": "{}",
      ], seller)
    #expect(asked.first?["body"] == ["reportId": "R1"])
    #expect(server.requests.last?.headers["x-amz-access-token"] == "at-sesame-seller")
    #expect(server.requests.last?.headers["authorization"] == nil)
    let error = await failure(
      "amazon-seller:makeApiCall", ["url": "/reports/2021-06-30/reports", "method": "get"],
      parameters: ["__IMTCONN__": "CONN"], apps: seller)
    #expect(error?.type == .rateLimit)
    #expect(error?.message.contains("slow down") == true)
  }
}
