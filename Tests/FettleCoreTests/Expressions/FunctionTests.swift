import FettleCore
import FettleTestKit
import Testing

/// What functions give at the edges of their descriptions, beyond the conformance cases.
@Suite("Functions of expressions", .fewAtOnce)
struct FunctionTests {
  private func evaluate(_ template: String) throws(ExpressionError) -> Value {
    try Template(template).evaluate(in: Scope(now: Instant(milliseconds: 1_768_472_430_000)))
  }

  @Test(
    "lower case knows the sigma that ends a word",
    arguments: [
      (#"{{lower("ΣΑΣ")}}"#, "σας"), (#"{{lower("ΣΑΣ. ΣΑΣΑ Σ")}}"#, "σας. σασα σ"),
      (#"{{startcase("ΟΔΟΣ ΣΟΦΙΑΣ")}}"#, "Οδος Σοφιας"), (#"{{lower("ÁBC 12")}}"#, "ábc 12"),
    ])
  func lowerCase(template: String, expected: String) throws {
    #expect(try evaluate(template) == .text(expected))
  }

  @Test("a search of replace with a named group is refused, as Make does (10.2.1)")
  func namedGroups() throws {
    #expect(throws: ExpressionError.self) { try evaluate(#"{{replace("ab"; "/(?<x>a)/"; "y")}}"#) }
    #expect(try evaluate(#"{{replace("ab"; "/(?<=a)b/"; "y")}}"#) == "ay", "that is no group")
    #expect(try evaluate(#"{{replace("ab"; "/(?:a)(b)/"; "$1")}}"#) == "b")
  }

  @Test(
    "map takes the values to filter by with commas between them, or one by one",
    arguments: [
      #""1,2""#, #""1, 2""#, #""1"; "2""#, "1; 2", #"split("1 2"; " ")"#,
      #""2"; split("1,9"; ",")"#,
    ])
  func valuesOfMap(values: String) throws {
    let items: Value = [
      ["n": 1, "v": "a"], ["n": "2", "v": "b"], ["n": 3, "v": "c"], ["v": "d"],
    ]
    let scope = Scope(bundles: [1: ["items": items]], now: Instant(milliseconds: 0))
    #expect(
      try Template(#"{{map(1.items; "v"; "n"; \#(values))}}"#).evaluate(in: scope) == ["a", "b"])
  }

  @Test("the text of a date beyond the year 9999 reads as that date again")
  func farYears() throws {
    #expect(
      try evaluate(#"{{addDays(toString(addYears(now; 8000)); 1)}}"#)
        == evaluate(#"{{addDays(addYears(now; 8000); 1)}}"#))
    #expect(
      try evaluate(#"{{formatDate("+010000-02-03T00:00:00.000Z"; "Y MM DD")}}"#) == "+10000 02 03")
    #expect(try evaluate(#"{{formatDate("-000001-02-03"; "MM DD")}}"#) == "02 03")
    #expect(throws: ExpressionError.self) { try evaluate(#"{{addDays("+999999-01-01"; 0)}}"#) }
  }
}
