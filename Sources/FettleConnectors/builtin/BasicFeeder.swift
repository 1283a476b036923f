import FettleCore

/// `builtin:BasicFeeder`, the iterator: one bundle for each element of an array (semantics 6.6).
struct BasicFeeder: ModuleImplementation {
  static let descriptor = ModuleDescriptor(
    type: "builtin:BasicFeeder", kind: .feeder, effect: .pure,
    fields: [FieldDescriptor("array", "Array", nil)])

  func perform(
    _ input: Collection, in context: OperationContext
  ) async throws(ModuleError) -> OperationOutput {
    switch input["array"] ?? .null {
    // An empty text in a field is no value.
    case .null, .text(""): OperationOutput([])
    case .array(let elements): OperationOutput(elements.map(\.asBundle))
    case let single: OperationOutput([single.asBundle])
    }
  }
}

extension Value {
  /// The value as a bundle: the fields of a collection, else one field `value`.
  var asBundle: Bundle { collection ?? ["value": self] }
}
