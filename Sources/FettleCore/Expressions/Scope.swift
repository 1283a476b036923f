/// What an expression can see.
public struct Scope: Sendable {
  /// The bundles of the modules before this one on the executed path.
  public var bundles: VisibleBundles
  /// What `var.…` reads: `input`, `scenario`, `team`, `organization`.
  public var variables: Collection
  /// What `now` and `timestamp` read. One instant for the whole evaluation.
  public var now: Instant
  /// The scenario time zone by its IANA name; an unknown name counts as UTC.
  public var timeZone: String { didSet { zone = TimeZoneRules.named(timeZone) ?? .utc } }
  /// What `executionId` and `executionID` read.
  public var executionID: String
  /// What `scenarioID` reads.
  public var scenarioID: String
  /// What `scenarioName` reads.
  public var scenarioName: String
  /// What `triggerTimestamp` reads; null when nil.
  public var triggerTimestamp: Instant?
  /// What `operationsConsumed` reads; null when nil.
  public var operationsConsumed: Int?
  /// Whether `=` holds for values of one type only. The default is the loose comparison of 16.2: a
  /// number equals a text that spells it.
  public var comparesStrictly = false
  /// A number from 0 up to, not including, 1.
  public var random: @Sendable () -> Double
  /// A version 4 UUID in its 36 characters.
  public var uuid: @Sendable () -> String

  private(set) var zone: TimeZoneRules

  /// A scope. Clock, random and ids are passed in, so that a run can be repeated exactly.
  public init(
    bundles: KeyValuePairs<ModuleID, Bundle> = [:], now: Instant,
    variables: Collection = Collection(),
    timeZone: String = "UTC", executionID: String = "", scenarioID: String = "",
    scenarioName: String = "", triggerTimestamp: Instant? = nil, operationsConsumed: Int? = nil,
    random: @escaping @Sendable () -> Double = { Double.random(in: 0..<1) },
    uuid: @escaping @Sendable () -> String = { Scope.randomUUID() }
  ) {
    self.bundles = VisibleBundles(bundles)
    self.variables = variables
    self.now = now
    self.timeZone = timeZone
    self.executionID = executionID
    self.scenarioID = scenarioID
    self.scenarioName = scenarioName
    self.triggerTimestamp = triggerTimestamp
    self.operationsConsumed = operationsConsumed
    self.random = random
    self.uuid = uuid
    zone = TimeZoneRules.named(timeZone) ?? .utc
  }

  /// A version 4 UUID (RFC 9562) from the random numbers of the system.
  public static func randomUUID() -> String {
    var generator = SystemRandomNumberGenerator()
    let high = generator.next() & 0xFFFF_FFFF_FFFF_0FFF | 0x4000
    let low = generator.next() & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000
    var text: [UInt8] = []
    let digits = Array("0123456789abcdef".utf8)
    for place in 0..<32 {
      if [8, 12, 16, 20].contains(place) { text.append(UInt8(ascii: "-")) }
      let word = place < 16 ? high : low
      text.append(digits[Int(word >> UInt64(60 - place % 16 * 4) & 15)])
    }
    return String(decoding: text, as: UTF8.self)
  }
}

/// Why an expression has no value.
public struct ExpressionError: Error, Hashable, Sendable, CustomStringConvertible {
  /// Always `DataError` (section 14).
  public var type: ErrorType { .data }
  /// What happened, told from the outermost call inwards:
  /// `Function 'if' finished with error! Function 'and' not found!`.
  public let message: String
  /// The template.
  public let expression: String
  /// Where in the template, in characters from 1.
  public let position: Int
  /// The value that did not fit, when one is to blame.
  public let value: Value?

  /// An error at a place of a template.
  public init(message: String, expression: String, position: Int, value: Value?) {
    self.message = message
    self.expression = expression
    self.position = position
    self.value = value
  }

  /// The message.
  public var description: String { message }
}

/// A failure on its way out of an evaluation. Boxed: a thrown error travels through every frame.
struct Failure: Error {
  final class Detail: Sendable {
    let message: String
    let value: Value?
    let offset: Int?

    init(message: String, value: Value?, offset: Int?) {
      self.message = message
      self.value = value
      self.offset = offset
    }
  }

  let detail: Detail

  init(_ message: String, value: Value? = nil, offset: Int? = nil) {
    detail = Detail(message: message, value: value, offset: offset)
  }

  /// The failure as the call around it reports it; the innermost place stays.
  func inside(function name: String, offset: Int) -> Failure {
    Failure(
      "Function '\(name)' finished with error! \(detail.message)", value: detail.value,
      offset: detail.offset ?? offset)
  }

  /// The failure with a place, unless it has one.
  func at(_ offset: Int) -> Failure {
    detail.offset == nil ? Failure(detail.message, value: detail.value, offset: offset) : self
  }
}
