import FettleCore

/// What the HTTP modules make of an answer.
enum HTTPOutput {
  /// The bundle `statusCode`, `headers`, `data`.
  /// - Parameter parses: whether a JSON body becomes a value.
  static func bundle(
    _ answer: HTTPAnswer, parses: Bool, target: String
  ) throws(ModuleError) -> Bundle {
    [
      "statusCode": .integer(answer.status),
      "headers": .array(
        answer.headers.map { ["name": .text($0.name), "value": .text($0.value)] }),
      "data": try data(answer, parses: parses, target: target),
    ]
  }

  private static func data(
    _ answer: HTTPAnswer, parses: Bool, target: String
  ) throws(ModuleError) -> Value {
    if answer.body.isEmpty { return .text("") }
    let declared = answer.header("Content-Type")
    let type = declared?.prefix { $0 != ";" }.lowercased() ?? ""
    let isJSON = type.hasSuffix("/json") || type.hasSuffix("+json")
    let text = String(validating: answer.body, as: UTF8.self)
    guard parses else {
      return text.map(Value.text) ?? .buffer(Buffer(answer.body))
    }
    // A service that names no type is read as JSON where that works; one that says JSON has to mean
    // it (semantics 2.5: "body not parseable although parse response is on").
    do {
      if isJSON || type.isEmpty {
        return try JSONReader.read(answer.body, ofType: declared, foreign: true)
      }
    } catch  where isJSON {
      throw ModuleError(
        .data, "the answer of \(target) says it is JSON and is not: \(error)",
        detail: text.map { String($0.prefix(2000)) })
    } catch {}
    return text.map(Value.text) ?? .buffer(Buffer(answer.body))
  }
}

extension HTTPRequest {
  /// Adds names and values to the query of the address.
  mutating func addQuery(_ pairs: [(name: String, value: String)]) {
    guard !pairs.isEmpty else { return }
    let query = Self.formEncoded(pairs)
    let fragment = url.firstIndex(of: "#").map { url[$0...] } ?? ""
    let base = url.dropLast(fragment.count)
    url = "\(base)\(base.contains("?") ? "&" : "?")\(query)\(fragment)"
  }

  /// Names and values as a query or a form body.
  static func formEncoded(_ pairs: [(name: String, value: String)]) -> String {
    pairs.map { "\(percentEncoded($0.name))=\(percentEncoded($0.value))" }.joined(separator: "&")
  }

  private static func percentEncoded(_ text: String) -> String {
    let digits = Array("0123456789ABCDEF".utf8)
    var result: [UInt8] = []
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
        UInt8(ascii: "_"), UInt8(ascii: "~"):
        result.append(byte)
      default: result += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      }
    }
    return String(decoding: result, as: UTF8.self)
  }

  /// Whether a header of that name is there.
  func hasHeader(_ name: String) -> Bool { headers.contains { $0.isNamed(name) } }

  /// Says what the body is, unless a header does so already.
  mutating func declare(_ type: String?) {
    guard let type, !type.isEmpty, !hasHeader("Content-Type") else { return }
    headers.append(HTTPHeader(name: "Content-Type", value: type))
  }

  /// What the request does to the world (durability 1).
  var effect: EffectClass {
    switch method {
    case "GET", "HEAD", "OPTIONS": .read
    case "PUT", "DELETE": .idempotent
    default: hasHeader("Idempotency-Key") ? .idempotent : .effect
    }
  }
}

/// Lists of names and values, as mappers write them: an array of collections with `name` or `key`
/// and `value`. Entries without a name are left out, as an empty row of the editor is.
func namedValues(_ value: Value?) -> [(name: String, value: String)] {
  (value?.array ?? []).compactMap { element in
    guard let fields = element.collection,
      let name = (fields["name"] ?? fields["key"]).flatMap(Coercion.text), !name.isEmpty
    else { return nil }
    return (name, fields["value"].flatMap(Coercion.text) ?? "")
  }
}

/// Headers as mappers write them. A line end inside a value would add a header of its own.
func namedHeaders(_ value: Value?) throws(ModuleError) -> [HTTPHeader] {
  var headers: [HTTPHeader] = []
  for (name, value) in namedValues(value) {
    guard !(name + value).utf8.contains(where: { $0 == 10 || $0 == 13 || $0 == 0 }) else {
      throw ModuleError(
        .data, "the header \(name.prefix(40)) holds a line end", field: "headers", stage: .input)
    }
    headers.append(HTTPHeader(name: name, value: value))
  }
  return headers
}
