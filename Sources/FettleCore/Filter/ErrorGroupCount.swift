/// How many records a group has.
public struct ErrorGroupCount: Sendable, Hashable {
  /// The group.
  public let fingerprint: Int64
  /// The kind of the failure.
  public let errorType: ErrorType
  /// What people call the failed module.
  public let moduleTitle: String
  /// The message without what differs from bundle to bundle.
  public let text: String
  /// The message of the newest of them, as it was.
  public let example: String
  /// Those that are neither resolved nor deleted, by state.
  public let byState: [IncompleteState: Int]
  /// When the newest of them was stored.
  public let newest: Instant

  /// A group of these parts.
  public init(
    fingerprint: Int64, errorType: ErrorType, moduleTitle: String, text: String,
    example: String? = nil, byState: [IncompleteState: Int], newest: Instant
  ) {
    self.fingerprint = fingerprint
    self.errorType = errorType
    self.moduleTitle = moduleTitle
    self.text = text
    self.example = example ?? text
    self.byState = byState
    self.newest = newest
  }

  /// All of them.
  public var records: Int { byState.values.reduce(0, +) }
}

/// The names of modules and the kinds of failures that occur among records.
public struct FailureNames: Sendable, Hashable {
  /// What people call the failed modules.
  public let modules: [String]
  /// The kinds of the failures.
  public let errorTypes: [ErrorType]

  /// These names.
  public init(modules: [String] = [], errorTypes: [ErrorType] = []) {
    self.modules = modules
    self.errorTypes = errorTypes
  }
}
