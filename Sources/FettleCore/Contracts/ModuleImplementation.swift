/// One module that can be run: how it turns a mapped input into bundles.
///
/// To add one: a file named after the module in the folder of its app, a line in the registry, a
/// test against a real server.
public protocol Module: Sendable {
  /// What it accepts, what it emits and what it may do to the world.
  var descriptor: ModuleDescriptor { get }

  /// What this input would do to the world, where that depends on the input: an HTTP GET only reads.
  func effect(of input: Collection) -> EffectClass

  /// Performs one operation: one mapped input in, the bundles to send on out, in order.
  /// - Throws: what went wrong and of which type, never what should follow from it.
  func perform(
    _ input: Collection, in context: OperationContext
  ) async throws(ModuleError) -> OperationOutput
}

extension Module {
  /// The class of the descriptor.
  public func effect(of input: Collection) -> EffectClass { descriptor.effect }
}

/// A module that is written in code, so that its type alone says what it accepts. A module that is
/// described in a file is a `Module` only.
public protocol ModuleImplementation: Module {
  /// What it accepts, what it emits and what it may do to the world.
  static var descriptor: ModuleDescriptor { get }

  /// What this input would do to the world, where that depends on the input: an HTTP GET only reads.
  static func effect(of input: Collection) -> EffectClass
}

extension ModuleImplementation {
  /// That of the type.
  public var descriptor: ModuleDescriptor { Self.descriptor }

  /// The class of the descriptor.
  public static func effect(of input: Collection) -> EffectClass { descriptor.effect }

  /// That of the type.
  public func effect(of input: Collection) -> EffectClass { Self.effect(of: input) }
}

/// What an operation may know beside its input.
public struct OperationContext: Sendable {
  /// The module, with its static parameters.
  public let module: ModuleNode
  /// The variables set so far.
  public let variables: Variables
  /// Time, chance and identities.
  public let clock: any RunClock
  /// The data stores, with the changes of this cycle.
  public let dataStores: DataStoreView
  /// The scenario that runs; nil where none does.
  public let scenario: ScenarioID?
  /// What calls other scenarios; nil where none can be called.
  public let calls: (any ScenarioCalling)?

  /// A context of these parts.
  public init(
    module: ModuleNode, variables: Variables = Variables(), clock: any RunClock = SystemClock(),
    dataStores: DataStoreView, scenario: ScenarioID? = nil, calls: (any ScenarioCalling)? = nil
  ) {
    self.module = module
    self.variables = variables
    self.clock = clock
    self.dataStores = dataStores
    self.scenario = scenario
    self.calls = calls
  }
}

extension OperationContext {
  /// The data store of what modules keep for themselves from run to run: how far a trigger has read,
  /// what a counter shows. No blueprint can name it.
  public static let privateStore = "\u{1}modules"

  /// The key in `privateStore` of what a module of this scenario keeps.
  public func privateKey(_ what: String) -> String {
    "\(scenario.map(\.description) ?? "-") \(what)"
  }

  /// How far this trigger has read; nil before its first cycle was committed.
  public func position() async throws(StoreError) -> Value? {
    try await dataStores.record(
      privateKey("position \(module.id)"), in: Self.privateStore)?["position"]
  }

  /// The change that says how far this trigger has read. It is carried out when the cycle commits,
  /// and not when it is rolled back: what was emitted is emitted again then.
  public func advancing(to position: Value) -> DataChange {
    .put(
      store: Self.privateStore, key: privateKey("position \(module.id)"),
      record: ["position": position])
  }
}

/// What an operation gave.
public struct OperationOutput: Sendable, Hashable {
  /// The bundles to send on, in order; none ends the flow for the bundle that came in.
  public var bundles: [Bundle]
  /// The variables to set, before the bundles go on.
  public var assignments: [VariableAssignment]
  /// Messages for the operator; the run goes on and ends with a warning.
  public var warnings: [String]
  /// Changes of data stores, carried out in the same transaction as the entry of the journal.
  public var changes: [DataChange]
  /// What the sender of the event is answered; nil leaves that to others. It is for whoever waits
  /// now, so the journal does not keep it.
  public var answer: HookAnswer?

  /// An output of these parts.
  public init(
    _ bundles: [Bundle], assignments: [VariableAssignment] = [], warnings: [String] = [],
    changes: [DataChange] = []
  ) {
    self.bundles = bundles
    self.assignments = assignments
    self.warnings = warnings
    self.changes = changes
  }

  /// The one bundle of a search that found nothing and goes on all the same (semantics 6.2.3): it
  /// is numbered 0 of 0.
  public static let nothingFound = OperationOutput([
    ["__IMTLENGTH__": 0, "__IMTINDEX__": 0]
  ])
}

/// A variable that a module sets.
public struct VariableAssignment: Sendable, Hashable {
  /// Its name.
  public let name: String
  /// Its value.
  public let value: Value
  /// How long it lives.
  public let scope: VariableScope

  /// A variable of that name and value.
  public init(name: String, value: Value, scope: VariableScope) {
    self.name = name
    self.value = value
    self.scope = scope
  }
}

/// How long a variable lives.
public enum VariableScope: String, Sendable, CaseIterable {
  /// One cycle.
  case roundtrip
  /// The whole execution.
  case execution
}

extension Variables {
  /// Sets a variable.
  public mutating func assign(_ assignment: VariableAssignment) {
    switch assignment.scope {
    case .roundtrip: cycle[assignment.name] = assignment.value
    case .execution: execution[assignment.name] = assignment.value
    }
  }
}
