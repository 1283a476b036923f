import FettleCore

/// The modules that belong to the flow itself and to no app. They come with every registry.
enum FlowModules {
  static let implementations: [any Module] =
    [BasicRepeater(), ThrowError(), ThrowWarning()] + Subscenarios.implementations

  /// Modules that are part of the walk rather than operations in it.
  static let walked: [String: ModuleDescriptor] = {
    var descriptors: [String: ModuleDescriptor] = [:]
    for type in Aggregator.types {
      descriptors[type] = ModuleDescriptor(
        type: type, kind: .aggregator, effect: .pure,
        fields: type == Aggregator.archiveType ? Aggregator.archiveFields : [])
    }
    for type in ["builtin:BasicIfElse", Merge.type] {
      descriptors[type] = ModuleDescriptor(type: type, kind: .conditional, effect: .pure)
    }
    return descriptors
  }()
}

/// `builtin:BasicRepeater`: bundles with a counting `i`.
struct BasicRepeater: ModuleImplementation {
  static let descriptor = ModuleDescriptor(
    type: "builtin:BasicRepeater", kind: .feeder, effect: .pure,
    fields: [
      FieldDescriptor("start", "Initial value", .number),
      FieldDescriptor("repeats", "Repeats", .number, range: 0...10_000),
      FieldDescriptor("step", "Step", .number),
    ])

  func perform(
    _ input: Collection, in context: OperationContext
  ) async throws(ModuleError) -> OperationOutput {
    let number = { (name: String, standard: Int) in input[name]?.number ?? Number(standard) }
    let (start, step) = (number("start", 1), number("step", 1))
    let repeats = Int(number("repeats", 0).double)
    return OperationOutput(
      (0..<max(0, repeats)).map { ["i": .number(start + Number($0) * step)] })
  }
}

/// `builtin:ThrowError`: fails with a message of the blueprint (semantics 4.6).
struct ThrowError: ModuleImplementation {
  static let descriptor = ModuleDescriptor(
    type: "builtin:ThrowError", kind: .action, effect: .pure,
    fields: [
      FieldDescriptor("message", "Message", .text), FieldDescriptor("type", "Error type", .text),
    ])

  func perform(
    _ input: Collection, in context: OperationContext
  ) async throws(ModuleError) -> OperationOutput {
    let message = input["message"]?.text ?? ""
    throw ModuleError(
      input["type"]?.text.map { ErrorType($0) } ?? .runtime,
      message.isEmpty ? "the scenario throws an error here" : message)
  }
}

/// `builtin:ThrowWarning`: adds a warning to the run and lets the bundle go on.
struct ThrowWarning: ModuleImplementation {
  static let descriptor = ModuleDescriptor(
    type: "builtin:ThrowWarning", kind: .transformer, effect: .pure,
    fields: [FieldDescriptor("message", "Message", .text)])

  func perform(
    _ input: Collection, in context: OperationContext
  ) async throws(ModuleError) -> OperationOutput {
    OperationOutput([[:]], warnings: [input["message"]?.text ?? "the scenario warns here"])
  }
}
