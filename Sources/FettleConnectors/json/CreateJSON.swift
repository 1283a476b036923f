import FettleCore

/// `json:CreateJSON`: the mapped fields become a text.
struct CreateJSON: ModuleImplementation {
  static let descriptor = ModuleDescriptor(
    type: "json:CreateJSON", kind: .transformer, effect: .pure)

  func perform(
    _ input: Collection, in context: OperationContext
  ) async throws(ModuleError) -> OperationOutput {
    let isIndented = context.module.parameters["space"].flatMap(Coercion.text)?.isEmpty == false
    return OperationOutput([
      ["json": .text(JSONWriter.text(.collection(input), indented: isIndented))]
    ])
  }
}

/// `json:TransformToJSON`: one object becomes a text.
struct TransformToJSON: ModuleImplementation {
  static let descriptor = ModuleDescriptor(
    type: "json:TransformToJSON", kind: .transformer, effect: .pure,
    fields: [FieldDescriptor("object", "Object", nil)])

  func perform(
    _ input: Collection, in context: OperationContext
  ) async throws(ModuleError) -> OperationOutput {
    let isIndented = context.module.parameters["space"].flatMap(Coercion.text)?.isEmpty == false
    return OperationOutput([
      ["json": .text(JSONWriter.text(input["object"] ?? .null, indented: isIndented))]
    ])
  }
}
