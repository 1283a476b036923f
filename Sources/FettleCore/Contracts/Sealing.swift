/// Closes what must not be readable in the store, and opens it again.
///
/// What is sealed is also proved: bytes that were changed, or were moved to another place, do not
/// open. The key is kept away from the store, so that a copy of the store tells nothing.
public protocol Sealing: Sendable {
  /// Closes bytes.
  /// - Parameter context: what they are and whose, for example `connection mail`. They open only
  ///   under the same context; it is not kept with them.
  func seal(_ bytes: [UInt8], for context: String) throws(SealingError) -> [UInt8]

  /// Opens what `seal` closed.
  func open(_ sealed: [UInt8], for context: String) throws(SealingError) -> [UInt8]

  /// Whether something was closed with the key that closes today. What was closed with the one before
  /// opens for as long as that is there.
  /// - Parameter sealed: what `seal` gave; its first 64 bytes will do.
  func isCurrent(_ sealed: [UInt8]) throws(SealingError) -> Bool
}

/// Where there is no key: nothing can be sealed, and nothing that was sealed can be opened.
public struct NoSealing: Sealing {
  /// Sealing without a key.
  public init() {}

  /// Refuses.
  public func seal(_ bytes: [UInt8], for context: String) throws(SealingError) -> [UInt8] {
    throw .unavailable(place: "this program", reason: "it was given none")
  }

  /// Refuses.
  public func open(_ sealed: [UInt8], for context: String) throws(SealingError) -> [UInt8] {
    throw .unavailable(place: "this program", reason: "it was given none")
  }

  /// Refuses.
  public func isCurrent(_ sealed: [UInt8]) throws(SealingError) -> Bool {
    throw .unavailable(place: "this program", reason: "it was given none")
  }
}

/// Why something cannot be sealed or opened. Each says what to do next; none holds the key.
public enum SealingError: Error, Hashable, Sendable, CustomStringConvertible {
  /// There is no key where one is looked for.
  case missingKey(place: String)
  /// Others than its owner may read the file of the key.
  case keyReadableByOthers(path: String, mode: String)
  /// What is there is no key of 32 bytes.
  case noKey(place: String)
  /// The key cannot be read, made or asked for.
  case unavailable(place: String, reason: String)
  /// It was sealed with another key.
  case otherKey(place: String)
  /// It was changed since it was sealed, or belongs to something else.
  case damaged

  /// One sentence for people.
  public var description: String {
    switch self {
    case .missingKey(let place):
      "the key that opens sealed data is missing: \(place) is not there; put it back, or name its "
        + "file with FETTLE_KEY_FILE; where nothing is sealed yet, 'openssl rand -hex 32' makes one"
    case .keyReadableByOthers(let path, let mode):
      "the key in \(path) may be read by others (mode \(mode)); make it yours alone with "
        + "'chmod 600 \(path)'"
    case .noKey(let place):
      "\(place) gives no key: 64 hexadecimal digits are expected, as "
        + "'openssl rand -hex 32' prints them"
    case .unavailable(let place, let reason):
      "the key that opens sealed data cannot be had from \(place): \(reason); put that right, or name "
        + "another place with FETTLE_KEY_FILE or FETTLE_KEY_COMMAND"
    case .otherKey(let place):
      "it was sealed with another key than that of \(place); name the right one with "
        + "FETTLE_KEY_FILE or FETTLE_KEY_COMMAND"
    case .damaged:
      "the sealed data was changed, or belongs to something else, and cannot be trusted"
    }
  }
}
