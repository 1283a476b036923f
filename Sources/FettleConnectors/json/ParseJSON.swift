import FettleCore

/// `json:ParseJSON`: a text becomes bundles, one for each element of an array at the top.
struct ParseJSON: ModuleImplementation {
  static let descriptor = ModuleDescriptor(
    type: "json:ParseJSON", kind: .transformer, effect: .pure,
    fields: [FieldDescriptor("json", "JSON string", .text, required: true)])

  func perform(
    _ input: Collection, in context: OperationContext
  ) async throws(ModuleError) -> OperationOutput {
    let value: Value
    do { value = try JSONReader.read(input["json"]?.text ?? "", foreign: true) } catch {
      // Raising here is what "throw" is built on (semantics 4.6).
      throw ModuleError(
        .bundleValidation, "\"json\" is no JSON: \(error)", field: "json", stage: .input)
    }
    return OperationOutput((value.array ?? [value]).map(\.asBundle))
  }
}
