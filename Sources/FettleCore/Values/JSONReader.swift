/// Why a text is no JSON that Fettle takes, and where.
public struct JSONError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What was found, in one sentence without a full stop.
  public let message: String
  /// Counted from 1; 0 where it is no single place.
  public let line: Int
  /// Counted from 1, in characters.
  public let column: Int

  /// The message with its place.
  public var description: String {
    line == 0 ? message : "line \(line), column \(column): \(message)"
  }
}

/// Reads JSON (RFC 8259) into values, keeping key order and the spelling of numbers.
///
/// What other readers let pass is refused here, because data would be lost without a word:
/// duplicate keys, invalid UTF-8, lone surrogates, nesting that exhausts the stack. Only what others
/// wrote and nobody here can mend is read as `JSON.parse` reads it, where that is asked for: refusing
/// the answer to a request that was carried out would have the request made again.
public struct JSONReader {
  /// How deep arrays and objects may nest.
  public static let maximumDepth = 500

  private let bytes: UnsafeBufferPointer<UInt8>
  /// Whether the last of two equal keys counts, and half a surrogate pair becomes U+FFFD.
  private let isForeign: Bool
  private var position = 0
  private var depth = 0
  /// Memory for texts with escapes, used again for each.
  private var scratch: [UInt8] = []

  /// Reads one JSON value. A byte order mark before it is skipped.
  /// - Parameter foreign: whether others wrote it at run time: the last of two equal keys counts then,
  ///   and half a surrogate pair becomes U+FFFD.
  public static func read(_ bytes: [UInt8], foreign: Bool = false) throws(JSONError) -> Value {
    let result: Result<Value, JSONError> = bytes.withUnsafeBufferPointer { buffer in
      var reader = JSONReader(bytes: buffer, isForeign: foreign)
      do throws(JSONError) { return .success(try reader.document()) } catch {
        return .failure(error)
      }
    }
    return try result.get()
  }

  /// Reads one JSON value from a text.
  public static func read(_ text: String, foreign: Bool = false) throws(JSONError) -> Value {
    try read(Array(text.utf8), foreign: foreign)
  }

  private init(bytes: UnsafeBufferPointer<UInt8>, isForeign: Bool) {
    self.bytes = bytes
    self.isForeign = isForeign
  }

  private mutating func document() throws(JSONError) -> Value {
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
    skipSpace()
    let value = try value()
    skipSpace()
    if position < bytes.count { throw unexpected("the end") }
    return value
  }

  private mutating func value() throws(JSONError) -> Value {
    guard position < bytes.count else { throw error("the text ends where a value should stand") }
    switch bytes[position] {
    case UInt8(ascii: "\""): return .text(try text())
    case UInt8(ascii: "{"): return try object()
    case UInt8(ascii: "["): return try array()
    case UInt8(ascii: "t"): return try word("true", .boolean(true))
    case UInt8(ascii: "f"): return try word("false", .boolean(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number(try number())
    default: throw unexpected("a value")
    }
  }

  private mutating func object() throws(JSONError) -> Value {
    try enter()
    position += 1
    var fields: [Collection.Field] = []
    fields.reserveCapacity(8)
    var names: Set<Collection.Name>?
    // One bit a key, by its letters: where the bit is new, so is the key.
    var marks: UInt64 = 0
    skipSpace()
    if take(UInt8(ascii: "}")) {
      depth -= 1
      return .collection(Collection())
    }
    repeat {
      skipSpace()
      let start = position
      guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else {
        throw unexpected("a key in double quotes")
      }
      let name = try text()
      // A few keys are compared one by one; more go through a set.
      let isTaken: Bool
      let mark = Self.mark(bytes, from: start + 1, to: position - 1)
      if marks & mark == 0, names == nil, fields.count < 16 {
        isTaken = false
      } else if names != nil {
        isTaken = names?.insert(Collection.Name(name)).inserted == false
      } else {
        isTaken = Self.holds(name, fields)
        if fields.count == 16 {
          names = Set(fields.map { Collection.Name($0.name) } + [Collection.Name(name)])
        }
      }
      marks |= mark
      if isTaken, !isForeign {
        throw error("the key \(quoted(name)) stands twice in one object", at: start)
      }
      skipSpace()
      guard take(UInt8(ascii: ":")) else { throw unexpected("':'") }
      skipSpace()
      let field = Collection.Field(name: name, value: try value())
      if isTaken, let place = fields.firstIndex(where: { $0.name.hasSameBytes(as: name) }) {
        fields[place] = field
      } else {
        fields.append(field)
      }
      skipSpace()
    } while take(UInt8(ascii: ","))
    guard take(UInt8(ascii: "}")) else { throw unexpected("',' or '}'") }
    depth -= 1
    return .collection(Collection(distinct: fields))
  }

  private static func mark(
    _ bytes: UnsafeBufferPointer<UInt8>, from start: Int, to end: Int
  ) -> UInt64 {
    guard start < end else { return 1 }
    let sum =
      (end - start) &* 7 &+ Int(bytes[start]) &* 5 &+ Int(bytes[end - 1]) &* 11
      &+ Int(bytes[(start + end) / 2]) &* 3
    return 1 << UInt64(sum & 63)
  }

  private static func holds(_ name: String, _ fields: [Collection.Field]) -> Bool {
    for place in fields.indices where fields[place].name.hasSameBytes(as: name) { return true }
    return false
  }

  private mutating func array() throws(JSONError) -> Value {
    try enter()
    position += 1
    var elements: [Value] = []
    elements.reserveCapacity(4)
    skipSpace()
    if take(UInt8(ascii: "]")) {
      depth -= 1
      return .array([])
    }
    repeat {
      skipSpace()
      elements.append(try value())
      skipSpace()
    } while take(UInt8(ascii: ","))
    guard take(UInt8(ascii: "]")) else { throw unexpected("',' or ']'") }
    depth -= 1
    return .array(elements)
  }

  private mutating func enter() throws(JSONError) {
    depth += 1
    if depth > Self.maximumDepth {
      throw error("arrays and objects nest deeper than \(Self.maximumDepth)")
    }
  }

  private mutating func word(_ word: StaticString, _ value: Value) throws(JSONError) -> Value {
    let length = word.utf8CodeUnitCount
    let matches = word.withUTF8Buffer { letters in
      position + length <= bytes.count
        && letters.elementsEqual(bytes[position..<(position + length)])
    }
    guard matches else { throw unexpected("a value") }
    position += length
    return value
  }

  private mutating func number() throws(JSONError) -> Number {
    let start = position
    let isNegative = take(UInt8(ascii: "-"))
    let firstDigit = position
    var mantissa: UInt64 = 0
    while let digit = digit() { mantissa = mantissa &* 10 &+ digit }
    let wholeDigits = position - firstDigit
    guard wholeDigits > 0 else { throw unexpected("a digit") }
    if wholeDigits > 1, bytes[firstDigit] == UInt8(ascii: "0") {
      throw error("a number does not begin with 0", at: start)
    }
    if position == bytes.count || !isNumberPart(bytes[position]) {
      if wholeDigits <= 15, !(isNegative && mantissa == 0) {
        let value = Double(mantissa)
        return Number(double: isNegative ? -value : value, spelling: nil)
      }
      return spelled(from: start)
    }
    var fractionDigits = 0
    if take(UInt8(ascii: ".")) {
      while let digit = digit() {
        mantissa = mantissa &* 10 &+ digit
        fractionDigits += 1
      }
      if fractionDigits == 0 { throw unexpected("a digit after the point") }
    }
    if position < bytes.count, bytes[position] | 0x20 == UInt8(ascii: "e") {
      position += 1
      if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
      let first = position
      while digit() != nil {}
      if position == first { throw unexpected("a digit in the exponent") }
      return spelled(from: start)
    }
    guard wholeDigits + fractionDigits <= 15 else { return spelled(from: start) }
    // At most 15 digits over a power of ten up to 1e22: one correctly rounded division.
    let value = Double(mantissa) / Self.powersOfTen[fractionDigits]
    let spelling = String(decoding: bytes[start..<position], as: UTF8.self)
    return Number(double: isNegative ? -value : value, spelling: spelling)
  }

  private func spelled(from start: Int) -> Number {
    let spelling = String(decoding: bytes[start..<position], as: UTF8.self)
    return Number(double: Double(spelling) ?? .nan, spelling: spelling)
  }

  private static let powersOfTen: [Double] = [
    1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
  ]

  private mutating func digit() -> UInt64? {
    guard position < bytes.count else { return nil }
    let value = bytes[position] &- UInt8(ascii: "0")
    guard value < 10 else { return nil }
    position += 1
    return UInt64(value)
  }

  private func isNumberPart(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: ".") || byte | 0x20 == UInt8(ascii: "e")
  }

  private mutating func text() throws(JSONError) -> String {
    position += 1
    let start = position
    var end = start
    var seen: UInt8 = 0
    var word: UInt64 = 0
    while end + 8 <= bytes.count {
      let next = eightBytes(at: end)
      if Self.holdsEndOfRun(next) { break }
      word |= next
      end += 8
    }
    if word & 0x8080_8080_8080_8080 != 0 { seen = 0x80 }
    while end < bytes.count {
      let byte = bytes[end]
      if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") || byte < 0x20 { break }
      seen |= byte
      end += 1
    }
    position = end
    guard end < bytes.count else { throw error("a text is not closed", at: start - 1) }
    switch bytes[end] {
    case UInt8(ascii: "\""):
      let text = try validated(start..<end, isASCII: seen < 0x80)
      position += 1
      return text
    case UInt8(ascii: "\\"): return try escapedText(from: start)
    default: throw controlCharacter()
    }
  }

  private func eightBytes(at place: Int) -> UInt64 {
    UnsafeRawBufferPointer(bytes).loadUnaligned(fromByteOffset: place, as: UInt64.self)
  }

  /// Whether one of eight bytes is a quote, a backslash or a control character. The usual test for
  /// a zero byte, on the word with each of the two taken away, and for a byte below 0x20.
  private static func holdsEndOfRun(_ word: UInt64) -> Bool {
    let ones: UInt64 = 0x0101_0101_0101_0101
    let quotes = word ^ ones &* 0x22
    let backslashes = word ^ ones &* 0x5C
    let found =
      (quotes &- ones) & ~quotes | (backslashes &- ones) & ~backslashes
      | (word &- ones &* 0x20) & ~word
    return found & (ones &* 0x80) != 0
  }

  private mutating func escapedText(from start: Int) throws(JSONError) -> String {
    var decoded = scratch
    scratch = []
    decoded.removeAll(keepingCapacity: true)
    decoded.append(contentsOf: bytes[start..<position])
    while position < bytes.count {
      switch bytes[position] {
      case UInt8(ascii: "\""):
        let text = String(decoding: decoded, as: UTF8.self)
        // Escapes are ASCII, so that the text is UTF-8 where its spelling is; looking for the fault
        // there gives its place.
        let isSound = decoded.withUnsafeBufferPointer { text.hasSameBytes(as: $0) }
        if !isSound { _ = try validated(start..<position) }
        scratch = decoded
        position += 1
        return text
      case UInt8(ascii: "\\"):

        let scalar = try escape()
        if scalar.isASCII {
          decoded.append(UInt8(truncatingIfNeeded: scalar.value))
        } else {
          decoded.append(contentsOf: Array(String(scalar).utf8))
        }
      case 0..<0x20: throw controlCharacter()
      default:
        let end = endOfRun(from: position)
        decoded.append(contentsOf: bytes[position..<end])
        position = end
      }
    }
    throw error("a text is not closed", at: start - 1)
  }

  /// Where the next quote, backslash or control character stands, or the end of the input.
  private func endOfRun(from start: Int) -> Int {
    var end = start
    while end < bytes.count {
      let byte = bytes[end]
      if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") || byte < 0x20 { break }
      end += 1
    }
    return end
  }

  private mutating func escape() throws(JSONError) -> Unicode.Scalar {
    let start = position
    position += 1
    guard position < bytes.count else { throw error("a text is not closed", at: start) }
    let letter = bytes[position]
    position += 1
    switch letter {
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{C}"
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(letter)
    case UInt8(ascii: "u"):
      let unit = try hexUnit(from: start)
      guard (0xD800..<0xE000).contains(unit) else {
        return Unicode.Scalar(UInt32(unit)) ?? "\u{FFFD}"
      }
      let afterFirst = position
      guard unit < 0xDC00, take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) else {
        return try lone(start, goingOnAt: afterFirst)
      }
      let low = try hexUnit(from: start)
      guard (0xDC00..<0xE000).contains(low),
        let pair = Unicode.Scalar(
          0x10000 + ((UInt32(unit) - 0xD800) << 10) + (UInt32(low) - 0xDC00))
      else { return try lone(start, goingOnAt: afterFirst) }
      return pair
    default: throw error("a backslash stands before a character it does not escape", at: start)
    }
  }

  /// Half of a surrogate pair stands alone.
  private mutating func lone(_ start: Int, goingOnAt next: Int) throws(JSONError) -> Unicode.Scalar
  {
    guard isForeign else { throw error("half of a surrogate pair stands alone", at: start) }
    position = next
    return "\u{FFFD}"
  }

  private mutating func hexUnit(from start: Int) throws(JSONError) -> UInt16 {
    let end = position + 4
    guard end <= bytes.count,
      let unit = UInt16(String(decoding: bytes[position..<end], as: UTF8.self), radix: 16),
      bytes[position] != UInt8(ascii: "+"), bytes[position] != UInt8(ascii: "-")
    else { throw error("\\u wants four hexadecimal digits", at: start) }
    position = end
    return unit
  }

  private func validated(
    _ range: Range<Int>, isASCII: Bool = false
  ) throws(JSONError) -> String {
    let content = UnsafeBufferPointer(rebasing: bytes[range])
    let text = String(decoding: content, as: UTF8.self)
    if isASCII { return text }
    // Decoding mends what is not UTF-8; then the bytes are no longer the same. That is several
    // times as fast as `String(validating:)`.
    if text.hasSameBytes(as: content) { return text }
    // Find the place by decoding once more; this happens once, before the reading ends.
    var decoder = UTF8()
    var iterator = bytes[range].makeIterator()
    var end = range.lowerBound
    while case .scalarValue(let scalar) = decoder.decode(&iterator) {
      end += UTF8.width(scalar)
    }
    throw error("the text is not valid UTF-8", at: end)
  }

  private mutating func skipSpace() {
    while position < bytes.count {
      switch bytes[position] {
      case 0x20, 0x0A, 0x0D, 0x09: position += 1
      default: return
      }
    }
  }

  private mutating func take(_ byte: UInt8) -> Bool {
    guard position < bytes.count, bytes[position] == byte else { return false }
    position += 1
    return true
  }

  private func controlCharacter() -> JSONError {
    let code = String(bytes[position], radix: 16, uppercase: true)
    let padded = String(repeating: "0", count: 4 - code.count) + code
    return error("a text holds the control character U+\(padded); write it as \\u\(padded)")
  }

  private func unexpected(_ expectation: String) -> JSONError {
    guard position < bytes.count else {
      return error("the text ends where \(expectation) should stand")
    }
    let rest = String(decoding: bytes[position..<min(position + 4, bytes.count)], as: UTF8.self)
    let found = rest.unicodeScalars.first ?? "\u{FFFD}"
    let shown =
      found.value < 0x20 || found.value == 0x7F
      ? "the control character U+\(String(found.value, radix: 16, uppercase: true))" : "'\(found)'"
    return error("\(shown) stands where \(expectation) should stand")
  }

  private func quoted(_ name: String) -> String {
    var text: [UInt8] = []
    JSONWriter.write(name.count > 60 ? name.prefix(60) + "…" : name, into: &text)
    return String(decoding: text, as: UTF8.self)
  }

  private func error(_ message: String, at place: Int? = nil) -> JSONError {
    let place = place ?? position
    let before = bytes[..<place]
    let lineStart = (before.lastIndex(of: UInt8(ascii: "\n")) ?? -1) + 1
    return JSONError(
      message: message,
      line: before.reduce(1) { $1 == UInt8(ascii: "\n") ? $0 + 1 : $0 },
      column: String(decoding: bytes[lineStart..<place], as: UTF8.self).count + 1)
  }
}
