import FettleCore
import FettleTestKit
import Glibc
import Testing

@testable import FettleTerminal

@Suite("The chain", .fewAtOnce)
struct ChainDiagramTests {
  static func drawn(_ record: IncompleteExecution, columns: Int = 60, ascii: Bool = false) -> String
  {
    let lines = ChainDiagram(record).lines
    var frame = Frame(size: Size(rows: lines.count, columns: columns), isASCII: ascii)
    for (row, line) in lines.enumerated() {
      line.draw(into: &frame, frame.area.line(row), isSelected: false)
    }
    return frame.text
  }

  @Test("routers open lanes with their filters, handlers hang under their module")
  func router() throws {
    let text = Self.drawn(try Fixtures.record())
    #expect(
      text == """
        ✓ 1 New order                                          out 1
        ✓ 2 json · Parse JSON                                  1 → 2
        ◇ 3 Router                                              2 in
        ├─┐ total > 100                                     1/2 pass
        │ ✓ 4 google-sheets · Add row                          1 → 1
        │ ✗ 5 Create task                                  << FAILED
        │ ┊ DataError
        │ ┊ on error
        │ ┊ · 8 Break                                          break
        │ · 6 slack · Create message                         not run
        └─┐ everything                                      1/1 pass
          ✓ 7 email · Action send email                        1 → 1
        """)
  }

  @Test("branches of an if-else say whether they join again")
  func ifElse() throws {
    let record = try Fixtures.record(blueprint: Fixtures.blueprint(Fixtures.ifElse), failer: 4)
    #expect(
      Self.drawn(record) == """
        ✓ 1 http · Action get file                             out 1
        ◇ 2 If-else                                             1 in
        ├─┐ if is paid (joins)                              2/2 pass
        │ ✓ 3 util · Set variable2                             2 → 2
        ├─┐ else (off)
        ✗ 4 datastore · Add record                         << FAILED
        ┊ DataError
        """)
  }

  @Test("the failed module is told by mark, word and reverse, whatever the colour")
  func failed() throws {
    let line = try #require(
      ChainDiagram(Fixtures.record()).lines.first { $0.module == 5 })
    #expect(line.text.text.hasPrefix("✗"))
    #expect(line.note.text.contains("FAILED"))
    #expect(Theme(hasColor: false).look(.role(line.role)).isReversed)
    #expect(Theme(hasColor: true).look(.role(line.role)).isReversed)
  }

  @Test("is drawn in ASCII where nothing else can be")
  func ascii() throws {
    let text = Self.drawn(try Fixtures.record(), ascii: true)
    #expect(text.utf8.allSatisfy { $0 < 0x80 })
    #expect(text.contains("X 5 Create task"))
  }

  @Test("lanes of boxes between the first and the last begin at the spine too")
  func middleLane() throws {
    let blueprint = try Fixtures.blueprint(
      #"""
      {"name":"R","flow":[{"id":1,"module":"builtin:BasicRouter","routes":[
        {"flow":[{"id":2,"module":"a:One"}]},{"flow":[{"id":3,"module":"a:Two"}]},
        {"flow":[{"id":4,"module":"a:Three"}]}]}]}
      """#)
    let text = Self.boxes(try Fixtures.record(blueprint: blueprint, failer: 3))
    let starts = text.split(separator: "\n").filter { $0.contains("──▸") }.map { line in
      line.firstIndex(of: "▸").map { String(line[..<$0].suffix(4)) } ?? ""
    }
    #expect(starts == ["─┬──", " ├──", " └──"], "\(text)")
  }

  @Test("the failed box says FAILED, however long its number is", arguments: [7, 74, 999, 9990])
  func failedBox(number: Int) throws {
    func blueprint(_ mapper: String) throws -> Blueprint {
      try Fixtures.blueprint(
        #"{"name":"R","flow":[{"id":\#(number),"module":"a:One","mapper":\#(mapper)}]}"#)
    }
    let record = try Fixtures.record(
      blueprint: blueprint("{}"), failer: ModuleID(number))
    for today in [nil, try blueprint(#"{"a":1}"#)] {
      let texts = ChainBoxes(record, today: today).lines.flatMap { $0 }.map(\.text.text)
      #expect(texts.contains { $0.contains("\(number)") && $0.hasSuffix("FAILED") }, "\(texts)")
    }
  }

  @Test("names that ASCII spells out stay in their boxes, panned or not")
  func wideNames() throws {
    let blueprint = try Fixtures.blueprint(
      #"""
      {"name":"R","flow":[{"id":1,"module":"a:Begin"},
        {"id":2,"module":"builtin:BasicRouter","metadata":{"designer":{"name":"구글 시트"}},
         "routes":[{"flow":[{"id":3,"module":"a:One"}]}]}]}
      """#)
    let record = try Fixtures.record(blueprint: blueprint, failer: 3)
    for first in [0, 22, 24, 25] {
      for line in Self.boxes(record, from: first, ascii: true).split(separator: "\n") {
        let walls = line.enumerated().filter { $0.element == "|" }.map(\.offset)
        let places = Set([0, 13, 19, 32, 38, 51].map { $0 - first })
        #expect(places.isSuperset(of: walls), "\(line)")
      }
    }
  }

  private static func boxes(
    _ record: IncompleteExecution, from first: Int = 0, ascii: Bool = false
  ) -> String {
    let boxes = ChainBoxes(record)
    var frame = Frame(size: Size(rows: boxes.lines.count, columns: 100), isASCII: ascii)
    for row in boxes.lines.indices {
      boxes.draw(row, from: first, in: frame.area.line(row), into: &frame)
    }
    return frame.text
  }

  @Test("the line under the list always shows the failed module", arguments: [20, 40, 78, 200])
  func summary(columns: Int) throws {
    var frame = Frame(size: Size(rows: 1, columns: columns), isASCII: false)
    ChainSummary(try Fixtures.record()).draw(into: &frame, frame.area)
    #expect(frame.text.contains(columns < 30 ? "5 Creat" : "[5 Create task FAILED✗]"))
  }

  @Test("draws every real blueprint there is, with any module as the failed one")
  func realBlueprints() throws {
    var drawn = 0
    for name in ["wild", "official", "examples"] {
      for path in Self.files(in: "../../shared/conformance/blueprints/\(name)") {
        guard let blueprint = try? Blueprint(json: Self.bytes(of: path)) else { continue }
        let modules = blueprint.allModules
        for module in modules {
          let record = try Fixtures.record(blueprint: blueprint, failer: module.id)
          let chain = ChainDiagram(record)
          // Each module once, whatever the nesting.
          #expect(chain.lines.compactMap(\.module).sorted() == modules.map(\.id).sorted())
          #expect(
            chain.lines.contains { $0.module == module.id && $0.note.text.contains("FAILED") })
          if module == modules.first || module == modules.last {
            for columns in [1, 12, 38, 70] { _ = Self.drawn(record, columns: columns) }
          }
        }
        drawn += 1
      }
    }
    print("blueprints drawn: \(drawn)")
  }

  /// The material stands beside the package on the machines that have it.
  static func files(in folder: String) -> [String] {
    let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
    let path = "/\(root)/\(folder)"
    guard let directory = opendir(path) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name.hasSuffix(".json"), name != "index.json" { names.append("\(path)/\(name)") }
    }
    return names.sorted()
  }

  static func bytes(of path: String) -> [UInt8] {
    guard let file = fopen(path, "r") else { return [] }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = fread(&chunk, 1, chunk.count, file)
      if count == 0 { return bytes }
      bytes += chunk.prefix(count)
    }
  }
}
