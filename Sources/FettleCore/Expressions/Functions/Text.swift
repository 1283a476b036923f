@_spi(_Unicode) import Swift

/// Text functions (section 10.2). Positions and lengths count UTF-16 units, as in the host of the
/// language; a cut through a character outside the basic plane leaves U+FFFD.
extension Function {
  static let texts: [Function] = [
    Function("length", 1...1, takesArray: true) { (arguments, _) throws(Failure) in
      switch arguments[0] {
      case .null: return 0
      case .array(let elements): return .integer(elements.count)
      case .buffer(let buffer): return .integer(buffer.bytes.count)
      case .collection: throw Failure("A collection has no length.", value: arguments[0])
      default: return .integer(try arguments.text(0).utf16.count)
      }
    },
    Function("lower", 1...1) { (arguments, _) throws(Failure) in
      .text(try arguments.text(0).inLowerCase)
    },
    Function("upper", 1...1) { (arguments, _) throws(Failure) in
      .text(try arguments.text(0).uppercased())
    },
    Function("capitalize", 1...1) { (arguments, _) throws(Failure) in
      let text = try arguments.text(0)
      return .text(text.prefix(1).uppercased() + text.dropFirst())
    },
    Function("startcase", 1...1) { (arguments, _) throws(Failure) in
      .text(
        try arguments.text(0).mappingWords {
          $0.prefix(1).uppercased() + String($0.dropFirst()).inLowerCase
        })
    },
    Function("pascal", 1...1) { (arguments, _) throws(Failure) in
      .text(
        try arguments.text(0).mappingWords(keepsBlanks: false) {
          $0.prefix(1).uppercased() + $0.dropFirst()
        })
    },
    Function("ascii", 1...2) { (arguments, _) throws(Failure) in
      var text = try arguments.text(0)
      if Coercion.truth(arguments[1]) { text = text.withoutDiacritics }
      return .text(String(decoding: text.utf8.filter { $0 < 0x80 }, as: UTF8.self))
    },
    Function("removeAccents", 1...1) { (arguments, _) throws(Failure) in
      .text(try arguments.text(0).withoutDiacritics)
    },
    Function(
      "replace", 2...3,
      .prepared { constants in
        let known = constants[1]?.text.flatMap(preparedExpression)
        return { (arguments, _) throws(Failure) in
          let text = try arguments.text(0)
          // A missing replacement leaves the text alone; an empty text as replacement deletes.
          guard arguments.isGiven(2) else { return .text(text) }
          let replacement = try arguments.text(2)
          let search = try arguments.text(1)
          guard let (pattern, flags) = RegularExpression.delimited(search) else {
            return .text(try text.replacing(search, with: replacement))
          }
          let expression: RegularExpression
          if let known {
            expression = known
          } else {
            expression = try RegularExpression.compiled(pattern, flags)
          }
          // Make knows groups by number only and refuses a pattern that names one (10.2.1).
          guard !expression.hasNamedGroups else {
            throw Failure(
              "a search of replace has no named groups; write (…) and refer to it as $1.",
              value: arguments[1])
          }
          return .text(try expression.replacing(in: text, with: replacement, all: flags.isGlobal))
        }
      }),
    Function("replacePattern", 3...3) { (arguments, _) throws(Failure) in
      let expression = try RegularExpression.compiled(try arguments.text(1), .init())
      return .text(
        try expression.replacing(
          in: try arguments.text(0), with: try arguments.text(2), all: true))
    },
    Function("replaceEmojiCharacters", 2...2) { (arguments, _) throws(Failure) in
      let replacement = try arguments.text(1)
      var output = ""
      for character in try arguments.text(0) {
        if character.isEmoji { output += replacement } else { output.append(character) }
        try Budget.check(bytes: output.utf8.count)
      }
      return .text(output)
    },
    Function("trim", 1...1) { (arguments, _) throws(Failure) in
      .text(try arguments.text(0).trimmingWhitespace())
    },
    Function("substring", 2...3) { (arguments, _) throws(Failure) in
      let text = try arguments.text(0)
      let length = text.utf16.count
      let start = Swift.min(Swift.max(try arguments.integer(1), 0), length)
      let end =
        arguments.isGiven(2) ? Swift.min(Swift.max(try arguments.integer(2), 0), length) : length
      return .text(text.slice(units: Swift.min(start, end)..<Swift.max(start, end)))
    },
    Function("left", 2...2) { (arguments, _) throws(Failure) in
      let text = try arguments.text(0)
      return .text(
        text.slice(units: 0..<Swift.min(Swift.max(try arguments.integer(1), 0), text.utf16.count)))
    },
    Function("right", 2...2) { (arguments, _) throws(Failure) in
      let text = try arguments.text(0)
      let length = text.utf16.count
      let count = Swift.min(Swift.max(try arguments.integer(1), 0), length)
      return .text(text.slice(units: (length - count)..<length))
    },
    Function("indexOf", 2...3) { (arguments, _) throws(Failure) in
      if case .array(let elements) = arguments[0] {
        let index = elements.firstIndex { Operators.areEqual($0, arguments[1]) }
        return .integer(index ?? -1)
      }
      let text = try arguments.text(0)
      let sought = try arguments.text(1)
      let length = text.utf16.count
      let start = arguments.isGiven(2) ? try arguments.integer(2) : 0
      let from = text.utf16.index(
        text.startIndex, offsetBy: Swift.min(Swift.max(start, 0), length))
      guard
        let found = text.firstOffset(
          ofBytes: sought,
          from: text.utf8.distance(
            from: text.startIndex, to: from))
      else { return -1 }
      let index = text.utf8.index(text.startIndex, offsetBy: found)
      return .integer(text.utf16.distance(from: text.startIndex, to: index))
    },
    // The array form is the one of section 10.4.
    Function("contains", 2...3, takesArray: true) { (arguments, _) throws(Failure) in
      let ignoresCase = Coercion.truth(arguments[2])
      if case .array(let elements) = arguments[0] {
        guard ignoresCase else {
          return .boolean(elements.contains { Operators.areEqual($0, arguments[1]) })
        }
        let sought = try arguments.text(1).lowercased()
        for element in elements where try element.rendered().lowercased() == sought { return true }
        return false
      }
      var text = try arguments.text(0)
      var sought = try arguments.text(1)
      if ignoresCase {
        text = text.lowercased()
        sought = sought.lowercased()
      }
      return .boolean(text.firstOffset(ofBytes: sought, from: 0) != nil)
    },
    // Elements are trimmed and empty ones dropped unless `keepEmpty` is true (16.5).
    Function("split", 1...3) { (arguments, _) throws(Failure) in
      let text = try arguments.text(0)
      let separator = arguments.isGiven(1) ? try arguments.text(1) : ","
      let keepsEmpty = Coercion.truth(arguments[2])
      var elements: [Value] = []
      for piece in text.pieces(separatedBy: separator) {
        let element = keepsEmpty ? piece : piece.trimmingWhitespace()
        if keepsEmpty || !element.isEmpty { elements.append(.text(element)) }
      }
      try Budget.check(elements: elements.count)
      return .array(elements)
    },
    Function("concat", 1...any) { (arguments, _) throws(Failure) in
      let separator = try arguments.text(0)
      var output = ""
      for position in 1..<Swift.max(arguments.count, 1) {
        if position > 1 { output += separator }
        output += try arguments.text(position)
        try Budget.check(bytes: output.utf8.count)
      }
      return .text(output)
    },
    Function("sortAscString", 1...any) { (arguments, _) throws(Failure) in
      .array(try sortedTexts(arguments).map(Value.text))
    },
    Function("sortDescString", 1...any) { (arguments, _) throws(Failure) in
      .array(try sortedTexts(arguments).reversed().map(Value.text))
    },
  ]

  /// The expression of a constant search text, compiled with the template. A mistake in it is
  /// reported when it is used.
  private static func preparedExpression(_ search: String) -> RegularExpression? {
    guard let (pattern, flags) = RegularExpression.delimited(search) else { return nil }
    return try? RegularExpression.compiled(pattern, flags)
  }

  private static func sortedTexts(_ arguments: Arguments) throws(Failure) -> [String] {
    var texts: [String] = []
    for value in arguments.flattened { texts.append(try value.rendered()) }
    return texts.sorted { $0.codeUnitOrder(to: $1) < 0 }
  }
}

extension Arguments {
  /// The arguments with the elements of those that are arrays.
  var flattened: [Value] {
    if values.count == 1, case .array(let elements) = values[0] { return elements }
    return values.flatMap { value in
      if case .array(let elements) = value { elements } else { [value] }
    }
  }
}

extension String {
  /// The text in lower case. The standard library maps each letter by itself; a sigma that ends a
  /// word has a form of its own (Unicode, Final_Sigma).
  fileprivate var inLowerCase: String {
    guard unicodeScalars.contains("Σ") else { return lowercased() }
    let scalars = Array(unicodeScalars)
    func isCased(_ places: some Sequence<Int>) -> Bool {
      places.first { !scalars[$0].properties.isCaseIgnorable }
        .map { scalars[$0].properties.isCased } ?? false
    }
    var output = ""
    for (place, scalar) in scalars.enumerated() {
      let endsWord =
        scalar == "Σ" && isCased((0..<place).reversed()) && !isCased((place + 1)..<scalars.count)
      output += endsWord ? "ς" : scalar.properties.lowercaseMapping
    }
    return output
  }
}

extension Character {
  /// Whether the character is shown as an emoji: by nature, by its variation selector, or as a
  /// keycap.
  var isEmoji: Bool {
    guard let first = unicodeScalars.first, first.value > 0x7F || unicodeScalars.count > 1 else {
      return false
    }
    if first.properties.isEmojiPresentation { return true }
    return first.properties.isEmoji
      && unicodeScalars.contains { $0.value == 0xFE0F || $0.value == 0x20E3 }
  }
}

extension Unicode.Scalar {
  /// White space as ECMAScript counts it, for `trim` and for words.
  var isBlank: Bool { properties.isWhitespace && value != 0x85 || value == 0xFEFF }
}

extension String {
  func trimmingWhitespace() -> String {
    guard let first = unicodeScalars.first, let last = unicodeScalars.last,
      first.isBlank || last.isBlank
    else { return self }
    var scalars = Substring(self).unicodeScalars.drop(while: \.isBlank)
    while let last = scalars.last, last.isBlank { scalars.removeLast() }
    return String(scalars)
  }

  /// Every run without blanks changed, blanks kept or dropped.
  func mappingWords(keepsBlanks: Bool = true, _ change: (Substring) -> String) -> String {
    var output = ""
    var rest = Substring(self)
    while !rest.isEmpty {
      let blanks = rest.prefix { $0.unicodeScalars.allSatisfy(\.isBlank) }
      if keepsBlanks { output += blanks }
      rest = rest[blanks.endIndex...]
      let word = rest.prefix { !$0.unicodeScalars.allSatisfy(\.isBlank) }
      if !word.isEmpty { output += change(word) }
      rest = rest[word.endIndex...]
    }
    return output
  }

  /// The text without the marks its letters decompose into.
  var withoutDiacritics: String {
    if utf8.allSatisfy({ $0 < 0x80 }) { return self }
    var scalars = String.UnicodeScalarView()
    for scalar in _nfd where scalar.properties.generalCategory != .nonspacingMark {
      scalars.append(scalar)
    }
    // What is left of a decomposed text in other scripts composes again.
    var composed = String.UnicodeScalarView()
    for scalar in String(scalars)._nfc { composed.append(scalar) }
    return String(composed)
  }

  /// The UTF-16 units of a range; half of a pair becomes U+FFFD.
  func slice(units range: Range<Int>) -> String {
    let start = utf16.index(startIndex, offsetBy: range.lowerBound)
    let end = utf16.index(start, offsetBy: range.count)
    if start.samePosition(in: unicodeScalars) != nil, end.samePosition(in: unicodeScalars) != nil {
      return String(self[start..<end])
    }
    return String(decoding: utf16[start..<end].map { $0 }, as: UTF16.self)
  }

  /// Where a text occurs, as an offset in bytes; an empty one occurs at once.
  func firstOffset(ofBytes sought: String, from start: Int) -> Int? {
    var (text, sought) = (self, sought)
    return text.withUTF8 { haystack in
      sought.withUTF8 { needle in haystack.firstOffset(of: needle, from: start) }
    }
  }

  /// Every occurrence of a text replaced; nothing in it is special. An empty search finds nothing.
  func replacing(_ search: String, with replacement: String) throws(Failure) -> String {
    guard !search.isEmpty else { return self }
    var search = search
    return try withBytes { (bytes) throws(Failure) in
      var offsets: [Int] = []
      search.withUTF8 { needle in
        var start = 0
        while let found = bytes.firstOffset(of: needle, from: start) {
          offsets.append(found)
          start = found + needle.count
        }
      }
      guard !offsets.isEmpty else { return self }
      let added = offsets.count * replacement.utf8.count
      try Budget.check(bytes: bytes.count - offsets.count * search.utf8.count + added)
      var output: [UInt8] = []
      output.reserveCapacity(bytes.count + added)
      let replacement = Array(replacement.utf8)
      var copied = 0
      for offset in offsets {
        output += bytes[copied..<offset]
        output += replacement
        copied = offset + search.utf8.count
      }
      output += bytes[copied...]
      return String(decoding: output, as: UTF8.self)
    }
  }

  /// The text cut at every separator; into its characters when the separator is empty.
  func pieces(separatedBy separator: String) -> [String] {
    if separator.isEmpty { return map(String.init) }
    var (text, separator) = (self, separator)
    return text.withUTF8 { bytes in
      separator.withUTF8 { needle in
        var pieces: [String] = []
        var start = 0
        while let found = bytes.firstOffset(of: needle, from: start) {
          pieces.append(String(decoding: bytes[start..<found], as: UTF8.self))
          start = found + needle.count
        }
        pieces.append(String(decoding: bytes[start...], as: UTF8.self))
        return pieces
      }
    }
  }
}

extension UnsafeBufferPointer<UInt8> {
  /// Where bytes occur, by the algorithm of Rabin and Karp: the time grows with the length of the
  /// text only, whatever is sought.
  func firstOffset(of needle: UnsafeBufferPointer<UInt8>, from start: Int) -> Int? {
    guard let first = needle.first else { return start <= count ? start : nil }
    guard needle.count <= count - start else { return nil }
    if needle.count == 1 {
      return self[start...].firstIndex(of: first)
    }
    var wanted: UInt64 = 0
    var rolling: UInt64 = 0
    var power: UInt64 = 1
    let base: UInt64 = 1_099_511_628_211
    for place in 0..<needle.count {
      wanted = wanted &* base &+ UInt64(needle[place])
      rolling = rolling &* base &+ UInt64(self[start + place])
      if place > 0 { power = power &* base }
    }
    var place = start
    while true {
      if rolling == wanted, self[place..<(place + needle.count)].elementsEqual(needle) {
        return place
      }
      guard place + needle.count < count else { return nil }
      rolling =
        (rolling &- UInt64(self[place]) &* power) &* base &+ UInt64(self[place + needle.count])
      place += 1
    }
  }
}
