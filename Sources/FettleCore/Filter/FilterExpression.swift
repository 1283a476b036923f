/// A filter of records as it is typed.
public typealias FilterExpression = FilterTree<FilterKey>

/// A filter as it is typed: the same language in the lists of the terminal, in `fettle list --filter`
/// and wherever else something is chosen; only the keys depend on what it is.
///
/// Space is AND, a comma is OR between values, a leading `-` is NOT, `or` and round brackets group:
/// `status:open error:Data,Config -scenario:"Leads nightly" age:<2h bundle.order.total:>100`.
/// It says what was typed; a rule says what it means at an instant.
public indirect enum FilterTree<Key: FilterKeys>: Hashable, Sendable {
  /// All of them; none of them means everything.
  case all([FilterTree])
  /// At least one of them.
  case any([FilterTree])
  /// Not that.
  case not(FilterTree)
  /// `key:value,value`
  case condition(Key, [FilterValue])
  /// Words to look for, as they are.
  case words(String, isQuoted: Bool)
}

/// What the conditions of a filter can be about, with the names they are typed by.
public protocol FilterKeys: Hashable, Sendable {
  /// The keys with a fixed name, in the order a completion offers them.
  static var named: [(name: String, key: Self)] { get }

  /// Other names of keys, which are understood and not offered.
  static var synonyms: [String: Self] { get }

  /// What else can stand before a colon, as a message names it.
  static var others: [String] { get }

  /// A key that has no fixed name; nil where there is none such.
  /// - Throws: why a word that could be one is none.
  static func other(_ word: String) throws(FilterKeyProblem) -> Self?

  /// The key as it is typed.
  var name: String { get }

  /// Whether two dots between values mean a range.
  var hasRanges: Bool { get }

  /// Why a value does not fit the key; nil when it does.
  func problem(with value: FilterValue) -> String?
}

extension FilterKeys {
  /// Other names of keys: none.
  public static var synonyms: [String: Self] { [:] }

  /// What else can stand before a colon: nothing.
  public static var others: [String] { [] }

  /// A key that has no fixed name: none.
  public static func other(_ word: String) throws(FilterKeyProblem) -> Self? { nil }

  /// The key as it is typed.
  public var name: String { Self.named.first { $0.key == self }?.name ?? "" }
}

/// Why a word is no key.
public struct FilterKeyProblem: Error, Hashable, Sendable {
  /// One sentence.
  public let description: String
}

/// What a condition on records is about.
public enum FilterKey: FilterKeys {
  case status, error, scenario, module, auto, attempts, age, created, next, size, run, id, text
  case group
  /// A place in the bundles of a record.
  case bundle(BundlePattern)

  /// The keys with a fixed name, in the order a completion offers them.
  public static let named: [(name: String, key: FilterKey)] = [
    ("status", .status), ("error", .error), ("scenario", .scenario), ("module", .module),
    ("auto", .auto), ("try", .attempts), ("age", .age), ("created", .created), ("next", .next),
    ("size", .size), ("run", .run), ("id", .id), ("text", .text), ("group", .group),
  ]

  /// Other names of keys, which are understood and not offered.
  public static let synonyms: [String: FilterKey] = ["state": .status, "attempts": .attempts]

  /// What else can stand before a colon.
  public static let others = ["bundle.PATH"]

  /// A place in the bundles.
  public static func other(_ word: String) throws(FilterKeyProblem) -> FilterKey? {
    guard word.lowercased().hasPrefix("bundle.") else { return nil }
    guard let pattern = BundlePattern(word.dropFirst("bundle.".count)) else {
      throw FilterKeyProblem(
        description: "a path in the bundles looks like bundle.order.total or bundle.*.email")
    }
    return .bundle(pattern)
  }

  /// The key as it is typed.
  public var name: String {
    if case .bundle(let pattern) = self { return "bundle." + pattern.description }
    return Self.named.first { $0.key == self }?.name ?? ""
  }
}

/// One value of a condition, as it is typed.
public enum FilterValue: Hashable, Sendable {
  /// A text; `*` and `?` stand for any characters unless it is quoted.
  case text(String, isQuoted: Bool)
  /// `/pattern/`, or `/pattern/i`.
  case pattern(String, ignoresCase: Bool)
  /// `>5`, `<=2h`
  case compared(Comparison, String)
  /// `2..5`, both ends included
  case range(String, String)

  /// How a value is compared.
  public enum Comparison: String, CaseIterable, Hashable, Sendable {
    case atLeast = ">="
    case atMost = "<="
    case greater = ">"
    case less = "<"
  }
}

extension FilterTree {
  /// The filter that lets everything through.
  public static var everything: FilterTree { .all([]) }

  /// Whether nothing was typed.
  public var isEmpty: Bool { self == .everything }
}

extension FilterTree: CustomStringConvertible {
  /// The filter as it is typed. Reading it gives the same filter again.
  public var description: String { written(inside: false) }

  private func written(inside: Bool) -> String {
    switch self {
    case .all(let parts):
      let text = parts.map { part in
        if case .any(let choices) = part, choices.count > 1 { return "(\(part.description))" }
        if case .all(let inner) = part, inner.count != 1 { return "(\(part.description))" }
        return part.written(inside: true)
      }.joined(separator: " ")
      return text
    case .any(let parts):
      return parts.map { part in
        if case .any(let inner) = part, inner.count != 1 { return "(\(part.description))" }
        if case .all(let inner) = part, inner.isEmpty { return "()" }
        return part.written(inside: true)
      }.joined(separator: " or ")
    case .not(let part):
      switch part {
      case .condition, .words, .not: return "-" + part.written(inside: true)
      case .all, .any: return "-(\(part.description))"
      }
    case .condition(let key, let values):
      return key.name + ":" + values.map(\.description).joined(separator: ",")
    case .words(let text, let isQuoted):
      return isQuoted || !text.isPlainWord ? text.quoted : text
    }
  }
}

extension FilterValue: CustomStringConvertible {
  /// The value as it is typed.
  public var description: String {
    switch self {
    case .text(let text, let isQuoted): isQuoted || !text.isPlainValue ? text.quoted : text
    case .pattern(let pattern, let ignoresCase):
      "/" + pattern.escaped("/") + (ignoresCase ? "/i" : "/")
    case .compared(let comparison, let text): comparison.rawValue + text
    case .range(let low, let high): low + ".." + high
    }
  }
}

extension String {
  /// In double quotes, with a backslash before quotes and backslashes.
  fileprivate var quoted: String {
    "\"" + escaped("\"\\") + "\""
  }

  /// With a backslash before some of its characters.
  fileprivate func escaped(_ special: String) -> String {
    reduce(into: "") { text, character in
      if special.contains(character) { text.append("\\") }
      text.append(character)
    }
  }

  /// Whether it is read as one word when it stands alone.
  fileprivate var isPlainWord: Bool {
    isPlainText && !contains(":") && lowercased() != "or" && !hasPrefix("-") && !hasPrefix("/")
  }

  /// Whether it is read as one plain text behind a colon.
  fileprivate var isPlainValue: Bool {
    isPlainText && !contains(",") && !contains("..") && !hasPrefix("/") && !hasPrefix(">")
      && !hasPrefix("<")
  }

  private var isPlainText: Bool {
    !isEmpty && !contains { $0.isWhitespace || $0 == "(" || $0 == ")" || $0 == "\"" }
  }
}
