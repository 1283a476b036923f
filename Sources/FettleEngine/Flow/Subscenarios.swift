import FettleCore

/// The modules of the app "Scenarios": how a scenario is called by another and gives something back
/// (semantics 8.5). They come with the engine, because what they do is done to runs.
enum Subscenarios {
  static let implementations: [any Module] = [
    StartSubscenario(), CallSubscenario(), ReturnData(), NameExecution(),
  ]
}

/// `scenario-service:StartSubscenario`: emits what the scenario was started with.
struct StartSubscenario: ModuleImplementation {
  static let type = "scenario-service:StartSubscenario"

  static let descriptor = ModuleDescriptor(type: type, kind: .trigger, effect: .pure)

  func perform(
    _ input: Collection, in context: OperationContext
  ) async throws(ModuleError) -> OperationOutput {
    OperationOutput([context.variables.execution[ScenarioInputs.name]?.collection ?? [:]])
  }
}

/// `scenario-service:CallSubscenario`: runs another scenario and, where it waits, emits what that gave
/// back; where it does not, the identity of the execution it began.
struct CallSubscenario: ModuleImplementation {
  /// A run that is waited for ends by itself, as its own time is limited: a limit here would only be
  /// about what is not known.
  static let descriptor = ModuleDescriptor(
    type: "scenario-service:CallSubscenario", kind: .action, effect: .effect, seconds: 86_400,
    fields: [FieldDescriptor("data", "Scenario inputs", .collection)])

  func perform(
    _ input: Collection, in context: OperationContext
  ) async throws(ModuleError) -> OperationOutput {
    guard let calls = context.calls else {
      throw ModuleError(.invalidConfiguration, "no scenario can be called from here")
    }
    let returned = try await calls.call(
      ScenarioCall(
        of: try Self.target(input, context.module), inputs: input["data"]?.collection ?? [:],
        waits: Self.waits(input, context.module)))
    return returned.outputs.map { OperationOutput([$0]) }
      ?? Self.output(calling: returned.execution)
  }

  /// Whether a module waits for what it calls. Exports have the switch among the parameters, or, since
  /// version 2, in the mapper.
  static func waits(_ input: Collection, _ module: ModuleNode) -> Bool {
    let name = "shouldWaitForExecutionEnd"
    return (input[name] ?? module.parameters[name]).flatMap(Coercion.boolean) ?? true
  }

  /// What a module emits that does not wait for what it called.
  static func output(calling execution: String) -> OperationOutput {
    OperationOutput([["executionId": .text(execution)]])
  }

  /// The scenario that is meant. The number in an export is that of another account; the label the
  /// editor keeps beside it is the name.
  static func target(
    _ input: Collection, _ module: ModuleNode
  ) throws(ModuleError) -> ScenarioCall.Target {
    let restore = module.document["metadata"]?.collection?["restore"]?.collection
    for place in ["parameters", "expect"] {
      let kept = restore?[place]?.collection?["scenario"]?.collection
      if let label = kept?["label"]?.text, !label.isEmpty { return .named(label) }
    }
    let written = (input["scenario"] ?? module.parameters["scenario"]).flatMap(Coercion.text) ?? ""
    let digits = written.hasPrefix("SCN_") ? String(written.dropFirst(4)) : written
    if let number = Int(digits), number > 0 { return .numbered(ScenarioID(number)) }
    guard !written.isEmpty else {
      throw ModuleError(
        .invalidConfiguration, "no scenario is chosen; name one in its parameter \"scenario\"")
    }
    return .named(written)
  }
}

/// `scenario-service:ReturnData`: gives its fields back to whoever started the scenario. The run ends
/// with it, as if it were a `return`: nothing after it is run, nor any later route or bundle.
struct ReturnData: ModuleImplementation {
  static let descriptor = ModuleDescriptor(
    type: ModuleNode.returnType, kind: .action, effect: .pure)

  func perform(
    _ input: Collection, in context: OperationContext
  ) async throws(ModuleError) -> OperationOutput { OperationOutput([input]) }
}

/// `scenario-service:NameExecution`: gives the run a name that lists and its history show.
struct NameExecution: ModuleImplementation {
  static let type = "scenario-service:NameExecution"

  static let descriptor = ModuleDescriptor(
    type: type, kind: .transformer, effect: .pure, fields: [FieldDescriptor("name", "Name", .text)])

  func perform(
    _ input: Collection, in context: OperationContext
  ) async throws(ModuleError) -> OperationOutput {
    // No export with it was seen; where the field has another name, its one text is meant.
    let name = input["name"] ?? input.fields.lazy.map(\.value).first { $0.text != nil }
    return OperationOutput([["name": name ?? .null]])
  }

  /// A name as lists have room for it: one line, as long as that of a scenario may be.
  static func line(_ name: String) -> String {
    let line = name.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    return line.count > longest ? line.prefix(longest - 1) + "…" : line
  }

  private static let longest = 120
}
