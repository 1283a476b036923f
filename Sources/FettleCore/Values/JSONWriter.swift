/// Writes values as JSON. What `JSONReader` read comes out with the same keys in the same order and
/// the same spelling of every number.
///
/// Dates become ISO 8601 texts and buffers base64 texts, which is how they reach a service.
public enum JSONWriter {
  /// The value in one line, or indented by two spaces a level.
  public static func text(_ value: Value, indented: Bool = false) -> String {
    String(decoding: bytes(value, indented: indented), as: UTF8.self)
  }

  /// The value as UTF-8.
  public static func bytes(_ value: Value, indented: Bool = false) -> [UInt8] {
    var output: [UInt8] = []
    write(value, into: &output, indent: indented ? 0 : nil)
    return output
  }

  /// Appends the value in one line.
  public static func write(_ value: Value, into output: inout [UInt8]) {
    write(value, into: &output, indent: nil)
  }

  private static func write(_ value: Value, into output: inout [UInt8], indent: Int?) {
    switch value {
    case .null: output.append(contentsOf: "null".utf8)
    case .boolean(let boolean): output.append(contentsOf: (boolean ? "true" : "false").utf8)
    case .number(let number): write(number, into: &output)
    case .text(let text): write(text, into: &output)
    case .date(let date): write(date.iso8601, into: &output)
    case .buffer(let buffer): write(buffer.base64, into: &output)
    case .array(let elements):
      list(elements, "[", "]", into: &output, indent: indent) { element, output, indent in
        write(element, into: &output, indent: indent)
      }
    case .collection(let collection):
      list(collection.fields, "{", "}", into: &output, indent: indent) { field, output, indent in
        write(field.name, into: &output)
        output.append(UInt8(ascii: ":"))
        if indent != nil { output.append(UInt8(ascii: " ")) }
        write(field.value, into: &output, indent: indent)
      }
    }
  }

  private static func list<Item>(
    _ items: [Item], _ open: Unicode.Scalar, _ close: Unicode.Scalar,
    into output: inout [UInt8], indent: Int?,
    writeItem: (Item, inout [UInt8], Int?) -> Void
  ) {
    output.append(UInt8(ascii: open))
    let inner = indent.map { $0 + 2 }
    for (position, item) in items.enumerated() {
      if position > 0 { output.append(UInt8(ascii: ",")) }
      if let inner { newLine(inner, into: &output) }
      writeItem(item, &output, inner)
    }
    if let indent, !items.isEmpty { newLine(indent, into: &output) }
    output.append(UInt8(ascii: close))
  }

  private static func newLine(_ indent: Int, into output: inout [UInt8]) {
    output.append(UInt8(ascii: "\n"))
    output.append(contentsOf: repeatElement(UInt8(ascii: " "), count: indent))
  }

  private static func write(_ number: Number, into output: inout [UInt8]) {
    guard number.spelling == nil else { return output.append(contentsOf: number.text.utf8) }
    // JSON has no word for what is not finite; the reader never makes one, a computation may.
    guard number.double.isFinite else { return output.append(contentsOf: "null".utf8) }
    output.append(contentsOf: Number.shortest(number.double).utf8)
  }

  /// Appends a text in quotes, escaping what JSON demands and nothing else.
  static func write(_ text: String, into output: inout [UInt8]) {
    var text = text
    output.append(UInt8(ascii: "\""))
    text.withUTF8 { bytes in
      var runStart = 0
      for (position, byte) in bytes.enumerated()
      where byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
        output.append(contentsOf: UnsafeBufferPointer(rebasing: bytes[runStart..<position]))
        runStart = position + 1
        output.append(UInt8(ascii: "\\"))
        switch byte {
        case UInt8(ascii: "\n"): output.append(UInt8(ascii: "n"))
        case UInt8(ascii: "\r"): output.append(UInt8(ascii: "r"))
        case UInt8(ascii: "\t"): output.append(UInt8(ascii: "t"))
        case 0x08: output.append(UInt8(ascii: "b"))
        case 0x0C: output.append(UInt8(ascii: "f"))
        case 0..<0x20:
          let digits = Array("0123456789abcdef".utf8)
          output.append(contentsOf: "u00".utf8)
          output.append(digits[Int(byte >> 4)])
          output.append(digits[Int(byte & 15)])
        default: output.append(byte)
        }
      }
      output.append(contentsOf: UnsafeBufferPointer(rebasing: bytes[runStart...]))
    }
    output.append(UInt8(ascii: "\""))
  }
}
