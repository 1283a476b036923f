/// Whether a store can be worked with, for those who watch over it (durability 5).
public protocol StoreHealth: Sendable {
  /// The file.
  var path: String { get }

  /// What the file system has free for the store, in bytes; nil where it does not say.
  var freeBytes: Int? { get }

  /// What keeps the store from being written to; nil when nothing does. It answers within two seconds,
  /// whatever the store does.
  /// - Parameter probing: writes something to find out. Otherwise it says what is known from what was
  ///   written anyway, and from the room that is left; trouble that is known ends with a write in any
  ///   case.
  func trouble(probing: Bool) async -> StoreTrouble?

  /// The scenarios whose blueprint of today cannot be read, by name. The others are not concerned.
  func unreadableScenarios() async throws(StoreError) -> [UnreadableScenario]
}

/// A scenario whose blueprint of today cannot be read.
public struct UnreadableScenario: Sendable, Hashable {
  /// The scenario.
  public let id: ScenarioID
  /// Its name.
  public let name: String
  /// What is wrong with the blueprint.
  public let reason: String

  /// A scenario that cannot be run.
  public init(id: ScenarioID, name: String, reason: String) {
    self.id = id
    self.name = name
    self.reason = reason
  }
}

/// What keeps a store from being written to.
public struct StoreTrouble: Sendable, Hashable {
  /// What writing it came to.
  public let error: StoreError
  /// Since when.
  public let since: Instant

  /// Trouble since then.
  public init(_ error: StoreError, since: Instant) {
    self.error = error
    self.since = since
  }
}
