import FettleCore
import FettleTestKit
import Testing

@Suite("JSON, variables, iterator", .fewAtOnce)
struct ToolTests {
  @Test(
    "ParseJSON gives a bundle for an object, for each element of an array, for a plain value",
    arguments: [
      (#"{"a":1.10}"#, [["a": .number(Number(json: "1.10") ?? Number(0))]]),
      (#"[{"a":1},{"a":2}]"#, [["a": 1], ["a": 2]]), ("7", [["value": 7]]), ("[]", []),
    ] as [(String, [Collection])])
  func parse(text: String, expected: [Collection]) async throws {
    #expect(try await perform("json:ParseJSON", ["json": .text(text)]).bundles == expected)
  }

  @Test(
    "ParseJSON reads what JSON.parse reads: the last of two equal keys counts, half an emoji is U+FFFD",
    arguments: [
      (#"{"a":1,"b":2,"a":{"c":3}}"#, ["a": ["c": 3], "b": 2]),
      (
        #"{"a":"x\ud83d","b":"\ud83dA\ude00","c":"\ud83d\ud83d\ude00"}"#,
        ["a": "x\u{FFFD}", "b": "\u{FFFD}A\u{FFFD}", "c": "\u{FFFD}😀"]
      ),
    ] as [(String, Collection)])
  func foreignJSON(text: String, expected: Collection) async throws {
    #expect(try await perform("json:ParseJSON", ["json": .text(text)]).bundles == [expected])
  }

  @Test("ParseJSON raises on bad JSON with its place: what 'throw' is built on (4.6)")
  func parseFailure() async {
    let error = await failure("json:ParseJSON", ["json": "{\"a\":\n oops}"])
    #expect(error?.type == .bundleValidation)
    #expect(error?.field == "json")
    #expect(error?.message.contains("line 2, column 2") == true)
    #expect(await failure("json:ParseJSON", [:])?.message.contains("is required") == true)
  }

  @Test("CreateJSON keeps order and spelling")
  func create() async throws {
    let number = Value.number(Number(json: "1.10") ?? Number(0))
    let output = try await perform("json:CreateJSON", ["z": number, "a": [.null, true]])
    #expect(output.bundles == [["json": #"{"z":1.10,"a":[null,true]}"#]])
  }

  @Test(
    "TransformToJSON writes any value, indented where `space` asks for it",
    arguments: [
      (["b": [1, "ü\n"], "a": .null], "", #"{"b":[1,"ü\n"],"a":null}"#),
      ([["x": 1], true], "", #"[{"x":1},true]"#), ("plain", "", #""plain""#), (.null, "", "null"),
      (["a": [1]], "2", "{\n  \"a\": [\n    1\n  ]\n}"),
    ] as [(Value, Value, String)])
  func transform(object: Value, space: Value, expected: String) async throws {
    let output = try await perform(
      "json:TransformToJSON", ["object": object], parameters: ["space": space])
    #expect(output.bundles == [["json": .text(expected)]])
    let back = try await perform("json:ParseJSON", ["json": .text(expected)])
    let elements = object.array ?? [object]
    #expect(back.bundles == elements.map { $0.collection ?? ["value": $0] })
  }

  @Test(
    "ComposeTransformer hands one value on as it is, whatever it is",
    arguments: ["a × 2", 1.5, ["k": ["v"]], .null, .buffer(Buffer([0, 255]))] as [Value])
  func compose(value: Value) async throws {
    #expect(
      try await perform("util:ComposeTransformer", ["value": value]).bundles == [["value": value]])
    #expect(try await perform("util:ComposeTransformer", [:]).bundles == [["value": .null]])
  }

  @Test("variables are set by name and read by name, the cycle's before the execution's")
  func variables() async throws {
    let set = try await perform(
      "util:SetVariable2", ["name": "a", "scope": "execution", "value": 5])
    #expect(set.bundles == [["a": 5]])
    #expect(set.assignments == [VariableAssignment(name: "a", value: 5, scope: .execution)])
    let several = try await perform(
      "util:SetVariables",
      ["scope": "roundtrip", "variables": [["name": "x", "value": "1"], ["name": "y"]]])
    #expect(several.bundles == [["x": "1", "y": .null]])
    let known = Variables(cycle: ["a": 1], execution: ["a": 2, "b": 3])
    let read = try await perform("util:GetVariable2", ["name": "a"], variables: known)
    #expect(read.bundles == [["a": 1]])
    let both = try await perform(
      "util:GetVariables", ["variables": ["a", "b", "c"]], variables: known)
    #expect(both.bundles == [["a": 1, "b": 3, "c": .null]])
    #expect(
      await failure("util:SetVariable2", ["name": "", "value": 1])?.type == .bundleValidation)
  }

  @Test(
    "the iterator emits an element a bundle (semantics 6.6)",
    arguments: [
      ([["a": 1], "x", 2], [["a": 1], ["value": "x"], ["value": 2]]), (.null, []), ([], []),
      ("single", [["value": "single"]]), (["k": "v"], [["k": "v"]]),
    ] as [(Value, [Collection])])
  func iterator(array: Value, expected: [Collection]) async throws {
    #expect(try await perform("builtin:BasicFeeder", ["array": array]).bundles == expected)
  }

  @Test("modules that machines invented do what their names say (blueprints 11.6)")
  func invented() async throws {
    #expect(try await perform("builtin:BasicScheduler", [:]).bundles == [[:]])
    let fed = try await perform("builtin:BasicIterator", ["array": [["a": 1], 2]])
    #expect(fed.bundles == [["a": 1], ["value": 2]])
    #expect(await failure("builtin:Sleep", ["timeout": 301])?.type == .bundleValidation)
    let began = ContinuousClock.now
    #expect(try await perform("builtin:Sleep", ["timeout": 1]).bundles == [[:]])
    #expect(ContinuousClock.now - began >= .seconds(1))
  }

  @Test("BasicTrigger emits what its parameters say")
  func trigger() async throws {
    let output = try await perform(
      "util:BasicTrigger", [:],
      parameters: [
        "values": [
          ["spec": [["name": "text", "value": "a"]]], ["spec": [["name": "text", "value": "b"]]],
        ]
      ])
    #expect(output.bundles == [["text": "a"], ["text": "b"]])
  }
}
