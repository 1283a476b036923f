import FettleCore
import FettleTestKit
import Testing

@Suite("JSON", .fewAtOnce)
struct JSONTests {
  @Test(
    "comes back as it went in",
    arguments: [
      #"{"b":1,"a":2,"":3}"#, #"[1.10,9007199254740993,1e400,-0,1E5,0.30000000000000004,1.0]"#,
      #"{"\#u{E9}":1,"e\#u{301}":2}"#, #""\"\\ \u0000 \u001f""#, "null", "[]", "{}", #"[[],{}]"#,
      #"{"long":123456789012345678901234567890.5}"#, #""😀 ümlaut""#,
    ])
  func roundTrip(text: String) throws {
    let value = try JSONReader.read(text)
    let written = JSONWriter.text(value)
    #expect(try JSONReader.read(written) == value)
    #expect(Array(written.utf8) == Array(text.utf8))
  }

  private static func inUTF16(_ text: String, isBig: Bool) -> [UInt8] {
    text.utf16.flatMap { unit in
      let bytes = [UInt8(unit >> 8), UInt8(unit & 255)]
      return isBig ? bytes : bytes.reversed()
    }
  }

  @Test(
    "is read in the charset that is declared, UTF-8 where none is or a mark says so",
    arguments: [
      (nil, Array(#""é""#.utf8), "é"), ("application/json", Array(#""é""#.utf8), "é"),
      ("application/json;charset=\"UTF-8\"", Array(#""é""#.utf8), "é"),
      ("application/json; charset=iso-8859-1", [0x22, 0xE9, 0x22], "é"),
      ("application/json; charset=latin1", [0xEF, 0xBB, 0xBF] + Array(#""é""#.utf8), "é"),
      ("application/json; charset=Windows-1252", [0x22, 0x80, 0x22], "€"),
      ("application/json; charset=shift_jis", [0x22, 0x83, 0x65, 0x22], "テ"),
      ("application/json; charset=utf-16", inUTF16(#""é😀""#, isBig: true), "é😀"),
      ("application/json; charset=utf-16", inUTF16(#""é😀""#, isBig: false), "é😀"),
      ("application/json; charset=utf-16", inUTF16("\u{FEFF}\"é\"", isBig: false), "é"),
      ("application/json; charset=utf-16be", inUTF16("\"é\"", isBig: true), "é"),
    ] as [(String?, [UInt8], Value)])
  func charsets(type: String?, body: [UInt8], value: Value) throws {
    #expect(try JSONReader.read(body, ofType: type) == value)
  }

  @Test(
    "a charset that is not known, or not what the bytes are, is said",
    arguments: [
      ("klingon", [0x22, 0x22], "it declares the charset \"klingon\", which cannot be read here"),
      ("utf-8//ignore", [0x22, 0x22], "cannot be read here"),
      ("utf-16", [0x22, 0, 0x22], "it is not in the charset utf-16 it declares"),
      ("utf-16", [0x22, 0, 0, 0xD8, 0x22, 0], "it is not in the charset utf-16 it declares"),
      ("shift_jis", [0x22, 0x83], "it is not in the charset shift_jis it declares"),
      ("iso-8859-1", [0x22, 0xE9], "line 1, column"),
    ] as [(String, [UInt8], String)])
  func wrongCharset(name: String, body: [UInt8], reason: String) {
    let error = #expect(throws: JSONError.self) {
      try JSONReader.read(body, ofType: "application/json; charset=\(name)")
    }
    #expect(error?.description.contains(reason) == true, "\(String(describing: error))")
  }

  @Test("a text of many pieces is converted whole")
  func longInCharset() throws {
    let body = [0x22] + [UInt8](repeating: 0x80, count: 100_000) + [0x22]
    let value = try JSONReader.read(body, ofType: "application/json; charset=windows-1252")
    #expect(value == .text(String(repeating: "€", count: 100_000)))
  }

  @Test("an edit to one field changes no other byte")
  func editOneField() throws {
    let text = #"{"z":1.10,"id":9007199254740993,"big":1e400,"a":{"é":"x","n":[1.0,-0]}}"#
    var value = try JSONReader.read(text)
    let wrote = value.write("new", at: [.field("a"), .field("é")])
    #expect(wrote)
    #expect(JSONWriter.text(value) == text.replacing("\"x\"", with: "\"new\""))
  }

  @Test(
    "is refused with line and column",
    arguments: [
      ("", 1, 1, "ends where a value"), ("{\"a\":1,\n \"a\":2}", 2, 2, "stands twice"),
      ("[1,\n2,,3]", 2, 3, "',' stands where a value"), ("{\"a\" 1}", 1, 6, "':'"),
      ("\"\\ud800\"", 1, 2, "surrogate"), ("\"\\udc00x\"", 1, 2, "surrogate"),
      ("\"\\ud800\\u0041\"", 1, 2, "surrogate"), ("[01]", 1, 2, "begin with 0"),
      ("[1.]", 1, 4, "digit"), ("[1e]", 1, 4, "exponent"), ("\"a\nb\"", 1, 3, "control"),
      ("nul", 1, 1, "a value"), ("[1] x", 1, 5, "the end"), ("\"abc", 1, 1, "not closed"),
      ("\"\\x\"", 1, 2, "backslash"), ("{'a':1}", 1, 2, "double quotes"),
      ("[NaN]", 1, 2, "a value"),
      ("\"\\u12G4\"", 1, 2, "hexadecimal"), ("{\"a\":1,}", 1, 8, "double quotes"),
    ] as [(String, Int, Int, String)])
  func refused(text: String, line: Int, column: Int, message: String) {
    let error = #expect(throws: JSONError.self) { try JSONReader.read(text) }
    #expect(error?.line == line)
    #expect(error?.column == column)
    #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
  }

  @Test("invalid UTF-8 is refused where it stands")
  func invalidUTF8() {
    let error = #expect(throws: JSONError.self) {
      try JSONReader.read(Array("[\"ab".utf8) + [0xC3, 0x28] + Array("\"]".utf8))
    }
    #expect(error?.message == "the text is not valid UTF-8")
    #expect(error?.column == 5)
  }

  @Test("nesting that would exhaust the stack is refused", arguments: ["[", "{\"a\":"])
  func depthBomb(opening: String) {
    let error = #expect(throws: JSONError.self) {
      try JSONReader.read(String(repeating: opening, count: 100_000))
    }
    #expect(error?.message.contains("deeper than 500") == true)
  }

  @Test("duplicate keys are found among many")
  func duplicateAmongMany() {
    let keys = (0..<1000).map { "\"k\($0)\":1" } + ["\"k7\":2"]
    #expect(throws: JSONError.self) { try JSONReader.read("{\(keys.joined(separator: ","))}") }
  }

  @Test(
    "of equal keys among many the last counts in what others wrote, and stands where the first did")
  func foreignDuplicates() throws {
    let keys = (0..<40).map { "\"k\($0)\":1" } + ["\"k7\":2", "\"k39\":3", "\"k0\":4"]
    let value = try JSONReader.read("{\(keys.joined(separator: ","))}", foreign: true)
    let fields = try #require(value.collection)
    #expect(fields.fields.map(\.name) == (0..<40).map { "k\($0)" })
    #expect([fields["k0"], fields["k7"], fields["k39"], fields["k8"]] == [4, 2, 3, 1])
  }

  @Test("a byte order mark is skipped")
  func byteOrderMark() throws {
    #expect(try JSONReader.read([0xEF, 0xBB, 0xBF, 0x31]) == 1)
  }

  @Test("every generated value comes back", arguments: [UInt64(20_260_921)])
  func property(seed: UInt64) throws {
    var random = SplitMix(seed: seed)
    for _ in 0..<2000 {
      let value = GeneratedValue.json(using: &random)
      let indented = Bool.random(using: &random)
      #expect(try JSONReader.read(JSONWriter.bytes(value, indented: indented)) == value)
    }
  }

  @Test("no bytes make the reader trap", arguments: [UInt64(7)])
  func fuzz(seed: UInt64) {
    var random = SplitMix(seed: seed)
    let alphabet = Array("{}[]\",:\\u0d8e+-.1truefalsn \n".utf8) + [0xC3, 0xFF, 0]
    for _ in 0..<20_000 {
      let bytes = (0..<Int.random(in: 0...24, using: &random)).map { _ in
        alphabet.randomElement(using: &random) ?? 0
      }
      _ = try? JSONReader.read(bytes)
    }
  }
}

@Suite("A number", .fewAtOnce)
struct NumberTests {
  @Test(
    "is written the shortest way when it was computed",
    arguments: [
      (0.1 + 0.2, "0.30000000000000004"), (5, "5"), (-2.5, "-2.5"), (1e20, "100000000000000000000"),
      (1e21, "1e+21"), (1.5e-7, "1.5e-7"), (0.000001, "0.000001"), (123456.789, "123456.789"),
      (-1e-10, "-1e-10"), (9_007_199_254_740_992, "9007199254740992"), (0, "0"),
    ] as [(Double, String)])
  func shortest(value: Double, text: String) {
    #expect(Number(value).text == text)
  }

  @Test("of 64 bits keeps every digit")
  func largeInteger() {
    #expect(Number(Int.max).text == "9223372036854775807")
    #expect(Number(Int.max).integer == Int.max)
  }

  @Test("differs from one spelled otherwise")
  func spelling() {
    #expect(Number(json: "1.10") != Number(json: "1.1"))
    #expect(Number(json: "5") == Number(5))
  }
}
