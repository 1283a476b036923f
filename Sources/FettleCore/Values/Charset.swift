#if canImport(Glibc)
  import Glibc
#endif

/// The charset a sender declares for what it sends: `application/json; charset=iso-8859-1`.
///
/// JSON that travels is UTF-8 (RFC 8259), and what is declared so, or not at all, is not touched. Older
/// services send something else and say so; read as UTF-8 that would be refused, or be another text.
struct Charset {
  /// Its name, in lower case.
  let name: String

  /// Why bytes are no text in it, as the rest of a sentence about the bytes.
  struct Failure: Error {
    let message: String
  }

  /// The charset of that name.
  init(_ name: String) { self.name = name.lowercased() }

  /// The charset a `Content-Type` declares; nil where it declares none.
  init?(declaredBy type: String?) {
    guard let name = type.flatMap({ MediaType($0).parameters["charset"] }), !name.isEmpty else {
      return nil
    }
    self.init(name)
  }

  /// The text, as UTF-8.
  /// - Parameter mending: whether half a surrogate pair becomes U+FFFD instead of being refused.
  func utf8(_ bytes: [UInt8], mending: Bool) throws(Failure) -> [UInt8] {
    // A mark at the beginning says more surely what follows than a header does.
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { return bytes }
    switch name {
    case "utf-8", "utf8", "us-ascii", "ascii": return bytes
    case "iso-8859-1", "iso8859-1", "iso_8859-1", "latin1", "latin-1":
      return Array(String(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) })).utf8)
    case "utf-16", "utf16", "utf-16le", "utf-16be":
      return try fromUTF16(bytes, mending: mending)
    default: return try converted(bytes)
    }
  }

  /// JSON begins with a character of ASCII, so that its bytes tell their order where no mark does.
  private func fromUTF16(_ bytes: [UInt8], mending: Bool) throws(Failure) -> [UInt8] {
    let isBig: Bool
    switch (bytes.first, bytes.dropFirst().first) {
    case (0xFE?, 0xFF?), (0?, _): isBig = true
    case (0xFF?, 0xFE?), (_, 0?): isBig = false
    default: isBig = name == "utf-16be"
    }
    let units = stride(from: 0, to: bytes.count - 1, by: 2).map { place in
      let (first, second) = (UInt16(bytes[place]), UInt16(bytes[place + 1]))
      return isBig ? first << 8 | second : second << 8 | first
    }
    let content = units.first == 0xFEFF ? units.dropFirst() : units[...]
    guard bytes.count.isMultiple(of: 2),
      let text = mending
        ? String(decoding: content, as: UTF16.self) : String(validating: content, as: UTF16.self)
    else { throw damaged }
    return Array(text.utf8)
  }

  private var damaged: Failure { Failure(message: "it is not in the charset \(name) it declares") }

  private var unknown: Failure {
    Failure(message: "it declares the charset \"\(name.prefix(40))\", which cannot be read here")
  }

  #if canImport(Glibc)
    /// What the C library knows.
    private func converted(_ bytes: [UInt8]) throws(Failure) -> [UInt8] {
      // A slash would tell the converter how to work.
      let isName = name.utf8.allSatisfy {
        UInt8(ascii: "a")...UInt8(ascii: "z") ~= $0 || UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0
          || "-_.:".utf8.contains($0)
      }
      guard isName, !name.isEmpty, name.utf8.count <= 40 else { throw unknown }
      let converter = iconv_open("UTF-8", name)
      guard converter != iconv_t(bitPattern: -1) else { throw unknown }
      defer { iconv_close(converter) }
      var (input, output) = (bytes.map { CChar(bitPattern: $0) }, [UInt8]())
      let isWhole = input.withUnsafeMutableBufferPointer { input in
        var (next, left) = (input.baseAddress, input.count)
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 16_384) { piece in
          while left > 0 {
            var (place, room) = (piece.baseAddress, piece.count)
            let isDone = iconv(converter, &next, &left, &place, &room) != Int(bitPattern: UInt.max)
            let isFull = !isDone && errno == E2BIG
            output += piece[..<(piece.count - room)].map { UInt8(bitPattern: $0) }
            if !isDone, !isFull { return false }
          }
          // What a converter still holds when the text ends.
          var (place, room) = (piece.baseAddress, piece.count)
          _ = iconv(converter, nil, nil, &place, &room)
          output += piece[..<(piece.count - room)].map { UInt8(bitPattern: $0) }
          return true
        }
      }
      guard isWhole else { throw damaged }
      return output
    }
  #else
    private func converted(_ bytes: [UInt8]) throws(Failure) -> [UInt8] { throw unknown }
  #endif
}

extension JSONReader {
  /// Reads one JSON value from a body in the charset its type declares, UTF-8 where it declares none.
  /// - Parameters:
  ///   - type: the `Content-Type` of the body.
  ///   - foreign: whether others wrote it at run time; see `read(_:foreign:)`.
  public static func read(
    _ body: [UInt8], ofType type: String?, foreign: Bool = false
  ) throws(JSONError) -> Value {
    guard let charset = Charset(declaredBy: type) else { return try read(body, foreign: foreign) }
    let bytes: [UInt8]
    do throws(Charset.Failure) { bytes = try charset.utf8(body, mending: foreign) } catch {
      throw JSONError(message: error.message, line: 0, column: 0)
    }
    return try read(bytes, foreign: foreign)
  }
}
