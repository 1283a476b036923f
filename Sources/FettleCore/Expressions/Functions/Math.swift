#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Mathematical functions (section 10.3). A result that is infinite or not a number is null (16.8).
extension Function {
  static let math: [Function] = [
    aggregate("sum") { numbers in numbers.reduce(0, DecimalMath.sum) },
    aggregate("average") { numbers in
      numbers.isEmpty
        ? nil : DecimalMath.quotient(numbers.reduce(0, DecimalMath.sum), Double(numbers.count))
    },
    aggregate("min") { $0.min() },
    aggregate("max") { $0.max() },
    aggregate("median") { numbers in
      guard !numbers.isEmpty else { return nil }
      let sorted = numbers.sorted()
      let middle = sorted.count / 2
      if sorted.count % 2 == 1 { return sorted[middle] }
      return DecimalMath.quotient(DecimalMath.sum(sorted[middle - 1], sorted[middle]), 2)
    },
    aggregate("stdevP") { deviation($0, dividingBy: $0.count) },
    aggregate("stdevS") { deviation($0, dividingBy: $0.count - 1) },
    numeric("ceil") { $0.rounded(.up) },
    numeric("floor") { $0.rounded(.down) },
    numeric("round") { DecimalMath.rounded($0) },
    numeric("abs") { $0.magnitude },
    numeric("sqrt") { $0.squareRoot() },
    numeric("ln") { $0 > 0 ? log($0) : .nan },
    // Of the two documented examples for a negative number of digits the second holds (16.10):
    // trunc(123.456; -2) is 100.
    Function("trunc", 1...2) { (arguments, _) throws(Failure) in
      let number = try arguments.number(0)
      let digits = arguments.isGiven(1) ? try arguments.integer(1) : 0
      return .finite(truncated(number, digits: digits))
    },
    Function("log", 2...2) { (arguments, _) throws(Failure) in
      let base = try arguments.number(0)
      let number = try arguments.number(1)
      guard base > 0, number > 0 else { return .null }
      if base == 10 { return .finite(log10(number)) }
      if base == 2 { return .finite(log2(number)) }
      return .finite(log(number) / log(base))
    },
    Function("power", 2...2) { (arguments, _) throws(Failure) in
      .finite(pow(try arguments.number(0), try arguments.number(1)))
    },
    folding("div", DecimalMath.quotient),
    folding("sub") { DecimalMath.sum($0, -$1) },
    folding("prod", DecimalMath.product),
    Function("number", 1...1) { (arguments, _) throws(Failure) in
      let value = arguments[0]
      if let number = Coercion.number(value) { return .number(number) }
      return .finite(try arguments.number(0))
    },
    Function("parseNumber", 1...2) { (arguments, _) throws(Failure) in
      if case .number = arguments[0] { return arguments[0] }
      let separator = arguments.isGiven(1) ? try arguments.text(1) : "."
      let isComma = separator == ","
      var spelling = ""
      for scalar in try arguments.text(0).unicodeScalars where !scalar.isBlank {
        switch scalar {
        case ",": if isComma { spelling += "." }
        case ".": if !isComma { spelling += "." }
        default: spelling.unicodeScalars.append(scalar)
        }
      }
      guard let number = Number(spelled: spelling) else {
        throw Failure("\(arguments[0].shown) is not a number.", value: arguments[0])
      }
      return .number(number)
    },
    Function("formatNumber", 1...4) { (arguments, _) throws(Failure) in
      let number = try arguments.number(0)
      let digits = arguments.isGiven(1) ? try arguments.integer(1) : 2
      guard (0...100).contains(digits) else {
        throw Failure("The number of decimals has to be from 0 to 100.", value: arguments[1])
      }
      let point = arguments.isGiven(2) ? try arguments.text(2) : ","
      let group = arguments.isGiven(3) ? try arguments.text(3) : "."
      guard let parts = DecimalMath.fixed(number, fractionDigits: digits) else { return .null }
      var output = parts.isNegative ? "-" : ""
      for (place, digit) in parts.whole.enumerated() {
        if place > 0, (parts.whole.count - place) % 3 == 0 { output += group }
        output.unicodeScalars.append(Unicode.Scalar(digit))
      }
      if digits > 0 { output += point + String(decoding: parts.fraction, as: UTF8.self) }
      return .text(output)
    },
    Function("sortAscNum", 1...any) { (arguments, _) throws(Failure) in
      .array(try sortedNumbers(arguments).map { .finite($0) })
    },
    Function("sortDescNum", 1...any) { (arguments, _) throws(Failure) in
      .array(try sortedNumbers(arguments).reversed().map { .finite($0) })
    },
  ]

  private static func numeric(
    _ name: String, _ body: @escaping @Sendable (Double) -> Double
  ) -> Function {
    Function(name, 1...1) { (arguments, _) throws(Failure) in .finite(body(try arguments.number(0)))
    }
  }

  /// A function from left to right over its arguments.
  private static func folding(
    _ name: String, _ body: @escaping @Sendable (Double, Double) -> Double
  ) -> Function {
    Function(name, 2...any) { (arguments, _) throws(Failure) in
      var result = try arguments.number(0)
      for position in 1..<arguments.count { result = body(result, try arguments.number(position)) }
      return .finite(result)
    }
  }

  /// A function of one array or a list of values; entries that are no numbers are skipped (7.2).
  private static func aggregate(
    _ name: String, _ body: @escaping @Sendable ([Double]) -> Double?
  ) -> Function {
    Function(name, 1...any, takesArray: true) { arguments, _ in
      let numbers = arguments.flattened.compactMap { value -> Double? in
        guard let number = Coercion.number(value)?.double, number.isFinite else { return nil }
        return number
      }
      return body(numbers).map { .finite($0) } ?? .null
    }
  }

  private static func deviation(_ numbers: [Double], dividingBy count: Int) -> Double? {
    guard count > 0 else { return nil }
    let mean = numbers.reduce(0, +) / Double(numbers.count)
    return (numbers.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(count)).squareRoot()
  }

  /// A number cut to a number of decimals, or, when negative, to tens, hundreds, ….
  private static func truncated(_ number: Double, digits: Int) -> Double {
    guard digits != 0 else { return number.rounded(.towardZero) }
    guard digits < 25 else { return number }
    if digits < 0 {
      guard digits > -309 else { return 0 }
      let step = pow(10, Double(-digits))
      return (number / step).rounded(.towardZero) * step
    }
    guard let parts = DecimalMath.fixed(number, fractionDigits: 330) else { return number }
    let text =
      String(decoding: parts.whole, as: UTF8.self) + "."
      + String(decoding: parts.fraction.prefix(digits), as: UTF8.self)
    return (Double(text) ?? number) * (parts.isNegative ? -1 : 1)
  }

  private static func sortedNumbers(_ arguments: Arguments) throws(Failure) -> [Double] {
    let flat = Arguments(values: arguments.flattened)
    var numbers: [Double] = []
    for position in 0..<flat.count { numbers.append(try flat.number(position)) }
    return numbers.sorted()
  }
}
