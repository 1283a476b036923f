import Crypto

/// The number of a webhook: what a blueprint names as `hook` in the parameters of its trigger.
public struct HookID: Hashable, Sendable, Comparable, CustomStringConvertible {
  /// The number, from 1.
  public let number: Int

  /// The webhook of that number.
  public init(_ number: Int) { self.number = number }

  /// The number.
  public var description: String { String(number) }

  /// By number.
  public static func < (left: HookID, right: HookID) -> Bool { left.number < right.number }
}

/// An address that takes events in for a scenario.
public struct Hook: Sendable, Hashable {
  /// The number.
  public let id: HookID
  /// The last part of its address. Who knows it may send, so it cannot be guessed.
  public let address: String
  /// The scenario its events are for; nil while none listens, and then nothing is accepted.
  public var scenario: ScenarioID?
  /// What its owner has set.
  public var settings: HookSettings

  /// A webhook of these parts.
  public init(
    id: HookID, address: String, scenario: ScenarioID?, settings: HookSettings = HookSettings()
  ) {
    self.id = id
    self.address = address
    self.scenario = scenario
    self.settings = settings
  }

  /// The most a payload may be: 5 MB (semantics 6.10).
  public static let largestPayload = 5_000_000
  /// How long a sender waits for the answer of a scenario, in seconds, before it is told that its
  /// event was accepted (semantics 6.10).
  public static let answerSeconds = 300
}

/// What the owner of a webhook sets.
public struct HookSettings: Sendable, Hashable {
  /// What people call it.
  public var name = ""
  /// Whether it takes events in.
  public var isEnabled = true
  /// What a sender must prove to know; nil lets the address alone decide.
  public var secret: HookSecret?
  /// How many events may wait. Make's largest queue (semantics 6.10).
  public var queueLength = 10_000
  /// How many events a second are taken in; nil sets no limit. Make shares a service among its
  /// customers and sets one; here the length of the queue is what protects the machine.
  public var perSecond: Int?
  /// Whether bundles carry `__IMTHEADERS__`, the headers of the request.
  public var keepsHeaders = false
  /// Whether bundles carry `__IMTMETHOD__`, the method of the request.
  public var keepsMethod = false
  /// Whether JSON is not read but handed on as a text, in the field `value`.
  public var passesJSONThrough = false

  /// The standard settings.
  public init() {}
}

/// A secret that a sender and a webhook share.
public enum HookSecret: Sendable, Hashable {
  /// A header that carries the secret itself. Only its digest is kept.
  case header(name: String, digest: [UInt8])
  /// A header that carries an HMAC of the body, as hexadecimal digits, perhaps behind `sha256=`, or
  /// as base64.
  case signature(header: String, function: HashFunctionName, key: Key)

  /// What a sender signs with. Unlike a secret that is only compared, it has to be had again.
  public enum Key: Sendable, Hashable {
    /// As it is: in memory, and in stores of the time when keys were not sealed.
    case open(String)
    /// Sealed with a key that is kept away from the store.
    case sealed([UInt8])
  }

  /// The functions senders sign with.
  public enum HashFunctionName: String, Sendable, CaseIterable {
    case sha1, sha256, sha512
  }

  /// A header that carries this secret.
  public static func header(name: String, secret: String) -> HookSecret {
    .header(name: name, digest: [UInt8](SHA256.hash(data: Array(secret.utf8))))
  }

  /// The header a sender proves itself with.
  public var headerName: String {
    switch self {
    case .header(let name, _), .signature(let name, _, _): name
    }
  }

  /// Whether what a request carries in the header proves that its sender knows the secret. It takes
  /// as long for a wrong secret as for a right one.
  public func isProven(by header: String?, of body: [UInt8]) -> Bool {
    guard let header else { return false }
    switch self {
    case .header(_, let digest):
      return Self.isSame([UInt8](SHA256.hash(data: Array(header.utf8))), digest)
    case .signature(_, _, .sealed): return false
    case .signature(_, let function, .open(let key)):
      let key = SymmetricKey(data: Array(key.utf8))
      let code: [UInt8] =
        switch function {
        case .sha1: [UInt8](HMAC<Insecure.SHA1>.authenticationCode(for: body, using: key))
        case .sha256: [UInt8](HMAC<SHA256>.authenticationCode(for: body, using: key))
        case .sha512: [UInt8](HMAC<SHA512>.authenticationCode(for: body, using: key))
        }
      let written = header.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let given =
        written.count == 2 && written[0].lowercased() == function.rawValue
        ? String(written[1]) : header
      return Self.isSame(Array(given.lowercased().utf8), Array(code.hexadecimal.utf8))
        || Self.isSame(Array(given.utf8), Array(Buffer(code).base64.utf8))
    }
  }

  /// The secret as it is stored: a key that has to be had again is sealed.
  /// - Parameter address: the address of its webhook; the key opens nowhere else.
  public func sealed(
    by sealing: any Sealing, at address: String
  ) throws(SealingError) -> HookSecret {
    guard case .signature(let header, let function, .open(let key)) = self else { return self }
    let sealed = try sealing.seal(Array(key.utf8), for: Self.context(address))
    return .signature(header: header, function: function, key: .sealed(sealed))
  }

  /// The secret as senders are checked with it.
  public func opened(
    by sealing: any Sealing, at address: String
  ) throws(SealingError) -> HookSecret {
    guard case .signature(let header, let function, .sealed(let sealed)) = self else { return self }
    let key = try sealing.open(sealed, for: Self.context(address))
    return .signature(
      header: header, function: function, key: .open(String(decoding: key, as: UTF8.self)))
  }

  /// What the key of a webhook is sealed for.
  public static func context(_ address: String) -> String { "webhook \(address)" }

  private static func isSame(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    guard left.count == right.count else { return false }
    return zip(left, right).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
  }
}

extension Sequence<UInt8> {
  /// The bytes as hexadecimal digits, in lower case.
  public var hexadecimal: String {
    let digits = Array("0123456789abcdef".utf8)
    return String(
      decoding: flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }
}

extension Blueprint {
  /// The number of the webhook its trigger names: `hook`, or `__IMTHOOK__` where it belongs to an
  /// app (blueprints 9, 12).
  public var namedHook: HookID? {
    guard let parameters = flow.first?.parameters else { return nil }
    for name in ["hook", "__IMTHOOK__"] {
      guard let value = parameters[name], !value.isNull, value.text != "" else { continue }
      if let number = Coercion.number(value)?.integer, number >= 1 { return HookID(number) }
    }
    return nil
  }

  /// Whether its trigger takes events in: a webhook of its own, or one of an app.
  public var takesEvents: Bool {
    guard let trigger = flow.first else { return false }
    // An export that was cleaned names a webhook of an app by a text that is no number.
    return trigger.type == "gateway:CustomWebHook" || namedHook != nil
      || trigger.parameters["__IMTHOOK__"] != nil
  }

  /// Whether it says itself what the sender of an event is answered.
  public var answersEvents: Bool { allModules.contains { $0.type == "gateway:WebhookRespond" } }
}
