import FettleCore
import FettleTestKit
import Testing

/// The operators of filters, on values that fit them and on values that do not (semantics 6.5).
@Suite("Conditions of filters", .fewAtOnce)
struct ConditionTests {
  struct Case: CustomTestStringConvertible, Sendable {
    let left: Value
    let name: String
    var right: Value?
    let holds: Bool

    var testDescription: String {
      "\(JSONWriter.text(left)) \(name) \(right.map { JSONWriter.text($0) } ?? "") is \(holds)"
    }
  }

  private static func row(_ left: Value, _ name: String, _ right: Value?, _ holds: Bool) -> Case {
    Case(left: left, name: name, right: right, holds: holds)
  }

  private static let day = Value.date(Instant(milliseconds: 1_767_225_600_000))

  // swift-format-ignore
  static let cases: [Case] = [
    // exist
    row("x", "exist", nil, true), row(0, "exist", nil, true), row(false, "exist", nil, true), row([], "exist", nil, true),
    row(.null, "exist", nil, false), row(.null, "notexist", nil, true), row("x", "notexist", nil, false),
    row("x", "exist", "ignored", true),
    // text
    row("a", "text:equal", "a", true), row("a", "text:equal", "A", false), row("a", "text:equal:ci", "A", true),
    row("É", "text:equal:ci", "é", true), row("é", "text:equal", "e\u{301}", false),
    row(5, "text:equal", "5", true), row(1.50, "text:equal", "1.5", true), row(true, "text:equal", "true", true), row(day, "text:equal", "2026-01-01T00:00:00.000Z", true),
    row(.null, "text:equal", "", true), row(.null, "text:equal", .null, true), row("", "text:equal", .null, true), row("x", "text:equal", .null, false),
    row("a", "text:notequal", "b", true), row("a", "text:notequal", "a", false), row("A", "text:notequal:ci", "a", false), row(.null, "text:notequal", "a", true),
    row("hello", "text:contain", "ell", true), row("hello", "text:contain", "ELL", false), row("hello", "text:contain:ci", "ELL", true), row(.null, "text:contain", "x", false),
    row("hello", "text:notcontain", "xyz", true), row("hello", "text:notcontain:ci", "ELL", false), row(.null, "text:notcontain", "x", true),
    row("hello", "text:startwith", "he", true), row("hello", "text:startwith", "lo", false), row("Hello", "text:startwith:ci", "hE", true), row("hello", "text:notstartwith", "lo", true), row("Hello", "text:notstartwith:ci", "he", false),
    row("hello", "text:endwith", "lo", true), row("hello", "text:endwith:ci", "LO", true), row("hello", "text:notendwith", "lo", false), row("hello", "text:notendwith:ci", "LO", false), row("lo", "text:endwith", "hello", false),
    row("a1b", "text:pattern", "\\d", true), row("abc", "text:pattern", "^b", false), row("ABC", "text:pattern", "b", false), row("ABC", "text:pattern:ci", "b", true), row("abc", "text:notpattern", "\\d", true), row("ABC", "text:notpattern:ci", "b", false),
    row([1, 2], "text:contain", "1,2", true), row(12.5, "text:startwith", "12", true),
    // numbers
    row(5, "number:equal", "5", true), row("5.0", "number:equal", 5, true), row(" 5 ", "number:equal", "5", true), row("five", "number:equal", "5", false), row("five", "number:notequal", "5", true),
    row(5, "number:notequal", 6, true), row(.null, "number:equal", "0", false), row("", "number:equal", "0", false), row(.null, "number:notequal", "0", true),
    row(10, "number:greater", "9", true), row("10", "number:greater", "9", true), row(9, "number:greater", 9, false), row(9, "number:greaterorequal", "9", true), row(8, "number:less", "9", true), row(9, "number:lessorequal", "9", true), row(-1, "number:less", 0, true),
    row("x", "number:greater", "1", false), row("x", "number:less", "1", false), row(1, "number:less", "x", false), row(.null, "number:less", "1", false), row(true, "number:equal", "1", false), row(true, "number:notequal", "1", true),
    row(0.3, "number:equal", "0.30", true), row("1e3", "number:equal", "1000", true), row("9007199254740993", "number:equal", "9007199254740992", false),
    // dates
    row("2026-01-01", "date:equal", "2026-01-01T00:00:00Z", true), row(day, "date:equal", "01/01/2026", true), row(day, "date:less", "2.1.2026", true), row("2026-01-02", "date:greater", day, true), row("2026-01-01 02:00+02:00", "date:equal", day, true),
    row(day, "date:greaterorequal", day, true), row(day, "date:lessorequal", "2025-12-31", false), row("soon", "date:less", day, false), row("soon", "date:notequal", day, true), row(1_767_225_600, "date:equal", day, false), row(.null, "date:greater", day, false), row(day, "date:notequal", day, false),
    // times
    row("14:03:52", "time:greater", "14:03", true), row("9:05", "time:less", "10:00", true), row("09:05:00", "time:equal", "9:05", true), row("25:00", "time:less", "10:00", false), row("25:00", "time:notequal", "10:00", true), row(day, "time:equal", "00:00", true),
    // versions
    row("1.10.0", "semver:greater", "1.9.9", true), row("1.0.0-rc.1", "semver:less", "1.0.0", true), row("1.0.0-alpha.2", "semver:less", "1.0.0-alpha.10", true), row("v2.0", "semver:equal", "2.0.0", true), row("1.0.0+a", "semver:equal", "1.0.0+b", true), row("one", "semver:less", "2.0.0", false), row("one", "semver:notequal", "2.0.0", true), row("1.2.3", "semver:greaterorequal", "1.2.3", true), row("1.2.3", "semver:lessorequal", "1.2.2", false),
    // arrays
    row(["a", "b"], "array:contain", "a", true), row(["a", "b"], "array:contain", "A", false), row(["a", "b"], "array:contain:ci", "A", true), row([1, 2], "array:contain", "2", true), row([], "array:contain", "a", false), row(.null, "array:contain", "a", false), row(.null, "array:notcontain", "a", true), row(["A"], "array:notcontain:ci", "a", false), row("a", "array:contain", "a", true),
    row([1, 2], "array:equal", "2", true), row([1, 2], "array:notequal", 2, false), row([1, 2], "array:greater", "1", true), row([1, 2], "array:less", 3, true), row([], "array:equal", "0", true), row(.null, "array:equal", "0", true), row([1, 2], "array:lessorequal", "2", true), row([1, 2], "array:greaterorequal", "3", false), row([1], "array:equal", "one", false), row([1], "array:notequal", "one", true),
    // booleans
    row(true, "boolean:equal", "true", true), row("true", "boolean:equal", true, true), row("false", "boolean:equal", "false", true), row("", "boolean:equal", "false", true), row("no", "boolean:equal", "true", true), row(0, "boolean:equal", "true", true), row(.null, "boolean:equal", "false", false), row(.null, "boolean:notequal", "true", true), row(false, "boolean:notequal", "true", true), row([], "boolean:equal", "true", true),
    // names of other writers, and names nobody knows
    row("abc", "text:startswith", "a", true), row("abc", "text:endswith", "c", true), row("abc", "text:contains", "b", true), row("a1", "text:matchpattern", "\\d", true), row("2026-01-01", "date:before", "2026-01-02", true), row("2026-01-03", "date:after", "2026-01-02", true), row("2026-01-03", "date:later", "2026-01-02", true), row("5", "numeric:greater", "4", true), row("5", "number:gte", "5", true), row("", "text:isempty", nil, true), row("x", "text:isnotempty", nil, true),
    row("a", "string:equal", "a", false), row("a", "nonsense", "b", false), row("a", "text:Equal", "a", false),
  ]

  @Test("hold, or do not", arguments: cases)
  func holds(row: Case) throws {
    let scope = Scope(
      bundles: [1: ["a": row.left, "b": row.right ?? .null]], now: Instant(milliseconds: 0))
    let condition = Condition(
      left: Template("{{1.a}}"), operatorName: row.name,
      right: row.right.map { _ in Template("{{1.b}}") })
    #expect(try condition.holds(in: scope) == row.holds)
  }

  @Test(
    "of a filter are met when all of one group are; an operand is any value of JSON",
    arguments: [
      (#"[]"#, true), (#"[[]]"#, true),
      (#"[[{"a":"{{1.n}}","o":"number:equal","b":5}]]"#, true),
      (#"[[{"a":"{{1.t}}","o":"boolean:equal","b":true}]]"#, true),
      (#"[[{"a":"{{1.n}}","b":"5"}]]"#, true),
      (#"[[{"a":"{{1.n}}","o":null,"b":"5"}]]"#, true),
      (#"[[{"a":"{{1.m}}","b":"{{null}}"}]]"#, true),
      (#"[[{"a":"{{1.m}}","o":"text:equal","b":null}]]"#, true),
      (#"[[{"a":"{{1.n}}","o":"exist"},{"a":"{{1.m}}","o":"exist"}]]"#, false),
      (#"[[{"a":"{{1.n}}","o":"exist"}],[{"a":"{{1.m}}","o":"exist"}]]"#, true),
      (#"[[{"a":"{{1.m}}","o":"exist"}],[{"a":"x","b":"y"}]]"#, false),
      (#"[[{"a":"n{{1.n}}","b":"n5"}]]"#, true),
    ])
  func groups(conditions: String, passes: Bool) throws {
    let document = try JSONReader.read(#"{"conditions":\#(conditions)}"#).collection ?? [:]
    let scope = Scope(bundles: [1: ["n": 5, "t": true]], now: Instant(milliseconds: 0))
    #expect(try Filter(document).passes(in: scope) == passes)
  }
}
