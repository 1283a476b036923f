import FettleCore
import FettleTestKit
import Testing

@Suite("Changing a mapping in a blueprint", .fewAtOnce)
struct MappingChangeTests {
  private static let text = """
    {"name":"M","unknown":[1,2],"flow":[
      {"id":1,"module":"a:A","mapper":null},
      {"id":2,"module":"builtin:BasicRouter","mapper":null,"routes":[
        {"flow":[{"id":3,"module":"a:B","mapper":{"x":"{{1.x}}","list":["a","b"]},"keep":"me",
          "onerror":[{"id":4,"module":"a:C","mapper":{"y":1}}]}]}]},
      {"id":5,"module":"builtin:BasicIfElse","mapper":null,"branches":[
        {"type":"else","flow":[{"id":6,"module":"a:D","mapper":{}}]}]}]}
    """

  private func blueprint() throws -> Blueprint { try Blueprint(json: Array(Self.text.utf8)) }

  // swift-format-ignore
  @Test("finds the module wherever it stands and leaves the rest as exported", arguments: [
    ("3.x", "{{1.y}}"), ("3.list[2]", "c"), ("4.y", "{{1.z}}"), ("6.new", "n"),
    ("6.deep.er", "n"), ("1.first", "f"),
  ])
  func replaced(place: String, mapping: String) throws {
    let path = try ValuePath(parsing: place)
    let before = try blueprint()
    let after = try before.replacingMapping(at: path, with: .text(mapping))
    #expect(after.mapping(at: path) == .text(mapping))
    #expect(after.document["unknown"] == before.document["unknown"])
    for module in before.allModules where module.id != path.module {
      let now = try #require(after.module(module.id))
      if !module.withDescendants.contains(where: { $0.id == path.module }) {
        #expect(now.document == module.document)
      }
    }
    #expect(after.module(3)?.document["keep"] == "me")
  }

  @Test("takes a field away, and refuses what is not there")
  func removed() throws {
    let after = try blueprint().replacingMapping(at: ValuePath(parsing: "3.x"), with: nil)
    #expect(after.mapping(at: try ValuePath(parsing: "3.x")) == nil)
    #expect(throws: BlueprintError.self) {
      try blueprint().replacingMapping(at: ValuePath(parsing: "9.x"), with: "a")
    }
    #expect(throws: BlueprintError.self) {
      try blueprint().replacingMapping(at: ValuePath(parsing: "3.x.y"), with: "a")
    }
  }

  // swift-format-ignore
  @Test("a value as a mapping gives exactly that value", arguments: [
    "plain", "{{1.x}}", "say \"{{hi}}\" twice", "{{ \"\" }}",
  ])
  func literal(text: String) throws {
    let mapping = Mapping(compiling: Value.collection(["a": .text(text)]).asMapping)
    let scope = Scope(now: Instant(milliseconds: 0))
    #expect(try mapping.evaluate(in: scope) == ["a": .text(text)])
  }
}
