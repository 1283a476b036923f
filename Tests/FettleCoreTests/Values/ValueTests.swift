import FettleCore
import FettleTestKit
import Testing

@Suite("A stored value", .fewAtOnce)
struct ValueCodecTests {
  @Test("comes back exactly, whatever it is", arguments: [UInt64(1), 2, 3])
  func property(seed: UInt64) throws {
    var random = SplitMix(seed: seed)
    for _ in 0..<2000 {
      let value = GeneratedValue.any(using: &random)
      #expect(try ValueCodec.decode(ValueCodec.encode(value)) == value)
    }
  }

  @Test("that was damaged is refused, never misread into a trap", arguments: [UInt64(5)])
  func damage(seed: UInt64) throws {
    var random = SplitMix(seed: seed)
    for _ in 0..<5000 {
      var bytes = ValueCodec.encode(GeneratedValue.any(using: &random))
      for _ in 0..<3 {
        guard let position = bytes.indices.randomElement(using: &random) else { continue }
        bytes[position] = .random(in: 0...255, using: &random)
      }
      bytes.removeLast(Int.random(in: 0...min(3, bytes.count), using: &random))
      _ = try? ValueCodec.decode(bytes)
    }
  }
}

@Suite("A path", .fewAtOnce)
struct ValuePathTests {
  @Test(
    "reads and prints",
    arguments: [
      "1", "1.email", "12.items[2].name", "1.`Full Name`[1]", "3.`0`", "1.`a.b[c]`", "1.$1",
      "1.__IMTINDEX__", "1.größe", "var", "var.total", "var.`Full Name`[2].a",
    ])
  func roundTrip(text: String) throws {
    #expect(try ValuePath(parsing: text).description == text)
  }

  @Test(
    "names every name a bundle can have, and finds it again",
    arguments: [
      "", "a`b", "`", "``", "`a", "a`", "a``b", "a.b", "a[1]", "a\n", "\r\n", "\u{301}x", "\u{93E}",
      "\u{0600}", "\u{200D}", "\u{1B}[31m", "var", "1",
    ])
  func anyName(name: String) throws {
    let path = ValuePath(module: 1, steps: [.field(name), .element(2), .field(name), .field("x")])
    #expect(try ValuePath(parsing: path.description) == path)
    let last = ValuePath(module: 1, steps: [.field("x"), .field(name)])
    #expect(try ValuePath(parsing: last.description) == last)
  }

  @Test(
    "that is none says what is missing",
    arguments: [
      "", "email", "1.", "1[0]", "1[x]", "1.`a", "1.`a``", "1.`a`b`", "0.a", "1 a", "variable",
      "var1.a",
    ])
  func refused(text: String) {
    #expect(throws: ValuePathError.self) { try ValuePath(parsing: text) }
  }

  @Test("writes a field, adds one, appends an element, takes one away")
  func write() throws {
    var bundles = VisibleBundles([
      .init(module: 1, bundle: ["a": ["b": [1, 2]], "c": "x"])
    ])
    func write(_ path: String, _ value: Value?) throws -> BundleEdit {
      try bundles.write(
        value, at: try ValuePath(parsing: path), author: "ada", date: Instant(milliseconds: 0))
    }
    #expect(try write("1.a.b[2]", 5).old == 2)
    #expect(try write("1.a.b[3]", 6).old == nil)
    #expect(try write("1.new", "n").old == nil)
    #expect(try write("1.c", nil).old == "x")
    #expect(bundles[1] == ["a": ["b": [1, 5, 6]], "new": "n"])
  }

  @Test("a bundle that is written anew keeps which of how many it was, unless it says so itself")
  func position() throws {
    var bundles = VisibleBundles([
      .init(module: 1, bundle: ["a": 1, "__IMTINDEX__": 2, "__IMTLENGTH__": 3])
    ])
    func write(_ value: Value) throws -> Bundle? {
      let edit = try bundles.write(
        value, at: try ValuePath(parsing: "1"), author: "ada", date: Instant(milliseconds: 0))
      #expect(edit.new?.collection == bundles[1])
      return bundles[1]
    }
    #expect(try write(["b": 1]) == ["b": 1, "__IMTINDEX__": 2, "__IMTLENGTH__": 3])
    #expect(
      try write(["__IMTINDEX__": 1, "c": 1])
        == ["__IMTINDEX__": 1, "c": 1, "__IMTLENGTH__": 3])
  }

  @Test(
    "that leads nowhere says how far it leads",
    arguments: [
      ("2.a", "no bundle of module 2"), ("1.a.b[9]", "array of 2"), ("1.x.y", "1 has a, c"),
      ("1.c.d", "is text"), ("1.a[1]", "1.a has b"),
    ])
  func nowhere(path: String, message: String) throws {
    var bundles = VisibleBundles([.init(module: 1, bundle: ["a": ["b": [1, 2]], "c": "x"])])
    let before = bundles
    let error = #expect(throws: BundleEditError.self) {
      try bundles.write(
        1, at: try ValuePath(parsing: path), author: "ada", date: Instant(milliseconds: 0))
    }
    #expect(error?.description.contains(message) == true, "\(error?.description ?? "")")
    #expect(bundles == before)
  }

  @Test("an edit and its inverse leave the bundles as they were")
  func inverse() throws {
    let before = VisibleBundles([.init(module: 1, bundle: ["a": 1.5, "b": .null])])
    for (path, value) in [("1.a", 2 as Value?), ("1.c", "x"), ("1.b", .null)] {
      var bundles = before
      let edit = try bundles.write(
        value, at: try ValuePath(parsing: path), author: "ada", date: Instant(milliseconds: 0))
      try bundles.apply(edit.inverse)
      #expect(bundles == before)
    }
  }
}

@Suite("A collection", .fewAtOnce)
struct CollectionTests {
  @Test("keeps order, and tells names apart by their bytes")
  func names() {
    var collection: Collection = ["z": 1, "a": 2]
    collection["é"] = 3
    collection["e\u{301}"] = 4
    #expect(collection.names.count == 4)
    #expect(collection["é"] == 3)
    #expect(collection["e\u{301}"] == 4)
    #expect(collection.names.prefix(2) == ["z", "a"])
  }

  @Test("of many fields answers as one of few does")
  func many() {
    var collection = Collection()
    for number in 0..<200 { collection["k\(number)"] = .integer(number) }
    collection["k7"] = nil
    collection["k8"] = "changed"
    #expect(collection.count == 199)
    #expect(collection["k7"] == nil)
    #expect(collection["k8"] == "changed")
    #expect(collection["k199"] == 199)
  }
}

@Suite("An instant", .fewAtOnce)
struct InstantTests {
  @Test(
    "is written and read as ISO 8601",
    arguments: [
      ("2016-06-20T17:26:44.356Z", 1_466_443_604_356), ("1970-01-01T00:00:00.000Z", 0),
      ("1969-12-31T23:59:59.999Z", -1), ("2024-02-29T12:00:00.000Z", 1_709_208_000_000),
      ("9999-12-31T23:59:59.999Z", 253_402_300_799_999),
      ("0001-01-01T00:00:00.000Z", -62_135_596_800_000),
    ] as [(String, Int64)])
  func iso8601(text: String, milliseconds: Int64) {
    #expect(Instant(milliseconds: milliseconds).iso8601 == text)
    #expect(Instant(iso8601: text)?.milliseconds == milliseconds)
  }

  @Test("reads shorter forms and offsets")
  func shorter() {
    #expect(Instant(iso8601: "2016-06-20")?.iso8601 == "2016-06-20T00:00:00.000Z")
    #expect(Instant(iso8601: "2016-06-20 19:26+02:00")?.iso8601 == "2016-06-20T17:26:00.000Z")
    #expect(Instant(iso8601: "2016-06-20T19:26:44.3-0130")?.iso8601 == "2016-06-20T20:56:44.300Z")
  }

  @Test(
    "of a day that does not exist is none",
    arguments: [
      "2023-02-29", "2026-13-01", "2026-00-10", "2026-04-31", "26-01-01", "2026-01-01T25:00", "x",
    ])
  func impossible(text: String) {
    #expect(Instant(iso8601: text) == nil)
  }
}
