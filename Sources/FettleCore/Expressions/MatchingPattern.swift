import CPCRE2

/// A regular expression of a scenario, for modules: ECMAScript syntax, with a bound on its work.
public struct MatchingPattern: Sendable {
  private let expression: RegularExpression
  /// The names of the groups that have one, by number from 1.
  public let groupNames: [Int: String]

  /// Why a pattern or a search fails, in one sentence.
  public struct Problem: Error, Hashable, Sendable, CustomStringConvertible {
    /// The sentence.
    public let description: String
  }

  /// What a pattern found.
  public struct Match: Sendable, Hashable {
    /// The whole match.
    public let text: String
    /// The groups in order; nil for one that took no part.
    public let groups: [String?]
  }

  /// A pattern, as the text parser modules set it up.
  public init(
    _ pattern: String, ignoresCase: Bool = false, isMultiline: Bool = false,
    dotMatchesAll: Bool = false
  ) throws(Problem) {
    do throws(Failure) {
      expression = try RegularExpression.compiled(
        pattern,
        RegularExpression.Flags(
          ignoresCase: ignoresCase, isMultiline: isMultiline, dotMatchesAll: dotMatchesAll))
      groupNames = expression.groupNames
    } catch { throw Problem(description: error.detail.message) }
  }

  /// The matches in a text, from left to right.
  /// - Parameter limit: how many are wanted.
  public func matches(in text: String, limit: Int = .max) throws(Problem) -> [Match] {
    var found: [Match] = []
    do throws(Failure) {
      try text.withBytes { (bytes) throws(Failure) in
        try expression.matches(in: bytes) { ranges in
          let texts = ranges.map { range in
            range.map { String(decoding: bytes[$0], as: UTF8.self) }
          }
          found.append(
            Match(text: texts.first.flatMap { $0 } ?? "", groups: Array(texts.dropFirst())))
          return found.count < limit
        }
      }
    } catch { throw Problem(description: error.detail.message) }
    return found
  }

  /// The text with the first match, or all of them, replaced; `$1` and the like stand for groups.
  public func replacing(
    in text: String, with replacement: String, all: Bool
  ) throws(Problem) -> String {
    do throws(Failure) {
      return try expression.replacing(in: text, with: replacement, all: all)
    } catch { throw Problem(description: error.detail.message) }
  }
}

extension RegularExpression {
  /// The names of groups, by number.
  var groupNames: [Int: String] {
    var count: UInt32 = 0
    var size: UInt32 = 0
    var table: UnsafePointer<UInt8>?
    information(PCRE2_INFO_NAMECOUNT, &count)
    information(PCRE2_INFO_NAMEENTRYSIZE, &size)
    information(PCRE2_INFO_NAMETABLE, &table)
    guard let table, size > 2 else { return [:] }
    var names: [Int: String] = [:]
    for entry in 0..<Int(count) {
      // Two bytes of the number, the highest first, then the name and a zero.
      let row = UnsafeBufferPointer(start: table + entry * Int(size), count: Int(size))
      let number = Int(row[0]) << 8 | Int(row[1])
      names[number] = String(decoding: row.dropFirst(2).prefix { $0 != 0 }, as: UTF8.self)
    }
    return names
  }
}
