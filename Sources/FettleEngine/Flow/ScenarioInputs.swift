public import FettleCore

extension Blueprint {
  /// Whether it begins with what whoever starts the scenario hands in, as a bundle.
  public var startsWithInputs: Bool { flow.first?.type == StartSubscenario.type }

  /// Whether anything of it reads what whoever starts the scenario hands in: its first module, or a
  /// template with `var.input.name`.
  public var readsInputs: Bool {
    startsWithInputs || String(decoding: json, as: UTF8.self).contains("var.input")
  }

  /// The inputs it declares: `io.input_spec`, the older `interface.input`, or those that its first
  /// module carries with it.
  private var inputSpecification: [Collection] {
    let declared =
      document["io"]?.collection?["input_spec"] ?? document["interface"]?.collection?["input"]
      ?? (startsWithInputs
        ? flow.first?.document["metadata"]?.collection?["interface"] : nil)
    return (declared?.array ?? []).compactMap(\.collection).filter { $0["name"]?.text != nil }
  }

  /// What is wrong with what a scenario would be started with: one sentence for each input that is
  /// missing though it is required, or is of another type than is declared.
  public func problems(ofInputs given: Collection, timeZone: String = "UTC") -> [String] {
    fitted(given, timeZone).misfits.map(\.message)
  }

  /// What a scenario is started with, with the `default` of each input that was not handed in, and each
  /// in the type that is declared for it where it can be had in that.
  func inputs(_ given: Collection, timeZone: String) -> Collection { fitted(given, timeZone).input }

  private func fitted(
    _ given: Collection, _ timeZone: String
  ) -> (input: Collection, misfits: [ModuleDescriptor.Misfit]) {
    let specification = inputSpecification
    guard !specification.isEmpty else { return (given, []) }
    var inputs = given
    for field in specification {
      guard let name = field["name"]?.text, inputs[name] == nil, let value = field["default"],
        !value.isNull, value != ""
      else { continue }
      inputs[name] = value
    }
    return ModuleDescriptor(
      type: StartSubscenario.type, kind: .trigger, effect: .pure,
      fields: specification.map { field in
        let name = field["name"]?.text ?? ""
        return FieldDescriptor(
          name, field["label"]?.text ?? name, field["type"]?.text.flatMap { Self.kinds[$0] },
          required: field["required"]?.boolean == true)
      }
    ).fitted(inputs, timeZone: timeZone)
  }

  /// The declared types that say what a value must be. Texts are taken as they come, and what is built
  /// of parts is not looked into.
  private static let kinds: [String: ValueKind] = [
    "number": .number, "integer": .number, "uinteger": .number, "boolean": .boolean, "date": .date,
    "array": .array,
  ]
}

/// What expressions read as `var.input`. It is a variable of the execution, so that a record holds it, an
/// operator mends it (`var.input.name`), and a retry begins with it.
enum ScenarioInputs {
  static let name = "input"
}
