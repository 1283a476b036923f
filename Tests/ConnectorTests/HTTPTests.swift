import FettleCore
import FettleTestKit
import Foundation
import Testing

private let v3 = "http:ActionSendData"
private let v4 = "http:MakeRequest"

@Suite("HTTP: what a server says and what it means (semantics 2.5)", .fewAtOnce)
struct HTTPErrorTests {
  static let statuses: [(Int, ErrorType?)] = [
    (200, nil), (204, nil), (304, nil), (400, .data), (401, .invalidAccessToken), (402, .runtime),
    (403, .invalidAccessToken), (404, .data), (405, .invalidConfiguration), (406, .data),
    (408, .moduleTimeout), (409, .duplicateData), (410, .data), (413, .maxFileSizeExceeded),
    (415, .data), (418, .runtime), (422, .data), (429, .rateLimit), (500, .runtime),
    (501, .invalidConfiguration), (502, .connection), (503, .connection), (504, .connection),
    (507, .outOfSpace), (599, .runtime),
  ]

  @Test("a status becomes its type in both modules", arguments: statuses)
  func status(status: Int, type: ErrorType?) async throws {
    let server = LoopbackHTTP { _ in
      status < 400 ? .init(status) : .json(status, ["message": "because"])
    }
    let url = Value.text(server.base + "/x?token=hunter2")
    let three = await failure(
      v3, ["url": url, "method": "get"], parameters: ["handleErrors": true])
    let four = await failure(v4, ["url": url, "method": "get"])
    for error in [three, four] {
      #expect(error?.type == type)
      guard let error else { continue }
      #expect(error.statusCode == status)
      #expect(error.message.contains("\(status)") && error.message.contains("because"))
      #expect(!error.message.contains("hunter2"), "the query may hold a secret")
    }
    let off = await failure(v3, ["url": url, "method": "get"], parameters: ["handleErrors": false])
    #expect(off == nil)
    #expect(await failure(v4, ["url": url, "method": "get", "stopOnHttpError": false]) == nil)
  }

  @Test(
    "Retry-After is read as seconds and as a date",
    arguments: [
      ("120", 120...120), ("Wed, 21 Oct 2099 07:28:00 GMT", 2_592_000...2_592_000), ("soon", 0...0),
    ])
  func retryAfter(header: String, expected: ClosedRange<Int>) async throws {
    let server = LoopbackHTTP { _ in
      .init(429, "{}", headers: ["Retry-After": header])
    }
    let error = await failure(v4, ["url": .text(server.base), "method": "get"])
    #expect(expected.contains(error?.retryAfterSeconds ?? 0))
  }

  @Test("an answer is read as JSON.parse reads it: refused, its request would be made again")
  func foreignJSON() async throws {
    let server = LoopbackHTTP { _ in
      .init(200, #"{"a":1,"a":"\ud83d"}"#, headers: ["Content-Type": "application/json"])
    }
    for module in [v3, v4] {
      let output = try await perform(
        module, ["url": .text(server.base), "method": "post", "parseResponse": true])
      #expect(output.bundles.first?["data"] == ["a": "\u{FFFD}"])
    }
  }

  @Test(
    "what may not stand in an address is encoded on its way, what is encoded stays",
    arguments: [
      ("/a b/é/%20?q={1}&x=a|b", "/a b/é/ ", ["q": "{1}", "x": "a|b"]),
      (" /x \n", "/x", [:]),
    ] as [(String, String, [String: String])])
  func encodedAddress(written: String, path: String, query: [String: String]) async throws {
    let server = LoopbackHTTP { request in
      .json(
        200,
        ["path": .text(request.path), "isQuery": .boolean(request.query == query)])
    }
    let blanks = String(written.prefix { $0 == " " })
    let url = Value.text(blanks + server.base + written.dropFirst(blanks.count))
    for module in [v3, v4] {
      let output = try await perform(
        module, ["url": url, "method": "get", "parseResponse": true])
      #expect(output.bundles.first?["data"] == ["path": .text(path), "isQuery": true])
    }
  }

  @Test("the message, the field and the suberrors of the service are found")
  func serviceMessage() async throws {
    let server = LoopbackHTTP { _ in
      .json(
        422,
        [
          "error": ["message": "invalid customer"],
          "errors": [["field": "email", "message": "is empty"], ["message": "no name"]],
        ])
    }
    let error = await failure(v4, ["url": .text(server.base), "method": "post"])
    #expect(error?.message.contains("invalid customer") == true)
    #expect(error?.suberrors == ["is empty", "no name"])
    #expect(error?.field == "email")
  }

  @Test(
    "a broken transport becomes its type",
    arguments: [
      (LoopbackSocket.Fault.refused, ErrorType.connection), (.reset, .connection),
      (.garbage, .connection), (.silent, .moduleTimeout),
    ])
  func transport(fault: LoopbackSocket.Fault, type: ErrorType) async throws {
    let server = LoopbackSocket(fault)
    let url = "http://user:hunter2@127.0.0.1:\(server.port)/path"
    let seconds: Value = fault == .silent ? 1 : 60
    let error = await failure(v4, ["url": .text(url), "method": "get", "timeout": seconds])
    #expect(error?.type == type, "\(error?.message ?? "no failure")")
    #expect(error?.message.contains("127.0.0.1:\(server.port)/path") == true)
    #expect(error?.message.contains("hunter2") == false)
  }

  @Test("an unknown host, no address, another protocol")
  func addresses() async {
    #expect(
      await failure(v4, ["url": "http://no.such.host.invalid/", "method": "get"])?.type
        == .connection)
    for url in ["not an address", "file:///etc/passwd", "ftp://127.0.0.1/", "http://"] as [Value] {
      #expect(await failure(v4, ["url": url, "method": "get"])?.type == .data)
    }
    let empty = await failure(v4, ["url": "", "method": "get"])
    #expect(empty?.type == .bundleValidation)
    #expect(empty?.message.contains("\"url\" is required") == true)
    #expect(await failure(v4, ["url": "http://x", "method": "steal"])?.type == .bundleValidation)
    #expect(
      await failure(v4, ["url": "http://x", "method": "get", "timeout": 999])?.type
        == .bundleValidation)
  }

  @Test(
    "a certificate nobody vouches for is a ConnectionError, unless it is accepted",
    .enabled(
      if: FileManager.default.isExecutableFile(atPath: "/usr/bin/openssl"),
      "openssl is not installed"))
  func untrusted() async throws {
    let folder = try TemporaryFolder()
    let certificates = try await Certificates(in: folder)
    let free = RealServer.freePort()
    let server = try await RealServer(
      "/usr/bin/openssl",
      [
        "s_server", "-key", certificates.path("server.key"), "-cert",
        certificates.path("server.pem"), "-accept", "127.0.0.1:\(free)", "-www",
        "-quiet",
      ], port: free, in: folder)
    defer { withExtendedLifetime(server) {} }
    let url = Value.text("https://127.0.0.1:\(free)/")
    func ask(_ verified: Value) async -> ModuleError? {
      await failure(
        v3, ["url": url, "method": "get", "rejectUnauthorized": verified],
        parameters: ["handleErrors": true])
    }
    #expect(await ask(false) == nil)
    let error = await ask(true)
    #expect(error?.type == .connection)
    #expect(error?.message.contains("cannot be trusted") == true)
  }
}

@Suite("HTTP: what is sent and what comes back", .fewAtOnce)
struct HTTPRequestTests {
  @Test(
    "an address whose host was mapped from nothing is none: a part of its path is not asked instead",
    arguments: ["https:///orders", "http://", "http:///", "https://?a=1"])
  func noHost(url: String) async {
    let error = await ConnectorTests.failure(
      "http:MakeRequest", ["url": .text(url), "method": "get", "timeout": 2])
    #expect(error?.type == .data && error?.field == "url", "\(String(describing: error))")
  }

  @Test("v4 sends JSON with every number as it was spelled, and reads it back so")
  func json() async throws {
    let server = LoopbackHTTP { request in
      .init(200, request.text, headers: ["Content-Type": "application/json; charset=utf-8"])
    }
    let body = #"{"price":1.10,"id":9007199254740993}"#
    let output = try await perform(
      v4,
      [
        "url": .text(server.base + "/p?a=1"), "method": "post", "contentType": "json",
        "inputMethod": "jsonString", "jsonStringBodyContent": .text(body), "parseResponse": true,
        "headers": [["name": "X-One", "value": "1"], ["name": "", "value": "left out"]],
        "queryParameters": [["name": "q", "value": "ä &=/?"]],
      ])
    let request = try #require(server.requests.first)
    #expect(request.method == "POST")
    #expect(request.text == body)
    #expect(request.headers["content-type"] == "application/json")
    #expect(request.headers["x-one"] == "1")
    #expect(request.query == ["a": "1", "q": "ä &=/?"])
    #expect(output.bundles.first?["statusCode"] == 200)
    #expect(output.bundles.first?["data"].map { JSONWriter.text($0) } == body)
  }

  @Test("v3 sends raw, form and multipart bodies and basic authentication")
  func bodies() async throws {
    let server = LoopbackHTTP { _ in .init(200, "ok", headers: ["Set-Cookie": "a=b"]) }
    let url = Value.text(server.base)
    let output = try await perform(
      v3,
      [
        "url": url, "method": "PUT", "bodyType": "raw", "contentType": "text/plain", "data": "raw",
        "authUser": "ada", "authPass": "secret",
      ])
    _ = try await perform(
      v3,
      [
        "url": url, "method": "post", "bodyType": "x_www_form_urlencoded",
        "formFields": [["key": "a b", "value": "c&d"]],
      ])
    _ = try await perform(
      v3,
      [
        "url": url, "method": "post", "bodyType": "multipart_form_data",
        "formDataFields": [
          ["key": "t", "value": "text", "fieldType": "text"],
          [
            "key": "f", "fieldType": "file", "fileName": "a.bin",
            "data": .buffer(Buffer([0, 255, 10])),
          ],
        ],
      ])
    let requests = server.requests
    #expect(requests[0].text == "raw")
    #expect(requests[0].headers["authorization"] == "Basic YWRhOnNlY3JldA==")
    #expect(requests[1].text == "a%20b=c%26d")
    #expect(requests[2].headers["content-type"]?.hasPrefix("multipart/form-data") == true)
    #expect(requests[2].text.contains("filename=\"a.bin\""))
    #expect(requests[2].body.firstRange(of: [0, 255, 10]) != nil)
    #expect(output.bundles.first?["cookieHeaders"] == ["a=b"])
    #expect(output.bundles.first?["data"] == "ok")
    #expect(output.bundles.first?["fileSize"] == 2)
  }

  @Test("version 4 sends forms, and forms with files, in every method")
  func formsOfFour() async throws {
    let server = LoopbackHTTP { request in .init(200, request.method) }
    func send(_ method: String, _ more: Collection) async throws -> LoopbackHTTP.Request? {
      var input: Collection = ["url": .text(server.base), "method": .text(method)]
      for field in more.fields { input[field.name] = field.value }
      _ = try await perform(v4, input)
      return server.requests.last
    }
    let form = try await send(
      "patch",
      [
        "contentType": "urlEncoded",
        "urlEncodedBodyContent": [["name": "a b", "value": "c&d"], ["name": "ü", "value": ""]],
      ])
    #expect(form?.method == "PATCH")
    #expect(form?.text == "a%20b=c%26d&%C3%BC=")
    #expect(form?.headers["content-type"] == "application/x-www-form-urlencoded")
    let files = try await send(
      "post",
      [
        "contentType": "multipart",
        "multipartBodyContent": [
          ["name": "t", "value": "text"],
          ["name": "f", "fileName": "a.bin", "data": .buffer(Buffer([0, 255, 13, 10]))],
        ],
      ])
    #expect(files?.text.contains("filename=\"a.bin\"") == true)
    #expect(files?.body.firstRange(of: [0, 255, 13, 10]) != nil)
    let structure = try await send(
      "put",
      [
        "contentType": "json", "inputMethod": "dataStructure",
        "dataStructureBodyContent": ["a": [1, true]],
      ])
    #expect(structure?.text == #"{"a":[1,true]}"#)
    for method in ["delete", "options", "head"] {
      #expect(try await send(method, [:])?.method == method.uppercased())
    }
  }

  @Test("redirects are followed, or not")
  func redirects() async throws {
    let server = LoopbackHTTP { request in
      request.path == "/there"
        ? .init(200, "arrived") : .init(302, "moved", headers: ["Location": "/there"])
    }
    let url = Value.text(server.base + "/here")
    let followed = try await perform(v4, ["url": url, "method": "get"])
    #expect(followed.bundles.first?["data"] == "arrived")
    let stayed = try await perform(v4, ["url": url, "method": "get", "allowRedirects": false])
    #expect(stayed.bundles.first?["statusCode"] == 302)
  }

  @Test("an answer that says it is JSON and is not is a DataError; other text stays text")
  func parsing() async throws {
    let server = LoopbackHTTP { request in
      .init(200, "{oops", headers: ["Content-Type": String(request.path.dropFirst())])
    }
    func ask(_ type: String) async -> Result<Value?, ModuleError> {
      do throws(ModuleError) {
        return .success(
          try await perform(
            v4, ["url": .text("\(server.base)/\(type)"), "method": "get", "parseResponse": true]
          ).bundles.first?["data"])
      } catch { return .failure(error) }
    }
    guard case .failure(let error) = await ask("application/json") else {
      return #expect(Bool(false), "it was parsed")
    }
    #expect(error.type == .data)
    #expect(error.message.contains("line 1, column 2"))
    #expect(await ask("text/plain") == .success("{oops"))
  }

  @Test("an answer in a charset of its own is read in it, and one nobody knows is a DataError")
  func charset() async throws {
    let server = LoopbackHTTP { request in
      .init(
        200,
        headers: ["Content-Type": "application/json; charset=\(request.query["charset"] ?? "")"],
        bytes: Array("{\"a\":\"".utf8) + [0xE9] + Array("\"}".utf8))
    }
    func input(_ charset: String) -> Collection {
      [
        "url": .text("\(server.base)/?charset=\(charset)"), "method": "get", "parseResponse": true,
      ]
    }
    #expect(try await perform(v4, input("iso-8859-1")).bundles.first?["data"] == ["a": "é"])
    let error = await failure(v4, input("klingon"))
    #expect(error?.type == .data)
    #expect(error?.message.contains("charset \"klingon\"") == true, "\(String(describing: error))")
  }

  @Test("a body that is no JSON is refused before it is sent, with its place")
  func brokenBody() async throws {
    let server = LoopbackHTTP { _ in .init(200) }
    let error = await failure(
      v4,
      [
        "url": .text(server.base), "method": "post", "contentType": "json",
        "inputMethod": "jsonString", "jsonStringBodyContent": "{\"a\": }",
      ])
    #expect(error?.type == .data)
    #expect(error?.field == "jsonStringBodyContent")
    #expect(error?.message.contains("column 7") == true)
    #expect(server.requests.isEmpty)
  }

  @Test("a line end in a header is refused")
  func headerInjection() async throws {
    let server = LoopbackHTTP { _ in .init(200) }
    let error = await failure(
      v4,
      [
        "url": .text(server.base), "method": "get",
        "headers": [["name": "X", "value": "a\r\nEvil: yes"]],
      ])
    #expect(error?.type == .data)
    #expect(server.requests.isEmpty)
  }

  @Test("cancelling ends a request that waits")
  func cancellation() async throws {
    let server = LoopbackSocket(.silent)
    let task = Task {
      await failure(
        v4, ["url": .text("http://127.0.0.1:\(server.port)/"), "method": "get", "timeout": 60])
    }
    try await Task.sleep(for: .milliseconds(100))
    task.cancel()
    #expect(await task.value?.type == .executionInterrupted)
  }
}
