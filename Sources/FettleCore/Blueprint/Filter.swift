/// What guards a module: groups of conditions, of which one group must hold as a whole.
public struct Filter: Sendable, Hashable {
  /// The label its author gave, or nil.
  public let name: String?
  /// Outer OR, inner AND; no group at all lets everything pass (semantics 6.5.1).
  public let groups: [[Condition]]

  /// The filter as exported.
  public init(_ document: Collection) {
    name = document["name"]?.text.flatMap { $0.isEmpty ? nil : $0 }
    let written = document["conditions"]?.array ?? []
    // Conditions without a group around them, which machines write, are read as one group: read as
    // groups of nothing they would let every bundle pass.
    let loose = written.filter { $0.collection != nil }
    groups =
      written.compactMap { $0.collection == nil ? ($0.array ?? []).map(Self.condition) : nil }
      + (loose.isEmpty ? [] : [loose.map(Self.condition)])
  }

  private static func condition(_ value: Value) -> Condition {
    let fields = value.collection ?? [:]
    return Condition(
      left: Template(operand(fields["a"]) ?? ""),
      operatorName: fields["o"]?.text ?? "text:equal",
      right: operand(fields["b"]).map { Template($0) })
  }

  private static func operand(_ value: Value?) -> String? {
    guard let value, !value.isNull else { return nil }
    return Coercion.text(value)
  }

  /// Whether a bundle may enter.
  /// - Throws: the failure of an expression in a condition.
  public func passes(in scope: Scope) throws(ExpressionError) -> Bool {
    try refusal(in: scope) == nil
  }

  /// Why a bundle may not enter; nil when it may.
  /// - Throws: the failure of an expression in a condition.
  public func refusal(in scope: Scope) throws(ExpressionError) -> FilterRefusal? {
    var unmet: [UnmetCondition] = []
    groups: for group in groups where !group.isEmpty {
      for condition in group {
        guard let refused = try condition.refusal(in: scope) else { continue }
        unmet.append(refused)
        continue groups
      }
      return nil
    }
    return unmet.isEmpty ? nil : FilterRefusal(filter: summary, conditions: unmet)
  }

  /// The label, or the conditions in short, as the chain shows them; nil when everything passes and
  /// there is no label.
  public var summary: String? {
    if let name { return name }
    let groups = groups.filter { !$0.isEmpty }
    guard !groups.isEmpty else { return nil }
    return groups.map { group in group.map(\.summary).joined(separator: " and ") }
      .joined(separator: " or ")
  }
}

extension Condition {
  /// The condition in short, for example `1.score number:greater 50`.
  public var summary: String {
    let operand = { (template: Template) in
      template.source.filter { $0 != "{" && $0 != "}" }
    }
    return ([operand(left), operatorName] + (right.map { [operand($0)] } ?? []))
      .joined(separator: " ")
  }
}
