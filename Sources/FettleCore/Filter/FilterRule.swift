/// What a filter means at an instant, where it is about one kind of test: the form that stores and the
/// evaluator in memory work from.
public indirect enum FilterRule<Test: Hashable & Sendable>: Hashable, Sendable {
  /// All of them.
  case all([FilterRule])
  /// At least one of them.
  case any([FilterRule])
  /// Not that.
  case not(FilterRule)
  /// One test.
  case test(Test)

  /// Whether it holds, where somebody says which tests do.
  public func holds(_ test: (Test) throws -> Bool) rethrows -> Bool {
    switch self {
    case .all(let parts): try parts.allSatisfy { try $0.holds(test) }
    case .any(let parts): try parts.contains { try $0.holds(test) }
    case .not(let part): try !part.holds(test)
    case .test(let one): try test(one)
    }
  }

  /// Whether every test in it is of a kind.
  public func isOnly(_ kind: (Test) -> Bool) -> Bool {
    switch self {
    case .all(let parts), .any(let parts): !parts.isEmpty && parts.allSatisfy { $0.isOnly(kind) }
    case .not(let part): part.isOnly(kind)
    case .test(let test): kind(test)
    }
  }

  /// Whether any test in it is of a kind.
  public func has(_ kind: (Test) -> Bool) -> Bool {
    switch self {
    case .all(let parts), .any(let parts): parts.contains { $0.has(kind) }
    case .not(let part): part.has(kind)
    case .test(let test): kind(test)
    }
  }

  /// The tests, where all of them are of one kind and it is enough that one holds; nil otherwise.
  public func alternatives<Kind>(_ kind: (Test) -> Kind?) -> [Kind]? {
    switch self {
    case .test(let test): return kind(test).map { [$0] }
    case .any(let parts) where !parts.isEmpty:
      var found: [Kind] = []
      for part in parts {
        guard let inner = part.alternatives(kind) else { return nil }
        found += inner
      }
      return found
    default: return nil
    }
  }
}

/// Keys whose conditions are tests.
public protocol TestedKeys: FilterKeys {
  /// What is tested.
  associatedtype Test: Hashable & Sendable

  /// What one value means; nil when it does not fit the key.
  /// - Parameter utcOffset: the zone of its dates, in seconds east of UTC.
  func rule(_ value: FilterValue, now: Instant, utcOffset: Int) -> FilterRule<Test>?

  /// What words without a key mean.
  static func words(_ text: String) -> Test

  /// What the values of the key look like, for somebody who typed another one.
  func form(not value: FilterValue) -> String

  /// Whether a regular expression can be a value.
  var takesPatterns: Bool { get }
}

extension TestedKeys {
  /// Why a value does not fit the key; nil when it does.
  public func problem(with value: FilterValue) -> String? {
    if case .pattern(let pattern, _) = value {
      return takesPatterns
        ? TextPattern.problem(with: pattern) : "\(name): takes no regular expression"
    }
    if case .compared = value, !hasRanges { return "\(name): takes no comparison" }
    return rule(value, now: Instant(milliseconds: 0), utcOffset: 0) == nil ? form(not: value) : nil
  }
}

extension FilterTree where Key: TestedKeys {
  /// What it means at an instant.
  /// - Parameter utcOffset: the zone of its dates, in seconds east of UTC.
  public func rule(now: Instant, utcOffset: Int = 0) -> FilterRule<Key.Test> {
    switch self {
    case .all(let parts): return .all(parts.map { $0.rule(now: now, utcOffset: utcOffset) })
    case .any(let parts): return .any(parts.map { $0.rule(now: now, utcOffset: utcOffset) })
    case .not(let part): return .not(part.rule(now: now, utcOffset: utcOffset))
    case .words(let text, _): return .test(Key.words(text))
    case .condition(let key, let values):
      let rules = values.compactMap { key.rule($0, now: now, utcOffset: utcOffset) }
      return rules.count == 1 ? rules[0] : .any(rules)
    }
  }

  /// What it means at an instant, as rules of which all have to hold.
  public func rules(now: Instant, utcOffset: Int = 0) -> [FilterRule<Key.Test>] {
    if case .all(let parts) = self { return parts.map { $0.rule(now: now, utcOffset: utcOffset) } }
    return [rule(now: now, utcOffset: utcOffset)]
  }
}
