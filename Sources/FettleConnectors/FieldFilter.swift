import FettleCore

/// Conditions on the fields of records or rows, as modules that search have them: groups, of which one
/// has to be met whole. The first operand of a condition is the name of a field.
struct FieldFilter: Sendable {
  private struct Condition {
    let field: String
    let operation: FilterOperator
    let operand: Value
  }

  private let groups: [[Condition]]

  /// - Throws: `BundleValidationError` where an operator is not known.
  init(_ value: Value?) throws(ModuleError) {
    var groups: [[Condition]] = []
    for group in value?.array ?? [] {
      var conditions: [Condition] = []
      for condition in group.array ?? [] {
        guard let fields = condition.collection, let field = fields["a"]?.text, !field.isEmpty
        else { continue }
        let name = fields["o"]?.text ?? "text:equal"
        guard let operation = FilterOperator.named(name) else {
          throw ModuleError(
            .bundleValidation, "\"filter\" has \(name), which is no operator", field: "filter",
            stage: .input)
        }
        conditions.append(
          Condition(field: field, operation: operation, operand: fields["b"] ?? .null))
      }
      if !conditions.isEmpty { groups.append(conditions) }
    }
    self.groups = groups
  }

  /// Whether a record passes; without conditions every one does.
  /// - Parameter value: the value of one of its fields.
  func passes(in scope: Scope, _ value: (String) -> Value) throws(ModuleError) -> Bool {
    guard !groups.isEmpty else { return true }
    groups: for group in groups {
      for condition in group {
        let isMet: Bool
        do throws(ExpressionError) {
          isMet = try condition.operation.isMet(
            by: value(condition.field), condition.operand, in: scope)
        } catch {
          throw ModuleError(.bundleValidation, "\(error)", field: "filter", stage: .input)
        }
        guard isMet else { continue groups }
      }
      return true
    }
    return false
  }

  /// Whether a value comes before another where records are sorted: as numbers where both are.
  static func isBefore(_ a: Value, _ b: Value) -> Bool {
    if let a = Coercion.number(a), let b = Coercion.number(b) { return a.double < b.double }
    return (Coercion.text(a) ?? "") < (Coercion.text(b) ?? "")
  }
}
