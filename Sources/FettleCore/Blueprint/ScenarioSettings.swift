/// The settings of a scenario: `metadata.scenario` of the blueprint. An absent key has the default
/// of semantics 6.8.
public struct ScenarioSettings: Sendable, Hashable {
  /// The largest number of cycles of a run.
  public var roundtrips: Int
  /// Consecutive errors after which the scenario is switched off.
  public var maxErrors: Int
  /// Whether each module commits right after its operation.
  public var autoCommit: Bool
  /// Whether the trigger commits after all other modules.
  public var autoCommitTriggerLast: Bool
  /// Whether a new run waits until every incomplete execution is resolved.
  public var sequential: Bool
  /// Whether no bundle data is kept after the run.
  public var confidential: Bool
  /// Whether a bundle that cannot be stored may be dropped.
  public var dataLoss: Bool
  /// Whether incomplete executions are stored (the key is `dlq`).
  public var storesIncompleteExecutions: Bool
  /// Whether custom variables are read anew in each cycle.
  public var freshVariables: Bool

  /// The settings as exported. Booleans and numbers also come as texts.
  public init(_ document: Collection) {
    func flag(_ key: String, _ standard: Bool) -> Bool {
      guard let value = document[key], !value.isNull else { return standard }
      return Coercion.boolean(value) ?? standard
    }
    func count(_ key: String, _ standard: Int) -> Int {
      document[key].flatMap(Coercion.number)?.integer ?? standard
    }
    roundtrips = count("roundtrips", 1)
    maxErrors = count("maxErrors", 3)
    autoCommit = flag("autoCommit", true)
    autoCommitTriggerLast = flag("autoCommitTriggerLast", true)
    sequential = flag("sequential", false)
    confidential = flag("confidential", false)
    dataLoss = flag("dataloss", false)
    storesIncompleteExecutions = flag("dlq", false)
    freshVariables = flag("freshVariables", false)
  }
}
