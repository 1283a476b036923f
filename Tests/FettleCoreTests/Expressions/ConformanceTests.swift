import FettleCore
import FettleTestKit
import Testing

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A case of `conformance/expressions.json`, beside the package. Its format is told in the
/// `README-expressions.md` next to it.
struct ConformanceCase: Sendable, CustomTestStringConvertible {
  let id: String
  let fields: Collection

  var testDescription: String { id }

  /// All cases; none when the file is not there.
  static let all: [ConformanceCase] = {
    let root = #filePath.split(separator: "/").dropLast(4).joined(separator: "/")
    guard let bytes = contents("/\(root)/../shared/conformance/expressions.json"),
      let cases = try? JSONReader.read(bytes).array
    else {
      print("conformance/expressions.json is not there: its cases are skipped")
      return []
    }
    return cases.compactMap { value in
      guard let fields = value.collection, let id = fields["id"]?.text else { return nil }
      return ConformanceCase(id: id, fields: fields)
    }
  }()

  private static func contents(_ path: String) -> [UInt8]? {
    guard let file = fopen(path, "rb") else { return nil }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65536)
    while case let count = fread(&buffer, 1, buffer.count, file), count > 0 {
      bytes += buffer[..<count]
    }
    return bytes
  }
}

@Suite("The conformance cases of the expression language", .fewAtOnce)
struct ConformanceTests {
  @Test("every case gives the expected value or error", arguments: ConformanceCase.all)
  func conforms(_ item: ConformanceCase) throws {
    let expression = try #require(item.fields["expression"]?.text)
    var bundles = VisibleBundles()
    for field in item.fields["bundles"]?.collection?.fields ?? [] {
      if let id = Int(field.name) { bundles[ModuleID(id)] = field.value.collection }
    }
    let now = item.fields["now"]?.text.flatMap(Instant.init(iso8601:))
    var scope = Scope(
      now: now ?? Instant(milliseconds: 1_768_472_430_000),
      timeZone: item.fields["timezone"]?.text ?? "UTC")
    scope.bundles = bundles
    let expected = item.fields["expected"] ?? .null
    let expectedError = item.fields["expected_error"]?.text
    do {
      let value = try Template(expression).evaluate(in: scope)
      #expect(expectedError == nil, "\(expression) gave \(JSONWriter.text(value))")
      #expect(
        Self.matches(value, expected),
        "\(expression) gave \(JSONWriter.text(value)), not \(JSONWriter.text(expected))")
    } catch {
      #expect(error.type.rawValue == expectedError, "\(expression): \(error.message)")
    }
  }

  private static func matches(_ value: Value, _ expected: Value) -> Bool {
    switch (value, expected) {
    case (.number(let a), .number(let b)):
      return (a.double - b.double).magnitude <= 1e-9 * max(1, b.double.magnitude)
    case (.date(let date), .text(let text)): return date.iso8601 == text
    case (.array(let a), .array(let b)): return a.count == b.count && zip(a, b).allSatisfy(matches)
    case (.collection(let a), .collection(let b)):
      return a.count == b.count
        && a.fields.allSatisfy { matches($0.value, b[$0.name] ?? .null) && b[$0.name] != nil }
    default: return value == expected
    }
  }
}
