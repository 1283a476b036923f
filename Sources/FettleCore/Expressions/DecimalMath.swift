/// Arithmetic on decimal fractions, so that `0.1 + 0.2` is 0.3 (section 6).
///
/// A double stands for the shortest decimal that reads back as it. Whole numbers below 2^53 take
/// the short way; what does not fit 38 digits is left to the doubles.
enum DecimalMath {
  private struct Decimal {
    var mantissa: Int128
    var exponent: Int

    /// Nil for what is not finite.
    init?(_ value: Double) {
      guard value.isFinite else { return nil }
      var digits: Int128 = 0
      var exponent = 0
      var isFraction = false
      var power = 0
      var powerSign = 0
      for byte in value.magnitude.description.utf8 {
        switch byte {
        case UInt8(ascii: "."): isFraction = true
        case UInt8(ascii: "e"): powerSign = 1
        case UInt8(ascii: "-"): powerSign = -1
        case UInt8(ascii: "+"): break
        case _ where powerSign != 0: power = power * 10 + Int(byte - 48)
        default:
          digits = digits * 10 + Int128(byte - 48)
          if isFraction { exponent -= 1 }
        }
      }
      while digits != 0, digits % 10 == 0 {
        digits /= 10
        exponent += 1
      }
      mantissa = value < 0 ? -digits : digits
      self.exponent = exponent + power * powerSign
    }

    /// The mantissa with a smaller exponent; nil when it does not fit.
    func scaled(to smaller: Int) -> Int128? {
      guard mantissa != 0 else { return 0 }
      guard exponent - smaller <= 38 else { return nil }
      var result = mantissa
      for _ in 0..<(exponent - smaller) {
        let (product, overflow) = result.multipliedReportingOverflow(by: 10)
        if overflow { return nil }
        result = product
      }
      return result
    }

    static func double(_ mantissa: Int128, _ exponent: Int) -> Double {
      Double("\(mantissa)e\(exponent)") ?? .nan
    }
  }

  private static func isSmallWhole(_ value: Double) -> Bool {
    value.magnitude < 4_503_599_627_370_496 && value == value.rounded(.towardZero)
  }

  static func sum(_ a: Double, _ b: Double) -> Double {
    if isSmallWhole(a), isSmallWhole(b) { return a + b }
    if let x = ShortDecimal(a), let y = ShortDecimal(b), let sum = x.plus(y) { return sum }
    guard let x = Decimal(a), let y = Decimal(b) else { return a + b }
    let exponent = min(x.exponent, y.exponent)
    guard let left = x.scaled(to: exponent), let right = y.scaled(to: exponent) else {
      return a + b
    }
    let (total, overflow) = left.addingReportingOverflow(right)
    return overflow ? a + b : Decimal.double(total, exponent)
  }

  static func product(_ a: Double, _ b: Double) -> Double {
    if isSmallWhole(a), isSmallWhole(b), (a * b).magnitude < 9_007_199_254_740_992 { return a * b }
    if let x = ShortDecimal(a), let y = ShortDecimal(b), let product = x.times(y) { return product }
    guard let x = Decimal(a), let y = Decimal(b) else { return a * b }
    let (total, overflow) = x.mantissa.multipliedReportingOverflow(by: y.mantissa)
    return overflow ? a * b : Decimal.double(total, x.exponent + y.exponent)
  }

  static func quotient(_ a: Double, _ b: Double) -> Double {
    if isSmallWhole(a), isSmallWhole(b) { return a / b }
    guard b != 0, let x = Decimal(a), let y = Decimal(b) else { return a / b }
    let exponent = min(x.exponent, y.exponent)
    guard let left = x.scaled(to: exponent), let right = y.scaled(to: exponent),
      left.magnitude < 1 << 53, right.magnitude < 1 << 53
    else { return a / b }
    return Double(left) / Double(right)
  }

  /// The remainder with the sign of the dividend.
  static func remainder(_ a: Double, _ b: Double) -> Double {
    guard b != 0 else { return .nan }
    if isSmallWhole(a), isSmallWhole(b) { return a.truncatingRemainder(dividingBy: b) }
    guard let x = Decimal(a), let y = Decimal(b) else { return .nan }
    let exponent = min(x.exponent, y.exponent)
    guard let left = x.scaled(to: exponent), let right = y.scaled(to: exponent) else {
      return a.truncatingRemainder(dividingBy: b)
    }
    return Decimal.double(left % right, exponent)
  }

  /// The nearest whole number, halves towards positive infinity.
  static func rounded(_ value: Double) -> Double {
    let below = value.rounded(.down)
    return value - below >= 0.5 ? below + 1 : below
  }

  /// The value in decimal with exactly that many fraction digits, halves away from zero, split in
  /// sign, whole part and fraction.
  static func fixed(
    _ value: Double, fractionDigits: Int
  ) -> (isNegative: Bool, whole: [UInt8], fraction: [UInt8])? {
    guard let decimal = Decimal(value) else { return nil }
    var digits = Array(String(decimal.mantissa.magnitude).utf8)
    var exponent = decimal.exponent
    // All digits before the point, then those behind it.
    if exponent > 0 {
      digits += [UInt8](repeating: 48, count: exponent)
      exponent = 0
    }
    if digits.count <= -exponent {
      digits = [UInt8](repeating: 48, count: -exponent - digits.count + 1) + digits
    }
    var whole = Array(digits[..<(digits.count + exponent)])
    var fraction = Array(digits[(digits.count + exponent)...])
    if fraction.count > fractionDigits {
      let roundsUp = fraction[fractionDigits] >= 53
      fraction.removeSubrange(fractionDigits...)
      if roundsUp {
        var all = whole + fraction
        var place = all.count - 1
        while place >= 0, all[place] == 57 {
          all[place] = 48
          place -= 1
        }
        if place >= 0 { all[place] += 1 } else { all.insert(49, at: 0) }
        whole = Array(all[..<(all.count - fractionDigits)])
        fraction = Array(all[(all.count - fractionDigits)...])
      }
    }
    fraction += [UInt8](repeating: 48, count: fractionDigits - fraction.count)
    let isZero = whole.allSatisfy { $0 == 48 } && fraction.allSatisfy { $0 == 48 }
    return (value < 0 && !isZero, whole, fraction)
  }
}
