/// One change an operator made to the mapping of a module in the blueprint of a record. The record
/// goes on with the changed blueprint; what stood there before is kept.
public struct MappingEdit: Hashable, Sendable {
  /// The place: the module whose mapper it is, and the way down from the mapper.
  public let path: ValuePath
  /// What stood there, as in the blueprint; nil when nothing did.
  public let old: Value?
  /// What stands there now; nil when it was taken away.
  public let new: Value?
  /// Whether the blueprint the scenario has today was changed too.
  public let isInScenario: Bool
  /// Who made it.
  public let author: String
  /// When.
  public let date: Instant

  /// A change from `old` to `new`.
  public init(
    path: ValuePath, old: Value?, new: Value?, isInScenario: Bool = false, author: String,
    date: Instant
  ) {
    self.path = path
    self.old = old
    self.new = new
    self.isInScenario = isInScenario
    self.author = author
    self.date = date
  }
}

/// What an operator changes in a record with one word: all of it, or nothing.
public struct Amendment: Hashable, Sendable {
  /// Changes of bundles.
  public var edits: [BundleEdit]
  /// Changes of mappings; they are made in `blueprint`.
  public var mappings: [MappingEdit]
  /// The blueprint the record goes on with; nil leaves the one it has.
  public var blueprint: Blueprint?
  /// The blueprint the scenario of the record has from now on too; nil leaves that alone.
  public var inScenario: InScenario?
  /// Where the record goes on instead, and what it owes from there; nil leaves it.
  public var restart: Restart?
  /// Who.
  public var author: String
  /// When.
  public var date: Instant

  /// A change of the blueprint a scenario has.
  public struct InScenario: Hashable, Sendable {
    /// What it was when the change was made; another one refuses the amendment.
    public let old: Blueprint
    /// What it is from now on.
    public let new: Blueprint

    /// A change from `old` to `new`.
    public init(from old: Blueprint, to new: Blueprint) {
      self.old = old
      self.new = new
    }
  }

  /// Another place to go on at.
  public struct Restart: Hashable, Sendable {
    /// The module.
    public let module: ModuleID
    /// What is owed when it goes on there.
    public let continuation: [OwedFrame]

    /// A place of these parts.
    public init(module: ModuleID, continuation: [OwedFrame]) {
      self.module = module
      self.continuation = continuation
    }
  }

  /// Nothing yet.
  public init(
    edits: [BundleEdit] = [], mappings: [MappingEdit] = [], blueprint: Blueprint? = nil,
    inScenario: InScenario? = nil, restart: Restart? = nil, author: String, date: Instant
  ) {
    self.edits = edits
    self.mappings = mappings
    self.blueprint = blueprint
    self.inScenario = inScenario
    self.restart = restart
    self.author = author
    self.date = date
  }
}

/// A line of a record's audit that is neither an edit nor an attempt.
public struct RecordNote: Hashable, Sendable {
  /// What happened: the event of a move, or a word such as `revealed`.
  public let event: String
  /// More about it: a reason, a place.
  public let detail: String?
  /// Who.
  public let author: String
  /// When.
  public let date: Instant

  /// A line of these parts.
  public init(_ event: String, detail: String? = nil, author: String, date: Instant) {
    self.event = event
    self.detail = detail
    self.author = author
    self.date = date
  }

  /// Somebody looked at the value of a secret field.
  public static let revealed = "revealed"
  /// What earlier modules of the run wrote to data stores for the record was undone with its cycle.
  public static let rolledBack = "rolledBack"
  /// The words that are no events of a move.
  public static let known = [revealed, rolledBack]
}

extension IncompleteExecution {
  /// The modules the record can go on at instead of the failed one, in order, that one included.
  ///
  /// Going on earlier does again what this one bundle went through; it stops where bundles split or
  /// gather, because the run went on with the other bundles from there (semantics 7.2), and where a
  /// handler or an aggregation would be entered from outside.
  public var restartPoints: [ModuleID] {
    guard let path = blueprint.path(to: summary.failer) else { return [] }
    let isSuspended = continuation.contains {
      if case .routes = $0 { false } else { true }
    }
    guard !isSuspended else { return [summary.failer] }
    var points: [ModuleID] = []
    for (position, step) in path.enumerated().reversed() {
      if step.module.id != summary.failer {
        if case .handler = step.exit { break }
        // What a module emitted in several pieces went on in several pieces.
        guard (visit(of: step.module.id)?.emitted ?? 0) <= (visit(of: step.module.id)?.passed ?? 0)
        else { break }
        // The trigger is never run again (semantics 7.3.5).
        if position == 0 { break }
      }
      points.append(step.module.id)
    }
    return points.reversed()
  }

  /// What the record owes when it goes on at another module: later routes of the routers that are
  /// still around it. A router behind that module is run as a whole.
  public func continuation(from module: ModuleID) -> [OwedFrame] {
    let around = Set(
      (blueprint.path(to: module) ?? []).dropLast().filter { $0.exit != .next }
        .map(\.module.id))
    return continuation.filter { frame in
      if case .routes(let router, _, _) = frame { return around.contains(router) }
      return true
    }
  }
}
