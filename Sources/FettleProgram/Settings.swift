public import FettleCore
public import FettleEngine
import Glibc

/// What is set from outside for every program on a store.
public struct Settings: Sendable {
  /// How much may wait to be mended: `FETTLE_SCENARIO_LIMIT` and `FETTLE_STORE_LIMIT`, in bytes.
  public var limits = StoreLimits()
  /// The time zone of schedules and dates, where a scenario has none: `FETTLE_ZONE`.
  public var zone = "UTC"
  /// Which product counts where Fusion and Make disagree: `FETTLE_PROFILE`, `fusion` or `make`.
  public var profile = Profile.fusion
  /// What becomes of a duplicate that a service refuses: `FETTLE_DUPLICATES`, `fail` or `data`, which
  /// stores it as other data that is refused.
  public var treatsDuplicatesAsData = false
  /// What the status 500 of a service means: `FETTLE_HTTP_500`, `RuntimeError` or `ConnectionError`.
  public var internalServerError = ErrorType.runtime
  /// When stored failures are retried, where a scenario does not say: `FETTLE_RETRIES`, `fusion` or
  /// `make`.
  public var retries = RetrySchedule.fusion
  /// What becomes of failures of confidential scenarios: `FETTLE_CONFIDENTIAL`, `sealed` or `strict`.
  public var confidentiality = Confidentiality.sealed
  /// How long a worker may stay silent before its work is taken over: `FETTLE_LEASE`, in seconds.
  public var leaseSeconds = 30
  /// How long a command that prints a secret may take: `FETTLE_SECRET_SECONDS`. A password safe may ask
  /// a person.
  public var secretSeconds = 60

  /// The standard settings.
  public init() {}

  /// What of the environment does not fit, one sentence each. Nothing is worked on with settings that
  /// are not those that were meant: who misspells `strict` must not find failures stored.
  public private(set) var problems: [String] = []

  /// The standard settings, with what the environment says.
  public static var environment: Settings {
    var settings = Settings()
    func read<Value>(_ name: String, _ fitting: String, _ value: (String) -> Value?) -> Value? {
      guard let word = FettleProgram.environment(name), !word.isEmpty else { return nil }
      if let value = value(word) { return value }
      settings.problems.append("\(name) is \(fitting), not '\(word)'")
      return nil
    }
    func number(_ name: String, of what: String) -> Int? {
      read(name, "a number of \(what) from 1") { Int($0).flatMap { $0 > 0 ? $0 : nil } }
    }
    let byScenario = number("FETTLE_SCENARIO_LIMIT", of: "bytes")
    let byStore = number("FETTLE_STORE_LIMIT", of: "bytes")
    let lease = number("FETTLE_LEASE", of: "seconds")
    let secret = number("FETTLE_SECRET_SECONDS", of: "seconds")
    let zone = read("FETTLE_ZONE", "a time zone such as Europe/Prague") {
      Schedule.isZone($0) ? $0 : nil
    }
    let profile = read("FETTLE_PROFILE", "fusion or make", Profile.init(rawValue:))
    let duplicates = read("FETTLE_DUPLICATES", "fail or data") {
      ["fail": false, "data": true][$0]
    }
    let status = read("FETTLE_HTTP_500", "RuntimeError or ConnectionError") { name in
      [ErrorType.runtime, .connection].first { $0.rawValue == name }
    }
    let retries = read("FETTLE_RETRIES", "fusion or make", RetrySchedule.named)
    let confidentiality = read(
      "FETTLE_CONFIDENTIAL", "sealed or strict", Confidentiality.init(rawValue:))
    if let byScenario { settings.limits.scenarioBytes = byScenario }
    if let byStore { settings.limits.storeBytes = byStore }
    if let lease { settings.leaseSeconds = lease }
    if let secret { settings.secretSeconds = secret }
    if let zone { settings.zone = zone }
    if let profile { (settings.profile, settings.retries) = (profile, profile.retries) }
    if let retries { settings.retries = retries }
    if let duplicates { settings.treatsDuplicatesAsData = duplicates }
    if let status { settings.internalServerError = status }
    if let confidentiality { settings.confidentiality = confidentiality }
    return settings
  }
}

func environment(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
