import FettleCore

/// `util:FunctionSleep`: waits, then lets the bundle go on.
struct FunctionSleep: ModuleImplementation {
  static let descriptor = ModuleDescriptor(
    type: "util:FunctionSleep", kind: .transformer, effect: .pure, seconds: 310,
    fields: [FieldDescriptor("duration", "Delay", .number, required: true, range: 1...300)])

  func perform(
    _ input: Collection, in context: OperationContext
  ) async throws(ModuleError) -> OperationOutput {
    let seconds = input["duration"]?.number?.double ?? 1
    do { try await Task.sleep(for: .milliseconds(Int(seconds * 1000))) } catch {
      throw ModuleError(.executionInterrupted, "the pause was cut short")
    }
    return OperationOutput([[:]])
  }
}

/// `util:FunctionIncrement`: counts, from 1. What it counts ends with the cycle (`run`), with the
/// execution (`execution`) or never (`scenario`): `parameters.reset`.
struct FunctionIncrement: ModuleImplementation {
  static let descriptor = ModuleDescriptor(
    type: "util:FunctionIncrement", kind: .transformer, effect: .pure)

  func perform(
    _ input: Collection, in context: OperationContext
  ) async throws(ModuleError) -> OperationOutput {
    let name = "increment \(context.module.id)"
    switch context.module.parameters["reset"]?.text ?? "run" {
    case "scenario":
      let key = context.privateKey(name)
      let known = try await DataStore.reading { () async throws(StoreError) in
        try await context.dataStores.record(key, in: OperationContext.privateStore)
      }
      let next = (known?["i"]?.number?.integer ?? 0) + 1
      return OperationOutput(
        [["i": .integer(next)]],
        changes: [
          .put(store: OperationContext.privateStore, key: key, record: ["i": .integer(next)])
        ])
    case "execution":
      return counted(name, context.variables.execution[name], .execution)
    default: return counted(name, context.variables.cycle[name], .roundtrip)
    }
  }

  private func counted(_ name: String, _ known: Value?, _ scope: VariableScope) -> OperationOutput {
    let next = Value.integer((known?.number?.integer ?? 0) + 1)
    return OperationOutput(
      [["i": next]], assignments: [VariableAssignment(name: name, value: next, scope: scope)])
  }
}

/// `util:Switcher`: the output of the first row whose pattern is the input, or is found in it.
struct Switcher: ModuleImplementation {
  static let descriptor = ModuleDescriptor(
    type: "util:Switcher", kind: .transformer, effect: .pure,
    fields: [
      FieldDescriptor("input", "Input", nil),
      FieldDescriptor("casesTable", "Cases", .array, required: true),
      FieldDescriptor("elseOutput", "Else", nil),
      FieldDescriptor("useRegExpMatch", "Use regular expressions to match", .boolean),
    ])

  func perform(
    _ input: Collection, in context: OperationContext
  ) async throws(ModuleError) -> OperationOutput {
    let text = input["input"].flatMap(Coercion.text) ?? ""
    let usesPatterns = input["useRegExpMatch"]?.boolean ?? false
    for row in input["casesTable"]?.array ?? [] {
      guard let fields = row.collection else { continue }
      let pattern = fields["pattern"].flatMap(Coercion.text) ?? ""
      let isMet =
        usesPatterns
        ? try !TextParser.matches(pattern, in: text, field: "casesTable", limit: 1).isEmpty
        : pattern == text
      if isMet { return OperationOutput([["output": fields["output"] ?? .null]]) }
    }
    return OperationOutput([["output": input["elseOutput"] ?? .null]])
  }
}

/// `util:SetVariable`, the older form: its output is a field `value`.
struct SetVariable: ModuleImplementation {
  static let descriptor = ModuleDescriptor(
    type: "util:SetVariable", kind: .transformer, effect: .pure,
    fields: SetVariable2.descriptor.fields)

  func perform(
    _ input: Collection, in context: OperationContext
  ) async throws(ModuleError) -> OperationOutput {
    var output = try await SetVariable2().perform(input, in: context)
    output.bundles = [["value": input["value"] ?? .null]]
    return output
  }
}

/// `util:GetVariable`, the older form: its output is a field `value`.
struct GetVariable: ModuleImplementation {
  static let descriptor = ModuleDescriptor(
    type: "util:GetVariable", kind: .transformer, effect: .pure,
    fields: GetVariable2.descriptor.fields)

  func perform(
    _ input: Collection, in context: OperationContext
  ) async throws(ModuleError) -> OperationOutput {
    OperationOutput([["value": context.variables[input["name"]?.text ?? ""] ?? .null]])
  }
}

/// `math:EvaluateExpression`: calculates what its text says, in the expression language.
struct EvaluateExpression: ModuleImplementation {
  static let descriptor = ModuleDescriptor(
    type: "math:EvaluateExpression", kind: .transformer, effect: .pure,
    fields: [FieldDescriptor("expression", "Expression", .text, required: true)])

  func perform(
    _ input: Collection, in context: OperationContext
  ) async throws(ModuleError) -> OperationOutput {
    let text = input["expression"]?.text ?? ""
    do throws(ExpressionError) {
      let scope = Scope(bundles: [:], now: context.clock.now())
      return OperationOutput([["result": try Template("{{\(text)}}").evaluate(in: scope)]])
    } catch {
      throw ModuleError(
        .data, "\"expression\" cannot be calculated: \(error)", field: "expression", stage: .input)
    }
  }
}
