/// A filter as it is typed: the same language in the list of the terminal, in `fettle list --filter`
/// and wherever else records are chosen.
///
/// Space is AND, a comma is OR between values, a leading `-` is NOT, `or` and round brackets group:
/// `status:open error:Data,Config -scenario:"Leads nightly" age:<2h bundle.order.total:>100`.
/// It says what was typed; `RecordRule` says what it means at an instant.
public indirect enum FilterExpression: Hashable, Sendable {
  /// All of them; none of them means everything.
  case all([FilterExpression])
  /// At least one of them.
  case any([FilterExpression])
  /// Not that.
  case not(FilterExpression)
  /// `key:value,value`
  case condition(FilterKey, [FilterValue])
  /// Words to look for, as they are.
  case words(String, isQuoted: Bool)
}

/// What a condition is about.
public enum FilterKey: Hashable, Sendable {
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

extension FilterExpression {
  /// The filter that lets everything through.
  public static let everything = FilterExpression.all([])

  /// Whether nothing was typed.
  public var isEmpty: Bool { self == .everything }
}

extension FilterExpression: CustomStringConvertible {
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
