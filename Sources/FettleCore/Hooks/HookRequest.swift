/// A request to a webhook, as bundles for its scenario.
public struct HookRequest: Sendable {
  /// The method, in upper case.
  public var method: String
  /// The query as it was sent, without the question mark.
  public var query: String
  /// The headers, in order.
  public var headers: [HookAnswer.Header]
  /// The body.
  public var body: [UInt8]

  /// A request of these parts.
  public init(
    method: String, query: String = "", headers: [HookAnswer.Header] = [], body: [UInt8] = []
  ) {
    self.method = method
    self.query = query
    self.headers = headers
    self.body = body
  }

  /// Why a request is no event.
  public struct Unreadable: Error, Hashable, Sendable, CustomStringConvertible {
    /// One sentence for its sender.
    public let description: String

    /// That reason.
    public init(_ description: String) { self.description = description }
  }

  /// The value of a header; its name is compared in any case.
  public func header(_ name: String) -> String? {
    headers.first { $0.name.lowercased() == name.lowercased() }?.value
  }

  /// The bundles the event is.
  ///
  /// The fields of the query come first, those of the body behind them; of one name the body's value
  /// counts. A JSON object gives its fields; an array of objects gives a bundle for each, any other
  /// JSON the field `value`. A form gives its fields, where a repeated name, and one that ends in
  /// `[]`, gives an array; a file gives a collection of `name`, `mime` and `data`. Text of another
  /// kind gives `value`, anything else `mime` and `data`.
  /// - Throws: why the body is not what its type says.
  public func bundles(_ settings: HookSettings = HookSettings()) throws(Unreadable) -> [Bundle] {
    var asked: Bundle = [:]
    for (name, value) in Self.fields(query.utf8) { asked.add(value, named: name) }
    if settings.keepsHeaders {
      asked["__IMTHEADERS__"] = .array(
        headers.map { ["name": .text($0.name.lowercased()), "value": .text($0.value)] })
    }
    if settings.keepsMethod { asked["__IMTMETHOD__"] = .text(method) }
    return try received(settings).map { fields in
      var bundle = asked
      for field in fields.fields { bundle[field.name] = field.value }
      return bundle
    }
  }

  private func received(_ settings: HookSettings) throws(Unreadable) -> [Bundle] {
    guard !body.isEmpty else { return [[:]] }
    let type = MediaType(header("content-type") ?? "")
    switch type.name {
    case "application/x-www-form-urlencoded":
      var bundle: Bundle = [:]
      for (name, value) in Self.fields(body) { bundle.add(value, named: name) }
      return [bundle]
    case "multipart/form-data":
      guard let boundary = type.parameters["boundary"], !boundary.isEmpty else {
        throw Unreadable("a multipart body needs a boundary in its Content-Type")
      }
      return [try Multipart(boundary: boundary).bundle(body)]
    case let name
    where name == "application/json" || name.hasSuffix("+json") || name.isEmpty && looksLikeJSON:
      return try json(settings)
    case let name where name.hasPrefix("text/") || name.isEmpty && isText:
      return [["value": .text(String(decoding: body, as: UTF8.self))]]
    case let name where name.hasSuffix("/xml") || name.hasSuffix("+xml"):
      return [["value": .text(String(decoding: body, as: UTF8.self))]]
    case let name:
      return [
        [
          "mime": .text(name.isEmpty ? "application/octet-stream" : name),
          "data": .buffer(Buffer(body)),
        ]
      ]
    }
  }

  /// Senders forget to say what they send.
  private var looksLikeJSON: Bool {
    let first = body.first { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }
    return first == UInt8(ascii: "{") || first == UInt8(ascii: "[")
  }

  private var isText: Bool { String(validating: body, as: UTF8.self) != nil && !body.contains(0) }

  private func json(_ settings: HookSettings) throws(Unreadable) -> [Bundle] {
    if settings.passesJSONThrough { return [["value": .text(try jsonText)]] }
    let value: Value
    do throws(JSONError) {
      value = try JSONReader.read(body, ofType: header("content-type"), foreign: true)
    } catch {
      throw Unreadable("the body is no JSON: \(error)")
    }
    switch value {
    case .collection(let fields): return [fields]
    case .array(let elements):
      let bundles = elements.compactMap(\.collection)
      // No bundle would be an event that vanishes.
      return bundles.count == elements.count && !bundles.isEmpty ? bundles : [["value": value]]
    default: return [["value": value]]
    }
  }

  /// The body as it is, in the charset it declares.
  private var jsonText: String {
    get throws(Unreadable) {
      guard let charset = Charset(declaredBy: header("content-type")) else {
        return String(decoding: body, as: UTF8.self)
      }
      do throws(Charset.Failure) {
        return String(decoding: try charset.utf8(body, mending: true), as: UTF8.self)
      } catch { throw Unreadable("the body is no JSON: \(error.message)") }
    }
  }

  /// Names and values of a query or a form, decoded, in order.
  public static func fields(_ encoded: some Sequence<UInt8>) -> [(String, String)] {
    var pairs: [(String, String)] = []
    for part in Array(encoded).split(separator: UInt8(ascii: "&")) {
      let halves = part.split(
        separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
      let name = decoded(halves[0])
      guard !name.isEmpty else { continue }
      pairs.append((name, halves.count == 2 ? decoded(halves[1]) : ""))
    }
    return pairs
  }

  /// A part with `+` and `%XX` undone. A percent sign that means nothing stays.
  private static func decoded(_ bytes: ArraySlice<UInt8>) -> String {
    var output: [UInt8] = []
    var place = bytes.startIndex
    while place < bytes.endIndex {
      let byte = bytes[place]
      if byte == UInt8(ascii: "%"), place + 2 < bytes.endIndex,
        let high = bytes[place + 1].digit, let low = bytes[place + 2].digit
      {
        output.append(high << 4 | low)
        place += 3
        continue
      }
      output.append(byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
      place += 1
    }
    return String(decoding: output, as: UTF8.self)
  }
}

extension UInt8 {
  /// What it is worth as a hexadecimal digit.
  fileprivate var digit: UInt8? {
    switch self {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): self - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): self - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): self - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}

extension Collection {
  /// Adds a field of a form: a name that comes again, or ends in `[]`, becomes an array.
  mutating func add(_ text: String, named name: String) { add(.text(text), named: name) }

  mutating func add(_ value: Value, named name: String) {
    let isList = name.hasSuffix("[]") && name.utf8.count > 2
    let name = isList ? String(name.dropLast(2)) : name
    switch self[name] {
    case nil: self[name] = isList ? .array([value]) : value
    case .array(let elements)?: self[name] = .array(elements + [value])
    case let first?: self[name] = .array([first, value])
    }
  }
}

/// The type of a body: `text/plain; charset=utf-8`.
struct MediaType {
  /// In lower case, without parameters.
  let name: String
  /// By name in lower case, without quotes.
  private(set) var parameters: [String: String] = [:]

  init(_ text: String) {
    let parts = text.split(separator: ";", omittingEmptySubsequences: false)
    name = (parts.first.map(String.init) ?? "").trimmed.lowercased()
    for part in parts.dropFirst() {
      let halves = part.split(separator: "=", maxSplits: 1)
      guard halves.count == 2 else { continue }
      var value = String(halves[1]).trimmed
      if value.count >= 2, value.hasPrefix("\""), value.hasSuffix("\"") {
        value = String(value.dropFirst().dropLast())
      }
      parameters[String(halves[0]).trimmed.lowercased()] = value
    }
  }
}

extension String {
  fileprivate var trimmed: String {
    String(drop { $0 == " " || $0 == "\t" }.reversed().drop { $0 == " " || $0 == "\t" }.reversed())
  }
}
