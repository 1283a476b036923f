/// A double that is a decimal of at most 15 digits with few behind the point, as prices and
/// quantities are. Such a decimal is the shortest spelling of its double, so that neither text nor
/// wide integers are needed to calculate with it.
struct ShortDecimal {
  /// All digits as a whole number.
  let digits: Int64
  /// How many of them stand behind the point; never more than needed.
  let places: Int

  private static let powers: [Double] = [
    1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12,
  ]
  private static let wholePowers: [Int64] = [1, 10, 100, 1000, 10_000, 100_000, 1_000_000]
  private static let limit: Double = 1e15

  /// Nil when the double needs more digits.
  init?(_ value: Double) {
    guard value.magnitude < ShortDecimal.limit else { return nil }
    for places in 0...6 {
      let shifted = (value * ShortDecimal.powers[places]).rounded()
      guard shifted.magnitude < ShortDecimal.limit else { return nil }
      // A whole number below 2^53 divided by a power of ten is rounded only once, so that this
      // finds the decimal whose nearest double is the value.
      if shifted / ShortDecimal.powers[places] == value {
        digits = Int64(shifted)
        self.places = places
        return
      }
    }
    return nil
  }

  /// The sum; nil when it does not fit.
  func plus(_ other: ShortDecimal) -> Double? {
    let places = max(places, other.places)
    let (left, leftOverflows) = digits.multipliedReportingOverflow(
      by: ShortDecimal.wholePowers[places - self.places])
    let (right, rightOverflows) = other.digits.multipliedReportingOverflow(
      by: ShortDecimal.wholePowers[places - other.places])
    guard !leftOverflows, !rightOverflows else { return nil }
    let (sum, overflows) = left.addingReportingOverflow(right)
    return overflows ? nil : Self.double(sum, places)
  }

  /// The product; nil when it does not fit.
  func times(_ other: ShortDecimal) -> Double? {
    let (product, overflows) = digits.multipliedReportingOverflow(by: other.digits)
    return overflows ? nil : Self.double(product, places + other.places)
  }

  /// The spelling: digits, and a point where there are places.
  var text: String {
    var rest = digits.magnitude
    return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 24) { bytes in
      var place = 24
      var written = 0
      repeat {
        place -= 1
        bytes[place] = UInt8(ascii: "0") + UInt8(rest % 10)
        rest /= 10
        written += 1
        if written == places {
          place -= 1
          bytes[place] = UInt8(ascii: ".")
        }
      } while rest > 0 || written <= places
      if digits < 0 {
        place -= 1
        bytes[place] = UInt8(ascii: "-")
      }
      return String(decoding: UnsafeBufferPointer(rebasing: bytes[place...]), as: UTF8.self)
    }
  }

  private static func double(_ digits: Int64, _ places: Int) -> Double? {
    guard digits.magnitude < 1 << 53 else { return nil }
    return Double(digits) / powers[places]
  }
}
