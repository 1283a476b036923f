import FettleCore

/// `util:BasicTrigger`: emits the bundles written into its parameters.
struct BasicTrigger: ModuleImplementation {
  static let descriptor = ModuleDescriptor(
    type: "util:BasicTrigger", kind: .trigger, effect: .pure)

  func perform(
    _ input: Collection, in context: OperationContext
  ) async throws(ModuleError) -> OperationOutput {
    let written = context.module.parameters["values"]?.array ?? []
    return OperationOutput(
      written.map { bundle in
        let fields = bundle.collection?["spec"]?.array ?? []
        return Collection(
          fields.compactMap { field in
            guard let field = field.collection, let name = field["name"]?.text else { return nil }
            return (name, field["value"] ?? .null)
          })
      })
  }
}
