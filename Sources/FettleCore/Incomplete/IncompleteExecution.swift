/// The identity of an incomplete execution: 32 hexadecimal digits, as in Make's interface.
public struct RecordID: Hashable, Sendable, Comparable, CustomStringConvertible {
  /// The digits, in lower case.
  public let text: String

  /// The record of that identity.
  public init(_ text: String) { self.text = text }

  /// The first eight digits, which people read and type.
  public var short: String { String(text.prefix(8)) }

  /// The digits.
  public var description: String { text }

  /// By digits.
  public static func < (left: RecordID, right: RecordID) -> Bool { left.text < right.text }
}

/// The number of a scenario in its store.
public struct ScenarioID: Hashable, Sendable, CustomStringConvertible {
  /// The number, from 1.
  public let number: Int

  /// The scenario of that number.
  public init(_ number: Int) { self.number = number }

  /// The number.
  public var description: String { String(number) }
}

/// The frozen rest of an execution for one failing bundle: everything needed to see why it failed,
/// to mend it, and to run it on from the failed module (semantics 1.4).
public struct IncompleteExecution: Sendable, Hashable {
  /// What the list shows.
  public var summary: IncompleteSummary
  /// The failure, as of the last attempt.
  public var error: ModuleError
  /// The blueprint as it was when the bundle failed.
  public var blueprint: Blueprint
  /// Every bundle that can be mapped into the failed module, as they were at the failure.
  public var originalBundles: VisibleBundles
  /// What operators changed, oldest first.
  public var edits: [BundleEdit]
  /// How many of the edits, from the oldest on, are in `originalBundles` already: those made before
  /// the record moved on to a later failure of its aggregation (semantics 7.4).
  public var settledEdits = 0
  /// What operators changed in its blueprint, oldest first; `blueprint` has these changes.
  public var mappingEdits: [MappingEdit]
  /// What the failed module was given, after mapping; for people to read. A resume maps again.
  public var mappedInput: Value
  /// Variables in force at the failure. A resume begins with `currentVariables`.
  public var variables: Variables
  /// The pieces of work that fell out of the run together with the bundle, outermost first.
  public var continuation: [OwedFrame]
  /// What ran before the failure, for the drawing of the chain.
  public var visits: [ModuleVisit]
  /// The automatic retries that are planned.
  public var schedule: RetrySchedule
  /// The retries so far, oldest first.
  public var attempts: [Attempt]
  /// What became of the record, in the words of an operator, when it was closed without running.
  public var closingReason: String?
  /// The record this one continues, when a retry of that one failed at a later module.
  public var predecessor: RecordID?
  /// The record that continues this one.
  public var successor: RecordID?
  /// While a retry runs: the record as it was when it was claimed.
  public var former: IncompleteSummary?
  /// While a retry runs: who or what started it.
  public var claimedBy: AttemptTrigger?

  /// A record with nothing done to it yet.
  public init(
    summary: IncompleteSummary, error: ModuleError, blueprint: Blueprint,
    originalBundles: VisibleBundles, mappedInput: Value, variables: Variables,
    continuation: [OwedFrame], visits: [ModuleVisit], schedule: RetrySchedule,
    predecessor: RecordID? = nil
  ) {
    self.summary = summary
    self.error = error
    self.blueprint = blueprint
    self.originalBundles = originalBundles
    edits = []
    mappingEdits = []
    self.mappedInput = mappedInput
    self.variables = variables
    self.continuation = continuation
    self.visits = visits
    self.schedule = schedule
    attempts = []
    self.predecessor = predecessor
  }
}

extension IncompleteExecution {
  /// The identity.
  public var id: RecordID { summary.id }

  /// The bundles with every edit applied: what a resume maps from.
  public var bundles: VisibleBundles {
    edits.dropFirst(settledEdits).reduce(into: originalBundles) { bundles, edit in
      guard !edit.path.isVariable else { return }
      // An edit was checked against these very bundles when it was appended.
      try? bundles.apply(edit)
    }
  }

  /// The variables with every edit applied: what a resume begins with.
  public var currentVariables: Variables {
    edits.dropFirst(settledEdits).filter(\.path.isVariable).reduce(into: variables) {
      variables, edit in variables.write(edit.new, at: edit.path.steps[...])
    }
  }

  /// What can be edited: the bundles, and the variables as one more of them, at the places that begin
  /// with `var`.
  public var editable: VisibleBundles {
    bundles.adding(currentVariables.merged, of: ValuePath.variables)
  }

  /// The same as they were at the failure: what a change is told against.
  public var originalEditable: VisibleBundles {
    originalBundles.adding(variables.merged, of: ValuePath.variables)
  }

  /// Module and bundle, as Make's interface gives them: the failed module holds its error (semantics
  /// 1.4).
  public var bundlesWithError: Collection {
    var fields: Collection = [:]
    for entry in bundles.entries { fields[entry.module.description] = .collection(entry.bundle) }
    fields[summary.failer.description] = [
      "error": ["type": .text(error.type.rawValue), "message": .text(error.message)]
    ]
    return fields
  }

  /// The failed module, as it was.
  public var failedModule: ModuleNode? { blueprint.module(summary.failer) }

  /// Whether the module stands in the part of the flow that has not run yet.
  public func visit(of module: ModuleID) -> ModuleVisit? { visits.first { $0.module == module } }
}

/// One record as a list shows it, without its data.
public struct IncompleteSummary: Sendable, Hashable {
  /// The identity.
  public let id: RecordID
  /// The scenario.
  public var scenarioID: ScenarioID
  /// Its name at the failure.
  public var scenarioName: String
  /// The position in the queue of the scenario, from 1, in the order of creation.
  public var index: Int
  /// The execution that stored it.
  public var executionID: String
  /// The failed module.
  public var failer: ModuleID
  /// What people call the failed module.
  public var failerTitle: String
  /// The kind of the failure.
  public var errorType: ErrorType
  /// The message of the failure.
  public var reason: String
  /// When it was stored.
  public var created: Instant
  /// The size of its bundles and its blueprint, in bytes.
  public var size: Int
  /// Where it is in its life.
  public var state: IncompleteState
  /// When Fettle tries again by itself; nil when it does not.
  public var nextRetry: Instant?
  /// The number of retries so far.
  public var attempts: Int
  /// The number of planned automatic retries, so that `attempts` can be read as "2 of 5".
  public var plannedAttempts: Int
  /// Goes up by one with every change. A change that names another version is refused.
  public var version: Int
  /// Whether its data lies in the store for everybody to read.
  public var seal: Seal = .open

  /// A summary of these parts.
  public init(
    id: RecordID, scenarioID: ScenarioID, scenarioName: String, index: Int, executionID: String,
    failer: ModuleID, failerTitle: String, errorType: ErrorType, reason: String, created: Instant,
    size: Int, state: IncompleteState, nextRetry: Instant?, attempts: Int = 0,
    plannedAttempts: Int = 0, version: Int = 1
  ) {
    self.id = id
    self.scenarioID = scenarioID
    self.scenarioName = scenarioName
    self.index = index
    self.executionID = executionID
    self.failer = failer
    self.failerTitle = failerTitle
    self.errorType = errorType
    self.reason = reason
    self.created = created
    self.size = size
    self.state = state
    self.nextRetry = nextRetry
    self.attempts = attempts
    self.plannedAttempts = plannedAttempts
    self.version = version
  }

  /// Whether Fettle retries it by itself. A property of the record: a Break directive sets it for
  /// any type (semantics 9).
  public var retry: Bool { nextRetry != nil && (state == .pending || state == .inProgress) }
}

/// Whether the data of a record can be read by whoever has the store (semantics D28).
public enum Seal: Int, Sendable, CaseIterable {
  /// It can.
  case open
  /// Its scenario is confidential: the data opens with the key only.
  case sealed
  /// Its scenario is confidential, and the data was removed when the record was resolved.
  case removed

  /// The seal as a word in a list; nil where there is none.
  public var word: String? {
    switch self {
    case .open: nil
    case .sealed: "sealed"
    case .removed: "removed"
    }
  }
}

/// Custom variables, by scope.
public struct Variables: Sendable, Hashable {
  /// Those that live as long as a cycle (`roundtrip`).
  public var cycle: Collection
  /// Those that live as long as the execution.
  public var execution: Collection

  /// No variables.
  public init(cycle: Collection = [:], execution: Collection = [:]) {
    self.cycle = cycle
    self.execution = execution
  }

  /// The value of a variable; one of the cycle hides one of the execution.
  public subscript(name: String) -> Value? { cycle[name] ?? execution[name] }

  /// All of them, as modules that read them see them.
  public var merged: Collection {
    cycle.fields.reduce(into: execution) { $0[$1.name] = $1.value }
  }

  /// Writes to a place inside the variables, or takes away what stands there: in the scope the
  /// variable is read from, and a new one in that of the cycle, since a retry is one. Without steps a
  /// collection takes the place of all of them.
  mutating func write(_ value: Value?, at steps: ArraySlice<ValuePath.Step>) {
    if steps.isEmpty, let all = value?.collection {
      for name in merged.names where all[name] == nil { write(nil, at: [.field(name)]) }
      for field in all.fields where self[field.name] != field.value {
        write(field.value, at: [.field(field.name)])
      }
      return
    }
    guard case .field(let name)? = steps.first else { return }
    if value == nil, steps.count == 1 {
      (cycle[name], execution[name]) = (nil, nil)
      return
    }
    let isOfExecution = cycle[name] == nil && execution[name] != nil
    var scope = Value.collection(isOfExecution ? execution : cycle)
    guard scope.write(value, at: steps), let scope = scope.collection else { return }
    if isOfExecution { execution = scope } else { cycle = scope }
  }
}

/// A piece of work that a run owes because a bundle fell out of it: on the way from the point where
/// bundles split up to the failed module (semantics 7.2).
public enum OwedFrame: Sendable, Hashable {
  /// The later routes of a router.
  /// - Parameters:
  ///   - route: the route that was being run, counted from 0.
  ///   - passedAny: whether the bundle passed the filter of any route, which decides the fallback.
  case routes(router: ModuleID, after: Int, passedAny: Bool)
  /// The bundles of a module that were not processed because the failure stopped the run.
  case bundles(module: ModuleID, remaining: [Bundle])
  /// An aggregation that was suspended (semantics 7.4).
  /// - Parameters:
  ///   - waiting: its aggregators that have not emitted.
  ///   - items: what they took in before the failure.
  case aggregation(source: ModuleID, waiting: [ModuleID], items: [AggregatedItem])
  /// What the pieces further out can map from although the failed module cannot: the bundles inside of the
  /// branch it stands behind the merge of.
  case hidden(VisibleBundles)
}

/// What an aggregator took in of one bundle.
public struct AggregatedItem: Sendable, Hashable {
  /// The aggregator.
  public let aggregator: ModuleID
  /// The key of the group; nil when it does not group.
  public let key: Value?
  /// Its mapper, evaluated.
  public let fields: Collection

  /// An item of these parts.
  public init(aggregator: ModuleID, key: Value?, fields: Collection) {
    self.aggregator = aggregator
    self.key = key
    self.fields = fields
  }
}

/// What a module did before the failure, in the run that stored the record.
public struct ModuleVisit: Sendable, Hashable {
  /// The module.
  public let module: ModuleID
  /// The bundles that came to its filter.
  public var seen: Int
  /// The bundles its filter let through.
  public var passed: Int
  /// The bundles it sent on.
  public var emitted: Int
  /// The bundles it failed on, handled or not.
  public var failed: Int

  /// Nothing done yet.
  public init(module: ModuleID, seen: Int = 0, passed: Int = 0, emitted: Int = 0, failed: Int = 0) {
    self.module = module
    self.seen = seen
    self.passed = passed
    self.emitted = emitted
    self.failed = failed
  }
}

/// One retry of a record.
public struct Attempt: Sendable, Hashable {
  /// Counted from 1.
  public let number: Int
  /// Who or what started it.
  public let trigger: AttemptTrigger
  /// The execution it was.
  public let executionID: String
  /// When it began.
  public let started: Instant
  /// When it ended.
  public let ended: Instant
  /// What came of it.
  public let outcome: Outcome

  /// What a retry can come to.
  public enum Outcome: Sendable, Hashable {
    /// The rest of the flow was completed.
    case resolved
    /// It failed at the same module.
    case failed(ModuleError)
    /// It got on and failed at a later operation. That made a new record; where a suspended
    /// aggregation failed again there is none: the record stands there itself now (semantics 7.4).
    case failedElsewhere(ModuleError, at: ModuleID, record: RecordID?)
    /// The worker died.
    case interrupted

    /// It in one word, as interfaces name it.
    public var word: String {
      switch self {
      case .resolved: "resolved"
      case .failed: "failed"
      case .failedElsewhere: "failedElsewhere"
      case .interrupted: "interrupted"
      }
    }
  }

  /// A retry of these parts.
  public init(
    number: Int, trigger: AttemptTrigger, executionID: String, started: Instant, ended: Instant,
    outcome: Outcome
  ) {
    self.number = number
    self.trigger = trigger
    self.executionID = executionID
    self.started = started
    self.ended = ended
    self.outcome = outcome
  }
}

/// Who or what started a retry (semantics 1.6).
public enum AttemptTrigger: String, Sendable, CaseIterable {
  /// The schedule of the record.
  case auto
  /// An operator, for this record.
  case manual
  /// An operator, for many records at once.
  case bulk
}
