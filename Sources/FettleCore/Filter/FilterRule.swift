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
  public func holds(_ test: (Test) -> Bool) -> Bool {
    switch self {
    case .all(let parts): parts.allSatisfy { $0.holds(test) }
    case .any(let parts): parts.contains { $0.holds(test) }
    case .not(let part): !part.holds(test)
    case .test(let one): test(one)
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
  func test(_ value: FilterValue, now: Instant, utcOffset: Int) -> Test?

  /// What words without a key mean.
  static func words(_ text: String) -> Test

  /// What the values of the key look like.
  var form: String { get }

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
    return test(value, now: Instant(milliseconds: 0), utcOffset: 0) == nil ? form : nil
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
      let tests = values.compactMap { key.test($0, now: now, utcOffset: utcOffset) }
      return tests.count == 1 ? .test(tests[0]) : .any(tests.map(FilterRule.test))
    }
  }

  /// What it means at an instant, as rules of which all have to hold.
  public func rules(now: Instant, utcOffset: Int = 0) -> [FilterRule<Key.Test>] {
    if case .all(let parts) = self { return parts.map { $0.rule(now: now, utcOffset: utcOffset) } }
    return [rule(now: now, utcOffset: utcOffset)]
  }
}
