import FettleCore

/// The variables of a record: modules set them, no mapping reads them, and a retry begins with them.
extension IncompleteExecution {
  /// Whether there are variables to look at, or a module that would set or read one.
  var hasVariables: Bool {
    !variables.cycle.isEmpty || !variables.execution.isEmpty
      || edits.contains(where: \.path.isVariable)
      || blueprint.allModules.contains { $0.setsVariables || $0.readsVariables }
  }

  /// Whether a bundle came through a module before the record was stored.
  func hasRun(_ module: ModuleID) -> Bool { visit(of: module)?.passed ?? 0 > 0 }
}

extension ModuleNode {
  /// Whether it is one of the modules that set variables, of whichever version.
  var setsVariables: Bool { type.hasPrefix("util:SetVariable") }

  /// Whether it is one of those that read them.
  var readsVariables: Bool { type.hasPrefix("util:GetVariable") }

  /// Whether it sets the variable of that name. A name that is mapped is not known before it runs.
  func sets(variable name: String) -> Bool {
    guard setsVariables, let mapper = document["mapper"]?.collection else { return false }
    return mapper["name"]?.text == name
      || mapper["variables"]?.array?.contains { $0.collection?["name"]?.text == name } == true
  }
}

extension DetailState {
  /// Where a variable came from, in words: no mapping leads to it.
  func settersWords(of path: ValuePath) -> SafeText {
    guard case .field(let name)? = path.steps.first else {
      return "modules set variables; a retry begins with what stands here"
    }
    let variable = ValuePath(module: path.module, steps: [.field(name)]).description
    func told(_ modules: [ModuleNode]) -> SafeText {
      modules.map { "\($0.id.number) \($0.title)" as SafeText }.joined(separator: ", ")
    }
    let setters = blueprint.allModules.filter { $0.sets(variable: name) }
    let ran = setters.filter { record.hasRun($0.id) }
    if !ran.isEmpty { return "\(variable) is set by " + told(ran) }
    return setters.isEmpty
      ? "no module of the blueprint sets \(variable) by that name"
      : "\(variable) is set by " + told(setters) + ", not run here"
  }
}
