import FettleCore

/// `util:SetVariable2`: sets one variable; its output is the variable.
struct SetVariable2: ModuleImplementation {
  static let descriptor = ModuleDescriptor(
    type: "util:SetVariable2", kind: .transformer, effect: .pure,
    fields: [
      FieldDescriptor("name", "Variable name", .text, required: true),
      FieldDescriptor("scope", "Variable lifetime", .text, choices: ["roundtrip", "execution"]),
      FieldDescriptor("value", "Variable value", nil),
    ])

  func perform(
    _ input: Collection, in context: OperationContext
  ) async throws(ModuleError) -> OperationOutput {
    let name = input["name"]?.text ?? ""
    let value = input["value"] ?? .null
    return OperationOutput(
      [[name: value]],
      assignments: [VariableAssignment(name: name, value: value, scope: scope(input))])
  }
}

/// `util:SetVariables`: sets several variables; its output is the variables.
struct SetVariables: ModuleImplementation {
  static let descriptor = ModuleDescriptor(
    type: "util:SetVariables", kind: .transformer, effect: .pure,
    fields: [
      FieldDescriptor("scope", "Variable lifetime", .text, choices: ["roundtrip", "execution"]),
      FieldDescriptor("variables", "Variables", .array),
    ])

  func perform(
    _ input: Collection, in context: OperationContext
  ) async throws(ModuleError) -> OperationOutput {
    var bundle: Bundle = [:]
    var assignments: [VariableAssignment] = []
    for (number, variable) in (input["variables"]?.array ?? []).enumerated() {
      guard let name = variable.collection?["name"].flatMap(Coercion.text), !name.isEmpty else {
        throw ModuleError(
          .bundleValidation, "variable \(number + 1) has no name", field: "variables", stage: .input
        )
      }
      let value = variable.collection?["value"] ?? .null
      bundle[name] = value
      assignments.append(VariableAssignment(name: name, value: value, scope: scope(input)))
    }
    return OperationOutput([bundle], assignments: assignments)
  }
}

/// `util:GetVariable2`: reads one variable; its output has a field of the variable's name.
struct GetVariable2: ModuleImplementation {
  static let descriptor = ModuleDescriptor(
    type: "util:GetVariable2", kind: .transformer, effect: .pure,
    fields: [FieldDescriptor("name", "Variable name", .text, required: true)])

  func perform(
    _ input: Collection, in context: OperationContext
  ) async throws(ModuleError) -> OperationOutput {
    let name = input["name"]?.text ?? ""
    return OperationOutput([[name: context.variables[name] ?? .null]])
  }
}

/// `util:GetVariables`: reads several variables.
struct GetVariables: ModuleImplementation {
  static let descriptor = ModuleDescriptor(
    type: "util:GetVariables", kind: .transformer, effect: .pure,
    fields: [FieldDescriptor("variables", "Variables", .array, required: true)])

  func perform(
    _ input: Collection, in context: OperationContext
  ) async throws(ModuleError) -> OperationOutput {
    var bundle: Bundle = [:]
    for element in input["variables"]?.array ?? [] {
      guard let name = Coercion.text(element.collection?["name"] ?? element) else { continue }
      bundle[name] = context.variables[name] ?? .null
    }
    return OperationOutput([bundle])
  }
}

/// `util:ComposeTransformer`: one value, as a field `value`.
struct ComposeTransformer: ModuleImplementation {
  static let descriptor = ModuleDescriptor(
    type: "util:ComposeTransformer", kind: .transformer, effect: .pure,
    fields: [FieldDescriptor("value", "Text", nil)])

  func perform(
    _ input: Collection, in context: OperationContext
  ) async throws(ModuleError) -> OperationOutput {
    OperationOutput([["value": input["value"] ?? .null]])
  }
}

private func scope(_ input: Collection) -> VariableScope {
  input["scope"]?.text.flatMap(VariableScope.init) ?? .roundtrip
}
