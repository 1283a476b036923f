/// An operator of a filter: the type its operands are converted to, and what it asks
/// (semantics 6.5).
public struct FilterOperator: Hashable, Sendable {
  /// The type the operands are converted to.
  public enum Family: String, Sendable, CaseIterable {
    case basic, text, number, boolean, date, time, semver, array
  }

  /// What is asked.
  public enum Comparison: String, Sendable, CaseIterable {
    case exist, equal, less, lessorequal, greater, greaterorequal
    case contain, startwith, endwith, pattern
    /// Null or an empty text: `text:isempty`, seen in exports beside the official list.
    case isempty
  }

  /// The name as the official list has it.
  public let name: String
  /// The type of the operands.
  public let family: Family
  /// What is asked.
  public let comparison: Comparison
  /// Whether the answer is turned round: `notequal`, `notexist`, ….
  public let isNegated: Bool
  /// Whether capitals do not count (`:ci`).
  public let ignoresCase: Bool
  /// Whether the name it was asked for by is a legacy or wrong one that is understood: worth a
  /// warning.
  public let isAlias: Bool

  /// Whether it takes no second operand.
  public var isUnary: Bool { comparison == .exist || comparison == .isempty }

  /// Every official operator.
  public static let table: [FilterOperator] = {
    var table = [
      FilterOperator("exist", .basic, .exist),
      FilterOperator("notexist", .basic, .exist, not: true),
    ]
    func add(
      _ family: Family, _ comparisons: [Comparison], negatable: [Comparison],
      foldsCase: Bool = false
    ) {
      for comparison in comparisons {
        for isNegated in negatable.contains(comparison) ? [false, true] : [false] {
          let name = "\(family.rawValue):\(isNegated ? "not" : "")\(comparison.rawValue)"
          table.append(FilterOperator(name, family, comparison, not: isNegated))
          if foldsCase {
            table.append(
              FilterOperator("\(name):ci", family, comparison, not: isNegated, ci: true))
          }
        }
      }
    }
    let texts: [Comparison] = [.equal, .contain, .startwith, .endwith, .pattern]
    let orders: [Comparison] = [.equal, .greater, .less, .greaterorequal, .lessorequal]
    add(.text, texts, negatable: texts, foldsCase: true)
    for family in [Family.number, .date, .time, .semver] {
      add(family, orders, negatable: [.equal])
    }
    add(.array, [.contain], negatable: [.contain], foldsCase: true)
    add(.array, orders, negatable: [.equal])
    add(.boolean, [.equal], negatable: [.equal])
    return table
  }()

  /// Names that are no official ones and whose meaning is beyond doubt (semantics 6.5.4).
  // swift-format-ignore
  private static let aliases: [String: String] = [
    "text:startswith": "text:startwith", "text:endswith": "text:endwith",
    "text:contains": "text:contain", "text:notcontains": "text:notcontain",
    "text:notstartswith": "text:notstartwith", "text:notendswith": "text:notendwith",
    "text:matchpattern": "text:pattern", "text:notmatchpattern": "text:notpattern",
    "date:before": "date:less", "date:after": "date:greater", "date:later": "date:greater",
    "date:earlier": "date:less", "number:gt": "number:greater", "number:gte": "number:greaterorequal",
    "number:lt": "number:less", "number:lte": "number:lessorequal", "number:eq": "number:equal",
    "number:ne": "number:notequal", "array:contains": "array:contain",
    "array:notcontains": "array:notcontain",
  ]

  private static let named: [String: FilterOperator] = {
    var named = Dictionary(uniqueKeysWithValues: table.map { ($0.name, $0) })
    for (alias, name) in aliases {
      for ending in ["", ":ci"] {
        if let known = named[name + ending] { named[alias + ending] = known.asAlias }
      }
    }
    for known in table where known.family == .number {
      named["numeric:" + known.name.dropFirst("number:".count)] = known.asAlias
    }
    for (alias, name) in aliases where alias.hasPrefix("number:") {
      named["numeric:" + alias.dropFirst("number:".count)] = named[name]?.asAlias
    }
    for isNegated in [false, true] {
      let name = isNegated ? "text:isnotempty" : "text:isempty"
      named[name] = FilterOperator(name, .text, .isempty, not: isNegated).asAlias
    }
    return named
  }()

  /// The operator of a name; nil for one that is not understood.
  public static func named(_ name: String) -> FilterOperator? { named[name] }

  /// The official name that is probably meant by one that is not understood: it differs in its
  /// capitals, in a missing family, or in a common other spelling.
  public static func suggestion(for name: String) -> String? {
    var name = name.lowercased()
    for (wrong, right) in [
      ("string:", "text:"), ("greaterthan", "greater"), ("lessthan", "less"),
      ("greaterequal", "greaterorequal"), ("lessequal", "lessorequal"), ("match", "pattern"),
      ("exists", "exist"), ("equals", "equal"),
    ]
    where name.hasPrefix(wrong) || name.hasSuffix(wrong) || name.contains(wrong + ":")
      || name.contains("not" + wrong)
    {
      name = name.replacingFirst(wrong, with: right)
    }
    if let known = named[name] { return known.name }
    return named["text:" + name]?.name
  }

  private init(
    _ name: String, _ family: Family, _ comparison: Comparison, not isNegated: Bool = false,
    ci ignoresCase: Bool = false, isAlias: Bool = false
  ) {
    self.name = name
    self.family = family
    self.comparison = comparison
    self.isNegated = isNegated
    self.ignoresCase = ignoresCase
    self.isAlias = isAlias
  }

  private var asAlias: FilterOperator {
    FilterOperator(name, family, comparison, not: isNegated, ci: ignoresCase, isAlias: true)
  }
}

extension String {
  fileprivate func replacingFirst(_ sought: String, with replacement: String) -> String {
    guard let offset = firstOffset(ofBytes: sought, from: 0) else { return self }
    return String(decoding: utf8.prefix(offset), as: UTF8.self) + replacement
      + String(decoding: utf8.dropFirst(offset + sought.utf8.count), as: UTF8.self)
  }
}
