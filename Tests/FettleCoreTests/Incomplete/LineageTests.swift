import FettleCore
import FettleTestKit
import Testing

@Suite("The lineage of a failed module's input", .fewAtOnce)
struct LineageTests {
  private static func blueprint(_ modules: String) throws -> Blueprint {
    try Blueprint(json: Array(#"{"name":"L","flow":[\#(modules)]}"#.utf8))
  }

  private static func lineage(_ mapper: String) throws -> (Lineage, Blueprint) {
    let blueprint = try blueprint(
      #"{"id":1,"module":"gateway:CustomWebHook","mapper":{}},"#
        + #"{"id":2,"module":"http:MakeRequest","mapper":\#(mapper)}"#)
    return (Lineage(of: try #require(blueprint.module(2))), blueprint)
  }

  private func path(_ text: String) throws -> ValuePath { try ValuePath(parsing: text) }

  @Test("knows which mappings are copies and which compute")
  func plain() throws {
    let (lineage, _) = try Self.lineage(
      #"{"a":"{{1.x}}","b":"Dear {{1.x}}","c":{"d":"{{ 1.items[].sku }}"},"e":"{{upper(1.x)}}"}"#)
    #expect(lineage.plainSource(of: [.field("a")]) == (try path("1.x")))
    #expect(lineage.plainSource(of: [.field("b")]) == nil)
    #expect(lineage.plainSource(of: [.field("e")]) == nil)
    #expect(
      lineage.plainSource(of: [.field("c"), .field("d")]) == (try path("1.items[1].sku")))
    #expect(
      lineage.plainSource(of: [.field("a"), .field("deep"), .element(2)])
        == (try path("1.x.deep[2]")))
    #expect(lineage.inputs(reading: try path("1.x")).count == 3)
    #expect(lineage.input(fedBy: try path("1.x.deep"))?.input == [.field("a")])
  }

  private static let bundles = VisibleBundles([
    .init(
      module: 1,
      bundle: [
        "customer": ["name": "Ada"], "plannedDate": "31/02/2026", "total": 7, "note": "",
      ])
  ])

  private static let body =
    #"{"jsonBody":"{\"n\":\"{{1.customer.name}}\",\"e\":\"{{1.customer.email}}\"}","#
    + #""due":"{{1.plannedDate}}","url":"https://x"}"#

  // What services say, and the place that has to be found by it.
  // swift-format-ignore
  private static let answers: [(message: String, detail: String?, source: String)] = [
    ("422: email must not be empty", nil, "1.customer.email"),
    ("refused", #"{"errors":[{"field":"email","message":"blank"}]}"#, "1.customer.email"),
    ("refused", "'customer.name' is too short", "1.customer.name"),
    ("\"planned_date\" must be a date", nil, "1.plannedDate"),
    ("Value of PlannedDate is no date", nil, "1.plannedDate"),
    ("the due field is wrong", nil, "1.plannedDate"),
  ]

  @Test("finds the field a service names, however it spells it", arguments: answers)
  func named(answer: (message: String, detail: String?, source: String)) throws {
    let (lineage, _) = try Self.lineage(Self.body)
    let culprits = lineage.culprits(
      of: ModuleError(.data, answer.message, detail: answer.detail), misfits: [],
      input: ["jsonBody": "{}", "due": "31/02/2026", "url": "https://x"], bundles: Self.bundles)
    let first = try #require(culprits.first)
    #expect(first.evidence == .named)
    #expect(first.sources.first == (try path(answer.source)))
  }

  @Test("a field only the service knows is looked for in the mapping")
  func foreignField() throws {
    let (lineage, _) = try Self.lineage(Self.body)
    let culprits = lineage.culprits(
      of: ModuleError(.data, "422", field: "email"), misfits: [],
      input: ["jsonBody": "{}", "due": "", "url": "https://x"], bundles: Self.bundles)
    #expect(culprits.map(\.input) == [[.field("jsonBody")]])
    #expect(culprits.first?.sources.first == (try path("1.customer.email")))
  }

  @Test("blames nobody for everyday words, and then what is missing")
  func everyday() throws {
    let (lineage, _) = try Self.lineage(Self.body)
    let culprits = lineage.culprits(
      of: ModuleError(.data, "invalid request body, the url or data is wrong"), misfits: [],
      input: ["jsonBody": "{}", "url": "https://x"], bundles: Self.bundles)
    #expect(culprits.map(\.evidence) == [.missing])
    #expect(culprits.first?.sources.first == (try path("1.customer.email")))
  }

  @Test("what the module raised comes before misfits, and each field once")
  func order() throws {
    let (lineage, _) = try Self.lineage(#"{"a":"{{1.total}}","b":"{{1.note}}"}"#)
    let culprits = lineage.culprits(
      of: ModuleError(.data, "b is empty", field: "b", stage: .input),
      misfits: [("a", "a must be text"), ("b", "b is required")], input: [:],
      bundles: Self.bundles)
    #expect(culprits.map(\.evidence) == [.raised, .misfit])
    #expect(culprits.map(\.input) == [[.field("b")], [.field("a")]])
  }

  @Test("leads upstream through variables and iterators to where a value came in")
  func way() throws {
    let blueprint = try Self.blueprint(
      #"{"id":1,"module":"gateway:CustomWebHook","mapper":{}},"#
        + #"{"id":2,"module":"util:SetVariables","mapper":{"variables":["#
        + #"{"name":"first","value":"{{1.a}}"},{"name":"list","value":"{{1.items}}"}]}},"#
        + #"{"id":3,"module":"builtin:BasicFeeder","mapper":{"array":"{{2.list}}"}},"#
        + #"{"id":4,"module":"http:MakeRequest","mapper":{"sku":"{{3.sku}}"}}"#)
    let items: Value = [["sku": "A"], ["sku": ""]]
    let bundles = VisibleBundles([
      .init(module: 1, bundle: ["a": 1, "items": items]),
      .init(module: 2, bundle: ["first": 1, "list": items]),
      .init(module: 3, bundle: ["sku": "", "__IMTINDEX__": 2, "__IMTLENGTH__": 2]),
    ])
    let way = Lineage(of: try #require(blueprint.module(4)))
      .way(to: [.field("sku")], in: blueprint, bundles: bundles)
    let places = way.map { station -> String in
      switch station.place {
      case .input(let module, let steps):
        "\(module)<" + ValuePath(module: module, steps: steps).description
      case .bundle(let path): path.description
      }
    }
    #expect(
      places == [
        "4<4.sku", "3.sku", "3<3.array", "2.list[2].sku", "2<2.variables[2].value",
        "1.items[2].sku",
      ])
    #expect(way.allSatisfy { $0.isExact })
  }

  @Test("says when a module made a value out of its whole input")
  func computed() throws {
    let blueprint = try Self.blueprint(
      #"{"id":1,"module":"gateway:CustomWebHook","mapper":{}},"#
        + #"{"id":2,"module":"json:ParseJSON","mapper":{"json":"{{1.body}}"}},"#
        + #"{"id":3,"module":"http:MakeRequest","mapper":{"sku":"{{2.sku}}"}}"#)
    let way = Lineage(of: try #require(blueprint.module(3)))
      .way(to: [.field("sku")], in: blueprint, bundles: VisibleBundles())
    #expect(way.last?.place == .bundle(try path("1.body")))
    #expect(way.last?.isExact == false)
  }
}
