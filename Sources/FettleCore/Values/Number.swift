/// A number that keeps the spelling it arrived with.
///
/// `1.10`, `9007199254740993` and `1e400` come back as they went in; arithmetic uses the nearest
/// double. Two numbers are equal when they are spelled the same; compare `double` for the value.
public struct Number: Sendable, Hashable {
  /// The nearest IEEE double; infinite for a spelling such as `1e400`.
  public let double: Double
  /// The spelling, when it is not the shortest one of `double`.
  let spelling: String?

  /// The number nearest to `value`. Not a number and infinities have no spelling in a bundle: use
  /// `Number(finite:)` on the result of a computation.
  public init(_ value: Int) {
    double = Double(value)
    spelling = value.magnitude < (1 << 53) ? nil : String(value)
  }

  /// A number spelled the shortest way.
  public init(_ value: Double) {
    double = value
    spelling = nil
  }

  /// The result of a computation; nil when it is infinite or not a number.
  public init?(finite value: Double) {
    guard value.isFinite else { return nil }
    self.init(value)
  }

  /// A number in the spelling of JSON; nil when `text` is not spelled that way.
  public init?(json text: String) {
    guard case .number(let number)? = try? JSONReader.read(Array(text.utf8)) else { return nil }
    self = number
  }

  init(double: Double, spelling: String?) {
    self.double = double
    self.spelling = spelling
  }

  /// The spelling: as it arrived, or the shortest decimal that reads back as the same double, with
  /// `.` as the point, without grouping and, for a whole number below 1e21, without a fraction.
  public var text: String { spelling ?? Number.shortest(double) }

  /// The value as an integer, when it is one and fits.
  public var integer: Int? {
    if let spelling { return Int(spelling) ?? Int(exactly: double) }
    return Int(exactly: double)
  }

  /// Equal when spelled the same.
  public static func == (left: Number, right: Number) -> Bool {
    if left.spelling == nil && right.spelling == nil {
      return left.double == right.double && left.double.sign == right.double.sign
    }
    return left.text == right.text
  }

  /// Feeds the number into `hasher`.
  public func hash(into hasher: inout Hasher) { hasher.combine(double) }
}

extension Number {
  /// The sum as people calculate it, in decimal: 0.1 and 0.2 make 0.3 (expression language, section 6).
  public static func + (left: Number, right: Number) -> Number {
    Number(DecimalMath.sum(left.double, right.double))
  }

  /// The product in decimal.
  public static func * (left: Number, right: Number) -> Number {
    Number(DecimalMath.product(left.double, right.double))
  }

  /// The quotient in decimal; not a finite number where the divisor is 0.
  public static func / (left: Number, right: Number) -> Number {
    Number(DecimalMath.quotient(left.double, right.double))
  }
}

extension Number: CustomStringConvertible {
  /// The spelling.
  public var description: String { text }
}

extension Number {
  /// The spelling ECMAScript gives a double, which is what blueprints were written against.
  static func shortest(_ value: Double) -> String {
    if value == 0 { return "0" }
    if let integer = Int64(exactly: value), integer.magnitude < 1 << 53 { return String(integer) }
    guard value.isFinite else { return value.isNaN ? "NaN" : value < 0 ? "-Infinity" : "Infinity" }
    if let short = ShortDecimal(value) { return short.text }
    // Swift prints the shortest digits that round-trip; only the layout differs.
    var digits: [UInt8] = []
    var exponent = 0
    var pointAt: Int?
    var readingExponent = false
    var exponentText = ""
    for byte in value.magnitude.description.utf8 {
      switch byte {
      case UInt8(ascii: "."): pointAt = digits.count
      case UInt8(ascii: "e"): readingExponent = true
      case _ where readingExponent: exponentText.unicodeScalars.append(Unicode.Scalar(byte))
      default: digits.append(byte)
      }
    }
    exponent = (Int(exponentText) ?? 0) + (pointAt ?? digits.count)
    while digits.first == UInt8(ascii: "0"), digits.count > 1 {
      digits.removeFirst()
      exponent -= 1
    }
    while digits.last == UInt8(ascii: "0"), digits.count > 1 { digits.removeLast() }
    let text = String(decoding: digits, as: UTF8.self)
    let sign = value < 0 ? "-" : ""
    let zeros = { (count: Int) in String(repeating: "0", count: count) }
    if exponent > 21 || exponent <= -6 {
      let power = exponent - 1
      let mantissa = digits.count == 1 ? text : "\(text.prefix(1)).\(text.dropFirst())"
      return "\(sign)\(mantissa)e\(power < 0 ? "-" : "+")\(power.magnitude)"
    }
    if exponent <= 0 { return "\(sign)0.\(zeros(-exponent))\(text)" }
    if exponent >= digits.count { return "\(sign)\(text)\(zeros(exponent - digits.count))" }
    return "\(sign)\(text.prefix(exponent)).\(text.dropFirst(exponent))"
  }
}
