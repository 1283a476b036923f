public import FettleCore

/// Values that data in the wild could be, the hostile ones included.
public enum GeneratedValue {
  /// A value of any type, a few levels deep.
  public static func any(using random: inout SplitMix, depth: Int = 4) -> Value {
    switch Int.random(in: 0..<(depth > 0 ? 9 : 7), using: &random) {
    case 0: return .null
    case 1: return .boolean(.random(using: &random))
    case 2: return .number(number(using: &random))
    case 3: return .date(Instant(milliseconds: .random(in: -1 << 45...1 << 45, using: &random)))
    case 4:
      let bytes = (0..<Int.random(in: 0...40, using: &random)).map { _ in
        UInt8.random(in: 0...255, using: &random)
      }
      return .buffer(Buffer(bytes, encoding: Bool.random(using: &random) ? nil : "latin1"))
    case 5, 6: return .text(text(using: &random))
    case 7:
      return .array(
        (0..<Int.random(in: 0...5, using: &random)).map { _ in
          any(using: &random, depth: depth - 1)
        })
    default:
      return .collection(collection(using: &random, depth: depth - 1))
    }
  }

  /// A value that JSON can say: no dates and no buffers.
  public static func json(using random: inout SplitMix) -> Value {
    var value = any(using: &random)
    while !value.isJSON { value = any(using: &random) }
    return value
  }

  /// Named fields, sometimes more than are searched one by one.
  public static func collection(using random: inout SplitMix, depth: Int = 3) -> Collection {
    var fields: Collection = [:]
    let count =
      Int.random(in: 0..<20, using: &random) == 0 ? 40 : Int.random(in: 0...5, using: &random)
    for _ in 0..<count {
      fields[text(using: &random)] = any(using: &random, depth: depth)
    }
    return fields
  }

  /// A number in one of the spellings JSON allows.
  public static func number(using random: inout SplitMix) -> Number {
    let spellings = [
      "0", "-0", "1.10", "9007199254740993", "1e400", "-1E-7", "0.1",
      "123456789012345678901234567890",
      "1.0", "100", "5e-324", "1.7976931348623157e308",
    ]
    if Bool.random(using: &random), let spelling = spellings.randomElement(using: &random),
      let number = Number(json: spelling)
    {
      return number
    }
    return Bool.random(using: &random)
      ? Number(Int.random(in: -1_000_000...1_000_000, using: &random))
      : Number(Double.random(in: -1e9...1e9, using: &random))
  }

  /// A text with whatever could hurt a terminal, a database or a comparison.
  public static func text(using random: inout SplitMix) -> String {
    let pieces = [
      "a", "Z", "9", " ", "é", "e\u{301}", "Å", "\u{212B}", "日本", "👩‍👩‍👧", "\n", "\t", "\0",
      "\u{1B}[31m",
      "\u{9B}", "\u{202E}", "\u{FEFF}", "\"", "\\", "{{1.a}}", "'", "`", "\u{7F}", "\u{10FFFF}",
      "\u{E000}", "'; DROP TABLE record; --", "%", "_",
    ]
    return (0..<Int.random(in: 0...8, using: &random)).map { _ in
      pieces.randomElement(using: &random) ?? ""
    }.joined()
  }
}

extension Value {
  fileprivate var isJSON: Bool {
    switch self {
    case .date, .buffer: false
    case .array(let elements): elements.allSatisfy(\.isJSON)
    case .collection(let collection): collection.fields.allSatisfy { $0.value.isJSON }
    default: true
    }
  }
}

extension GeneratedValue {
  /// Text that tries to drive a terminal, to hide or to turn around what stands beside it.
  public static func hostileText(using random: inout SplitMix) -> String {
    let nasty = [
      "\u{1B}]0;owned\u{7}", "\u{1B}[2J", "\u{1B}P1$r\u{1B}\\", "\u{9B}31m", "\u{90}q\u{9C}",
      "\u{202E}", "\u{2066}", "\u{200B}", "\u{FEFF}", "\u{E0041}", "\u{E000}",
      "\u{301}\u{301}\u{301}", "日本", "👩\u{200D}👧", "\r", "\n", "\t", "\u{0}", "\u{7F}",
      "\u{2028}", "\u{FFFE}", "\u{10FFFF}", "abc", "\u{1160}", "\u{61C}", "🇩🇪", "\u{600}", "\u{E}",
    ]
    return (0..<Int.random(in: 1...6, using: &random)).map { _ in
      nasty[Int.random(in: 0..<nasty.count, using: &random)]
    }.joined()
  }
}
