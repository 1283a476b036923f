import FettleCore
import FettleTestKit
import Testing

@Suite("Credentials among headers and parameters", .fewAtOnce)
struct CredentialTests {
  static let descriptor = ModuleDescriptor(
    type: "test:Call", kind: .action, effect: .effect,
    fields: [
      FieldDescriptor("headers", "Headers", nil, listsNames: true),
      FieldDescriptor("qs", "Query", nil, listsNames: true),
      FieldDescriptor("data", "Data", nil),
    ])

  @Test(
    "are known by their names, however those are written",
    arguments: [
      "Authorization", "proxy-authorization", "COOKIE", "X-Api-Key", "x_api_key", "api-key",
      "X-Auth-Token", "access_token",
    ])
  func names(name: String) {
    #expect(CredentialName.isKnown(name))
  }

  @Test(
    "other headers are no credentials",
    arguments: ["Accept", "Content-Type", "Idempotency-Key", "X-Request-Id", "Host", ""])
  func others(name: String) {
    #expect(!CredentialName.isKnown(name))
  }

  @Test("are masked at their place, however short, and what else is listed is not")
  func masked() {
    let input: Collection = [
      "headers": [
        ["name": "Accept", "value": "text/plain"], ["name": "authorization", "value": "abc"],
        ["key": "Cookie", "value": ""],
      ], "qs": [["name": "token", "value": "t"], ["name": "page", "value": "2"]],
      "data": [["name": "Authorization", "value": "kept"]],
    ]
    #expect(
      Self.descriptor.masked(input) == [
        "headers": [
          ["name": "Accept", "value": "text/plain"],
          ["name": "authorization", "value": .text(Mask.sign)], ["key": "Cookie", "value": ""],
        ], "qs": [["name": "token", "value": .text(Mask.sign)], ["name": "page", "value": "2"]],
        "data": [["name": "Authorization", "value": "kept"]],
      ])
  }

  @Test("are taken out of other texts, the token without its scheme as well, unless they are short")
  func elsewhere() {
    let mask = Self.descriptor.mask(of: [
      "headers": [
        ["name": "Authorization", "value": "Bearer hunter2-and-more"],
        ["name": "X-Api-Key", "value": "order"],
      ]
    ])
    #expect(mask.masked("no hunter2-and-more here, order") == "no \(Mask.sign) here, order")
  }

  @Test("make the places secret that they are mapped from")
  func sources() throws {
    let blueprint = try Blueprint(
      json: Array(
        #"""
        {"name":"T","flow":[{"id":1,"module":"gateway:CustomWebHook"},
          {"id":2,"module":"test:Call","mapper":{"headers":[
            {"name":"Accept","value":"{{1.accept}}"},
            {"name":"Authorization","value":"Bearer {{1.token}}"}],"data":"{{1.data}}"}}]}
        """#.utf8))
    let places = blueprint.secretPlaces { $0 == "test:Call" ? Self.descriptor : nil }
    #expect(places == [try ValuePath(parsing: "1.token")])
  }

  @Test(
    "a blueprint is shown without what is written by hand, also inside an expression",
    arguments: [
      ("Bearer {{1.token}}", true), ("{{1.token}}", true), ("Bearer abc", false),
      (#"Basic {{base64("user:password")}}"#, false), (#"{{"key"}}"#, false),
      (#"Bearer {{ifempty(1.t; "sk-1")}}"#, false), ("abc{{1.token}}", true),
      ("abc1{{1.token}}", false),
    ])
  func written(text: String, isShown: Bool) throws {
    let json = """
      {"name":"T","flow":[{"id":1,"module":"gateway:CustomWebHook"},{"id":2,"module":"test:Call",
      "mapper":{"headers":[{"name":"Authorization","value":\(JSONWriter.text(.text(text)))}]}}]}
      """
    let shown = try Blueprint(json: Array(json.utf8)).withoutSecrets { _ in Self.descriptor }
    let path = try ValuePath(parsing: "2.headers[1].value")
    #expect((shown.mapping(at: path)?.text == text) == isShown)
  }
}
