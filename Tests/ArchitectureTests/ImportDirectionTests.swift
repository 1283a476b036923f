import Foundation
import Testing

/// The rooms of the house and what each may import of the others.
private let mayImport: [String: Set<String>] = [
  "FettleCore": ["CPCRE2"],
  "FettleEngine": ["FettleCore"],
  "FettleConnectors": ["FettleCore", "CCurl", "CXML", "CMail"],
  "FettleSQLite": ["FettleCore"],
  "FettleTerminal": ["FettleCore", "FettleEngine", "CNcurses"],
  "FettleService": ["FettleCore", "FettleEngine"],
  "FettleProgram": ["FettleCore", "FettleEngine", "FettleConnectors", "FettleSQLite", "CSpawn"],
]

private let rooms = Set(mayImport.keys).union([
  "CCurl", "CNcurses", "CPCRE2", "CSpawn", "fettle", "fettled",
])

private let root: URL = {
  var url = URL(fileURLWithPath: #filePath)
  for _ in 0..<3 { url.deleteLastPathComponent() }
  return url
}()

private func sources(under folder: String) throws -> [(path: String, text: String)] {
  let base = root.appendingPathComponent(folder)
  let files = FileManager.default.enumerator(at: base, includingPropertiesForKeys: nil)
  return try (files?.allObjects ?? []).compactMap { $0 as? URL }
    .filter { $0.pathExtension == "swift" }
    .map { ($0.path, try String(contentsOf: $0, encoding: .utf8)) }
}

private func imports(in text: String) -> Set<String> {
  let lines = text.split(separator: "\n").filter { $0.contains("import ") && !$0.contains("//") }
  return Set(
    lines.compactMap { line in
      let words = line.split(separator: " ")
      guard let position = words.firstIndex(of: "import"), position + 1 < words.count else {
        return nil
      }
      return words[(position + 1)...].last.map { String($0.prefix { $0 != "." }) }
    })
}

@Suite("The house")
struct ImportDirectionTests {
  @Test("each room imports only what lies below it", arguments: mayImport.keys.sorted())
  func direction(room: String) throws {
    let files = try sources(under: "Sources/\(room)")
    #expect(!files.isEmpty)
    for file in files {
      let forbidden = imports(in: file.text).intersection(rooms).subtracting(mayImport[room] ?? [])
      #expect(forbidden.isEmpty, "\(file.path) imports \(forbidden.sorted())")
    }
  }

  @Test("full Foundation stays out of core and engine, but for the one type that knows time zones")
  func foundation() throws {
    for room in ["FettleCore", "FettleEngine"] {
      for file in try sources(under: "Sources/\(room)")
      where imports(in: file.text).contains("Foundation") {
        #expect(file.path.hasSuffix("Expressions/TimeZoneRules.swift"), "\(file.path)")
      }
    }
  }

  @Test("each system library is reached from one folder")
  func systemLibraries() throws {
    for (library, folder) in [
      ("CCurl", "FettleConnectors/Transport/"), ("CNcurses", "FettleTerminal/"),
      ("CPCRE2", "FettleCore/Expressions/"), ("GRDB", "FettleSQLite/"),
      ("HummingbirdCore", "FettleService/"),
      ("CXML", "FettleConnectors/xml/"), ("CMail", "FettleConnectors/email/"),
      ("CArchive", "FettleConnectors/archive/"),
    ] {
      for file in try sources(under: "Sources") where imports(in: file.text).contains(library) {
        #expect(file.path.contains(folder), "\(file.path) imports \(library)")
      }
    }
  }

  @Test("the command does without the server, which takes minutes to build")
  func server() throws {
    for room in ["fettle", "FettleProgram", "FettleTerminal", "FettleEngine"] {
      for file in try sources(under: "Sources/\(room)") {
        #expect(!imports(in: file.text).contains("FettleService"), "\(file.path)")
      }
    }
  }

  @Test("nothing that comes from outside can trap: no try!, no forced cast, no fatalError")
  func traps() throws {
    for file in try sources(under: "Sources") {
      for word in ["try!", "as! ", "fatalError(", "preconditionFailure("] {
        #expect(!file.text.contains(word), "\(file.path) has \(word)")
      }
    }
  }

  @Test("every suite waits its turn: what all tests at once say about time is said of nothing")
  func turns() throws {
    for file in try sources(under: "Tests") where !file.path.contains("ArchitectureTests") {
      for suite in file.text.split(separator: "@Suite").dropFirst() {
        let traits = suite.prefix(while: { $0 != "{" })
        #expect(traits.contains(".fewAtOnce"), "\(file.path)\(traits)")
      }
    }
  }

  @Test("what is no test builds without the library of tests: no statically linked program has it")
  func testless() throws {
    let files = try sources(under: "Tests/FettleTestKit") + sources(under: "Tests/PseudoTerminal")
    for file in files where imports(in: file.text).contains("Testing") {
      #expect(file.text.contains("#if canImport(Testing)"), "\(file.path)")
    }
  }

  @Test("a planted import upwards is found")
  func planted() {
    let text = "public import FettleCore\nimport struct FettleTerminal.SafeText\n"
    #expect(imports(in: text) == ["FettleCore", "FettleTerminal"])
  }
}
