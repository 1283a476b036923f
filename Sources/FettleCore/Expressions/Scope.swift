/// What an expression can see.
public struct Scope: Sendable {
  /// The bundles of the modules before.
  public var bundles: [ModuleID: Bundle]
  /// What `var.…` reads: `input`, `scenario`, `team`, `organization`.
  public var variables: Collection
  /// What `now` is.
  public var now: Instant
  /// The zone of dates without one, as an IANA name.
  public var timeZone: String
  /// The run.
  public var executionID: String
  /// The scenario.
  public var scenarioID: String
  /// Its name.
  public var scenarioName: String
  /// A number from 0 up to, but not including, 1.
  public var random: @Sendable () -> Double
  /// A fresh UUID.
  public var uuid: @Sendable () -> String

  /// What can be seen.
  public init(
    bundles: [ModuleID: Bundle] = [:], variables: Collection = [:], now: Instant,
    timeZone: String = "UTC", executionID: String = "", scenarioID: String = "",
    scenarioName: String = "",
    random: @escaping @Sendable () -> Double = { SystemClock().random() },
    uuid: @escaping @Sendable () -> String = { SystemClock().uuid() }
  ) {
    self.bundles = bundles
    self.variables = variables
    self.now = now
    self.timeZone = timeZone
    self.executionID = executionID
    self.scenarioID = scenarioID
    self.scenarioName = scenarioName
    self.random = random
    self.uuid = uuid
  }
}

/// Why an expression has no value.
public struct ExpressionError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The kind of failure this is for the module: always `DataError` (expression-language 14).
  public let type: ErrorType
  /// What happened, each enclosing call first.
  public let message: String
  /// The template.
  public let expression: String
  /// Where in it, counted from 1 in characters.
  public let position: Int
  /// The value that did not fit.
  public let value: Value?

  init(_ message: String, in expression: String, at position: Int, value: Value? = nil) {
    type = .data
    self.message = message
    self.expression = expression
    self.position = position
    self.value = value
  }

  /// The message.
  public var description: String { message }
}
