import FettleCore
import FettleTestKit
import Testing

@Suite("A request to a webhook becomes bundles", .fewAtOnce)
struct HookRequestTests {
  struct Row: Sendable, CustomTestStringConvertible {
    let what: String
    var query = ""
    var type: String?
    let body: String
    let bundles: [Bundle]
    var testDescription: String { what }
  }

  static let rows: [Row] = [
    Row(what: "nothing", body: "", bundles: [[:]]),
    Row(
      what: "a query", query: "a=1&b=x%20y+z&a=2&c[]=3&d", body: "",
      bundles: [["a": ["1", "2"], "b": "x y z", "c": ["3"], "d": ""]]),
    Row(
      what: "a JSON object keeps types and order", type: "application/json",
      body: #"{"n":1.5,"t":true,"o":{"x":null}}"#,
      bundles: [["n": 1.5, "t": true, "o": ["x": .null]]]),
    Row(
      what: "the body counts where the query says otherwise", query: "a=query&b=2",
      type: "application/json; charset=utf-8", body: #"{"a":"body"}"#,
      bundles: [["a": "body", "b": "2"]]),
    Row(
      what: "an array of objects is a bundle each", type: "application/json",
      body: #"[{"a":1},{"a":2}]"#, bundles: [["a": 1], ["a": 2]]),
    Row(
      what: "any other array is a value", type: "application/json", body: "[1,2]",
      bundles: [["value": [1, 2]]]),
    Row(
      what: "an empty array is still an event", type: "application/json", body: "[]",
      bundles: [["value": []]]),
    Row(
      what: "JSON that nobody announced", body: "  {\"a\":1}", bundles: [["a": 1]]),
    Row(
      what: "a type of its own that is JSON", type: "application/vnd.github+json",
      body: #"{"a":1}"#, bundles: [["a": 1]]),
    Row(
      what: "a form", type: "application/x-www-form-urlencoded",
      body: "name=Ada+Lovelace&mail=ada%40example.org&tag=a&tag=b",
      bundles: [["name": "Ada Lovelace", "mail": "ada@example.org", "tag": ["a", "b"]]]),
    Row(
      what: "a percent sign that means nothing stays", type: "application/x-www-form-urlencoded",
      body: "a=100%&b=%zz", bundles: [["a": "100%", "b": "%zz"]]),
    Row(
      what: "text", type: "text/plain", body: "hello", bundles: [["value": "hello"]]),
    Row(
      what: "XML", type: "application/xml", body: "<a/>", bundles: [["value": "<a/>"]]),
    Row(
      what: "bytes", type: "application/pdf", body: "%PDF",
      bundles: [["mime": "application/pdf", "data": .buffer(Buffer(Array("%PDF".utf8)))]]),
    Row(
      what: "a form with a file", type: "multipart/form-data; boundary=\"xx\"",
      body:
        "--xx\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\nA bill\r\n"
        + "--xx\r\nContent-Disposition: form-data; name=\"file\"; filename=\"bill.pdf\"\r\n"
        + "Content-Type: application/pdf\r\n\r\n%PDF\r\n\r\n\r\n--xx--\r\n",
      bundles: [
        [
          "title": "A bill",
          "file": [
            "name": "bill.pdf", "mime": "application/pdf",
            "data": .buffer(Buffer(Array("%PDF\r\n\r\n".utf8))),
          ],
        ]
      ]),
  ]

  @Test("by its kind", arguments: rows)
  func kinds(row: Row) throws {
    let headers = row.type.map { [HookAnswer.Header("content-TYPE", $0)] } ?? []
    let request = HookRequest(
      method: "POST", query: row.query, headers: headers, body: Array(row.body.utf8))
    #expect(try request.bundles() == row.bundles)
  }

  @Test(
    "is refused with a reason where it is not what it says",
    arguments: [
      ("application/json", "{\"a\":", "no JSON: line 1, column 6"),
      ("application/json", "", ""),
      ("multipart/form-data", "x", "boundary"),
      ("multipart/form-data; boundary=b", "nothing", "does not contain the boundary"),
      ("multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data", "does not end"),
      ("multipart/form-data; boundary=b", "--b\r\n\r\n--b", "does not end"),
    ])
  func unreadable(type: String, body: String, reason: String) throws {
    let request = HookRequest(
      method: "POST", headers: [.init("Content-Type", type)], body: Array(body.utf8))
    guard !reason.isEmpty else {
      #expect(try request.bundles() == [[:]])
      return
    }
    let refusal = #expect(throws: HookRequest.Unreadable.self) { try request.bundles() }
    #expect(refusal?.description.contains(reason) == true, "\(String(describing: refusal))")
  }

  @Test(
    "JSON is read in the charset it declares, also where it is passed on", arguments: [true, false])
  func charset(isPassedOn: Bool) throws {
    var settings = HookSettings()
    settings.passesJSONThrough = isPassedOn
    func event(_ charset: String) -> HookRequest {
      HookRequest(
        method: "POST", headers: [.init("Content-Type", "application/json; charset=\(charset)")],
        body: Array("{\"a\":\"".utf8) + [0xE9] + Array("\"}".utf8))
    }
    #expect(
      try event("ISO-8859-1").bundles(settings)
        == [isPassedOn ? ["value": #"{"a":"é"}"#] : ["a": "é"]])
    let refusal = #expect(throws: HookRequest.Unreadable.self) {
      try event("klingon").bundles(settings)
    }
    #expect(refusal?.description.contains("charset \"klingon\"") == true)
  }

  @Test("carries headers and method, and leaves JSON alone, where its owner asks for that")
  func settings() throws {
    var settings = HookSettings()
    settings.keepsHeaders = true
    settings.keepsMethod = true
    settings.passesJSONThrough = true
    let request = HookRequest(
      method: "PUT", headers: [.init("X-A", "b"), .init("Content-Type", "application/json")],
      body: Array("{\"a\": 1}".utf8))
    #expect(
      try request.bundles(settings) == [
        [
          "__IMTHEADERS__": [
            ["name": "x-a", "value": "b"],
            ["name": "content-type", "value": "application/json"],
          ], "__IMTMETHOD__": "PUT", "value": "{\"a\": 1}",
        ]
      ])
  }

  @Test("no body makes the reader of multipart bodies trap")
  func fuzz() {
    var random = SplitMix(seed: 7)
    let alphabet = Array("--b\r\n:;=\" \u{0}aContent-Disposition: form-data; name=\"x\"".utf8)
    for _ in 0..<3000 {
      let body = (0..<Int.random(in: 0...80, using: &random)).map { _ in
        alphabet.randomElement(using: &random) ?? 0
      }
      let request = HookRequest(
        method: "POST", headers: [.init("Content-Type", "multipart/form-data; boundary=b")],
        body: Array("--b\r\n".utf8) + body)
      _ = try? request.bundles()
    }
  }
}

@Suite("The secret of a webhook", .fewAtOnce)
struct HookSecretTests {
  @Test("is proven by the header that carries it, and by nothing else")
  func header() {
    let secret = HookSecret.header(name: "X-Secret", secret: "open sesame")
    #expect(secret.isProven(by: "open sesame", of: []))
    for wrong in [nil, "", "open sesam", "open sesame ", "OPEN SESAME"] {
      #expect(!secret.isProven(by: wrong, of: []))
    }
  }

  // The signature of RFC 4231, case 2, and what senders make of it.
  @Test(
    "is proven by a signature of the body, as senders write it",
    arguments: [
      "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
      "5BDCC146BF60754E6A042426089575C75A003F089D2739839DEC58B964EC3843",
      "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
      "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM=",
    ])
  func signature(header: String) {
    let secret = HookSecret.signature(header: "X-Hub", function: .sha256, key: .open("Jefe"))
    let body = Array("what do ya want for nothing?".utf8)
    #expect(secret.isProven(by: header, of: body))
    #expect(!secret.isProven(by: header, of: body + [0]))
    #expect(!secret.isProven(by: String(header.dropLast()), of: body))
    #expect(!secret.isProven(by: "sha1=" + header, of: body))
  }
}
