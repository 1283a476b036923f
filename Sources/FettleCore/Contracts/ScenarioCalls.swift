/// Runs another scenario for a module of one that runs: a subscenario.
public protocol ScenarioCalling: Sendable {
  /// Begins a run of the scenario that is called and, where it is waited for, waits for its end.
  /// - Returns: which run it is, and what it gave back.
  /// - Throws: why there is nothing to go on with: the scenario cannot be called, its run failed, or
  ///   stored an incomplete execution before it gave anything back.
  func call(_ call: ScenarioCall) async throws(ModuleError) -> ScenarioReturn
}

/// A call of a scenario.
public struct ScenarioCall: Sendable, Hashable {
  /// The scenario as the blueprint of the caller names it.
  public let target: Target
  /// What it is started with.
  public let inputs: Collection
  /// Whether the caller waits for its end.
  public let waits: Bool

  /// What tells a scenario from others.
  public enum Target: Sendable, Hashable, CustomStringConvertible {
    /// Its name. An export carries numbers of the account it comes from, and beside them the name.
    case named(String)
    /// Its number in this store.
    case numbered(ScenarioID)

    /// As messages name it.
    public var description: String {
      switch self {
      case .named(let name): "\"\(name)\""
      case .numbered(let id): "number \(id)"
      }
    }
  }

  /// A call of these parts.
  public init(of target: Target, inputs: Collection, waits: Bool) {
    self.target = target
    self.inputs = inputs
    self.waits = waits
  }
}

/// What came of a call.
public struct ScenarioReturn: Sendable, Hashable {
  /// The execution that was begun.
  public let execution: String
  /// What it gave back; nil where it was not waited for.
  public let outputs: Collection?

  /// A return of these parts.
  public init(execution: String, outputs: Collection?) {
    self.execution = execution
    self.outputs = outputs
  }
}
