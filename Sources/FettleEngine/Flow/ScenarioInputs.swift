public import FettleCore

extension Blueprint {
  /// Whether a template of it reads what whoever starts the scenario hands in: `var.input.name`.
  public var readsInputs: Bool {
    String(decoding: json, as: UTF8.self).contains("var.input")
  }

  /// What stands for the inputs nobody hands in: the `default` of each field in `io.input_spec`, or in
  /// the older `interface.input`.
  var inputDefaults: Collection {
    let specification =
      document["io"]?.collection?["input_spec"] ?? document["interface"]?.collection?["input"]
    var defaults: Collection = [:]
    for field in specification?.array ?? [] {
      guard let field = field.collection, let name = field["name"]?.text,
        let value = field["default"], !value.isNull, value != ""
      else { continue }
      defaults[name] = value
    }
    return defaults
  }
}

/// What expressions read as `var.input`. It is a variable of the execution, so that a record holds it, an
/// operator mends it (`var.input.name`), and a retry begins with it.
enum ScenarioInputs {
  static let name = "input"

  /// The inputs of a run.
  /// - Parameter given: what it was started with; of several bundles the first.
  static func inputs(of blueprint: Blueprint, given: [Bundle]?) -> Collection {
    blueprint.inputDefaults.fields.reduce(into: given?.first ?? [:]) { inputs, field in
      if inputs[field.name] == nil { inputs[field.name] = field.value }
    }
  }
}
