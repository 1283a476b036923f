/// Why a text is no filter, and where.
public struct FilterError: Error, Hashable, Sendable, CustomStringConvertible {
  /// Which characters of the text it is about, counted from 0.
  public let range: Range<Int>
  /// One sentence: what is wrong and what could stand there.
  public let description: String
}

extension FilterTree {
  /// Reads a filter.
  /// - Throws: what was not understood, with its place.
  public init(_ text: String) throws(FilterError) {
    var parser = FilterParser<Key>(Array(text))
    self = try parser.whole()
  }
}

/// Reads the filter language, one character after the other.
struct FilterParser<Key: FilterKeys> {
  private let characters: [Character]
  private var position = 0
  private let deepest = 50

  init(_ characters: [Character]) { self.characters = characters }

  private var next: Character? {
    position < characters.count ? characters[position] : nil
  }

  private mutating func skipSpaces() {
    while next?.isWhitespace == true { position += 1 }
  }

  mutating func whole() throws(FilterError) -> FilterTree<Key> {
    let expression = try choices(depth: 0)
    skipSpaces()
    if position < characters.count {
      throw error(position..<(position + 1), "this ) closes nothing")
    }
    return expression
  }

  /// `a b or c`
  private mutating func choices(depth: Int) throws(FilterError) -> FilterTree<Key> {
    var parts: [FilterTree<Key>] = []
    while true {
      let start = position
      let part = try terms(depth: depth)
      skipSpaces()
      let isMore = takeOr()
      if isMore || !parts.isEmpty, part.isEmpty {
        throw error(start..<max(position, start + 1), "or needs something on both sides")
      }
      parts.append(part)
      guard isMore else { break }
    }
    return parts.count == 1 ? parts[0] : .any(parts)
  }

  private mutating func takeOr() -> Bool {
    guard isOr else { return false }
    position += 2
    return true
  }

  private var isOr: Bool {
    guard position + 1 < characters.count,
      String(characters[position...(position + 1)]).lowercased() == "or"
    else { return false }
    let after = position + 2
    return after == characters.count || characters[after].isWhitespace || characters[after] == "("
      || characters[after] == ")"
  }

  private mutating func terms(depth: Int) throws(FilterError) -> FilterTree<Key> {
    var parts: [FilterTree<Key>] = []
    while true {
      skipSpaces()
      guard let character = next, character != ")", !isOr else { break }
      parts.append(try term(depth: depth))
    }
    return parts.count == 1 ? parts[0] : .all(parts)
  }

  private mutating func term(depth: Int) throws(FilterError) -> FilterTree<Key> {
    let start = position
    guard depth < deepest else {
      throw error(start..<(start + 1), "the brackets go too deep")
    }
    if next == "-" {
      position += 1
      guard let after = next, !after.isWhitespace, after != ")" else {
        throw error(start..<(start + 1), "- stands before what it excludes, without a space")
      }
      return .not(try term(depth: depth + 1))
    }
    if next == "(" {
      position += 1
      let inner = try choices(depth: depth + 1)
      skipSpaces()
      guard next == ")" else { throw error(start..<(start + 1), "this ( is not closed") }
      position += 1
      return inner
    }
    if next == "\"" { return .words(try quoted(), isQuoted: true) }
    return try conditionOrWord()
  }

  private mutating func conditionOrWord() throws(FilterError) -> FilterTree<Key> {
    let start = position
    let word = plain(until: ":", quotesNames: true)
    guard next == ":" else {
      if next == "\"" {
        throw error(position..<(position + 1), "a quote begins a text; put a space before it")
      }
      // What begins like a key and is none finds nothing as a word either.
      do throws(FilterKeyProblem) { _ = try Key.other(word) } catch {
        throw self.error(start..<position, error.description)
      }
      return .words(word, isQuoted: false)
    }
    let key = try key(word, at: start..<position)
    position += 1
    var values: [FilterValue] = []
    repeat {
      if !values.isEmpty { position += 1 }
      let place = position
      let value = try value(of: key)
      if let problem = key.problem(with: value) {
        throw error(place..<max(position, place + 1), problem)
      }
      values.append(value)
    } while next == ","
    return .condition(key, values)
  }

  private func key(_ word: String, at range: Range<Int>) throws(FilterError) -> Key {
    let name = word.lowercased()
    if let known = Key.named.first(where: { $0.name == name }) { return known.key }
    if let known = Key.synonyms[name] { return known }
    do throws(FilterKeyProblem) {
      if let other = try Key.other(word) { return other }
    } catch { throw self.error(range, error.description) }
    let names = (Key.named.map(\.name) + Key.others).joined(separator: " ")
    throw error(
      range, "there is no key \"\(word)\"; there are \(names). Quote a text with : in it")
  }

  private mutating func value(of key: Key) throws(FilterError) -> FilterValue {
    let start = position
    switch next {
    case "\"": return .text(try quoted(), isQuoted: true)
    case "/": return try pattern()
    default: break
    }
    for comparison in FilterValue.Comparison.allCases {
      let sign = Array(comparison.rawValue)
      guard position + sign.count <= characters.count,
        Array(characters[position..<(position + sign.count)]) == sign
      else { continue }
      position += sign.count
      let text = plain(until: ",", quotesNames: false)
      guard !text.isEmpty else {
        throw error(start..<position, "a value is missing behind \(comparison.rawValue)")
      }
      return .compared(comparison, text)
    }
    let text = plain(until: ",", quotesNames: false)
    guard !text.isEmpty else {
      throw error(
        start..<min(start + 1, max(start, characters.count)),
        "a value is missing behind \(key.name):")
    }
    if key.hasRanges, let dots = text.ranges(of: "..").first {
      let (low, high) = (String(text[..<dots.lowerBound]), String(text[dots.upperBound...]))
      guard !low.isEmpty, !high.isEmpty else {
        throw error(start..<position, "a range has two ends, such as 2..5; or write >2")
      }
      return .range(low, high)
    }
    return .text(text, isQuoted: false)
  }

  /// Characters up to a space, a bracket that was not opened in them, or `stop`.
  private mutating func plain(until stop: Character, quotesNames: Bool) -> String {
    var text = ""
    var open = 0
    var isName = false
    while let character = next {
      if quotesNames, character == "`" { isName.toggle() }
      if !isName {
        if character.isWhitespace || character == stop || character == "\"" { break }
        if character == "(" { open += 1 }
        if character == ")" {
          if open == 0 { break }
          open -= 1
        }
      }
      text.append(character)
      position += 1
    }
    return text
  }

  private mutating func quoted() throws(FilterError) -> String {
    let start = position
    position += 1
    var text = ""
    while let character = next {
      position += 1
      if character == "\"" { return text }
      if character == "\\", let escaped = next {
        text.append(escaped)
        position += 1
      } else {
        text.append(character)
      }
    }
    throw error(start..<characters.count, "this quote is not closed")
  }

  private mutating func pattern() throws(FilterError) -> FilterValue {
    let start = position
    position += 1
    var text = ""
    while let character = next, character != "/" {
      position += 1
      if character == "\\", next == "/" {
        text.append("/")
        position += 1
      } else if character == "\\", let escaped = next {
        text += "\\\(escaped)"
        position += 1
      } else {
        text.append(character)
      }
    }
    guard next == "/" else { throw error(start..<characters.count, "this / is not closed") }
    position += 1
    var ignoresCase = false
    if next == "i" {
      ignoresCase = true
      position += 1
    }
    return .pattern(text, ignoresCase: ignoresCase)
  }

  private func error(_ range: Range<Int>, _ text: String) -> FilterError {
    FilterError(range: range, description: text)
  }
}
