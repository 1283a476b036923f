import FettleCore

/// What is typed behind `/`, and what `--filter` takes.
struct TypedFilter<Key: FilterKeys>: Hashable, Sendable {
  let text: String
  let expression: FilterTree<Key>

  /// The filter that lets everything through.
  static var everything: TypedFilter { TypedFilter(.everything) }

  /// Whether it lets everything through.
  var isEverything: Bool {
    if case .all(let parts) = expression { parts.isEmpty } else { false }
  }

  init(_ expression: FilterTree<Key>) {
    self.expression = expression
    text = expression.description
  }

  /// Reads a filter; what was typed is kept as it was.
  init(_ text: String) throws(FilterError) {
    expression = try FilterTree(text)
    self.text = text.trimmed
  }

  static func == (left: TypedFilter, right: TypedFilter) -> Bool {
    left.expression == right.expression
  }

  func hash(into hasher: inout Hasher) { hasher.combine(expression) }
}
