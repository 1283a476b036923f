/// Why a bundle did not pass a filter: for each group of its conditions the first that was not met,
/// with what was compared (semantics P37).
public struct FilterRefusal: Sendable, Hashable {
  /// The label of the filter, or its conditions in short; nil when there is nothing to say.
  public let filter: String?
  /// The conditions that were not met, one of each group.
  public let conditions: [UnmetCondition]

  /// A refusal of these parts.
  public init(filter: String?, conditions: [UnmetCondition]) {
    self.filter = filter
    self.conditions = conditions
  }
}

/// A condition that was not met, and the values it was asked of.
public struct UnmetCondition: Sendable, Hashable {
  /// The condition in short, for example `1.score number:greater 50`.
  public let text: String
  /// The value of the first operand; of one that is long only the beginning, as a text.
  public let left: Value
  /// The value of the second operand, likewise; nil when the operator takes none.
  public let right: Value?

  /// A condition of these parts.
  public init(text: String, left: Value, right: Value?) {
    self.text = text
    self.left = left
    self.right = right
  }

  /// The condition and what it found, for example `1.score number:greater 50: 12, 50`.
  public var explanation: String {
    "\(text): \(left.excerpt)" + (right.map { ", \($0.excerpt)" } ?? "")
  }
}

extension FilterRefusal {
  /// What stopped the bundle, in a line.
  public var explanation: String {
    let name = filter.map { " \"\($0)\"" } ?? ""
    guard !conditions.isEmpty else { return "the filter\(name) was not passed" }
    return "the filter\(name) was not passed: "
      + conditions.map(\.explanation).joined(separator: "; ")
  }
}

extension Value {
  /// The value as a journal keeps it beside a condition: whole when it is short.
  var abridged: Value {
    switch self {
    case .null, .boolean, .number, .date: self
    case .text(let text) where text.utf8.count <= 200: self
    default: .text(excerpt)
    }
  }
}
