import Crypto
public import FettleCore
import Synchronization

/// Sealing with a key: ChaCha20-Poly1305 of swift-crypto, a fresh nonce each time.
///
/// The key is looked for when it is first needed, so that who seals nothing needs none. Sealed bytes
/// are a version, the first four bytes of the key's digest - by which another key is told from data
/// that was tampered with - and nonce, cipher text and tag. What was sealed with the key before this
/// one opens, too, while that lies beside it: keys are changed while programs work on the store.
public final class KeyedSealing: Sealing {
  private let source: KeySource?
  private let formerSource: KeySource?
  private let known = Mutex(Known())

  private struct Known {
    var key: [UInt8]?
    /// The file the key was read from, as it was then.
    var stamp: KeySource.Stamp?
    var former: [UInt8]?
  }

  private static let version: UInt8 = 1
  private static let headerSize = 5

  /// Sealing with the key from that place; nil is a place that is not there.
  /// - Parameter former: where the key is that was sealed with before; the one beside it by itself.
  public init(_ source: KeySource? = .environment, former: KeySource? = nil) {
    self.source = source
    formerSource = former ?? source?.former
  }

  /// Closes bytes; makes the key where there is none and one may be made.
  public func seal(_ bytes: [UInt8], for context: String) throws(SealingError) -> [UInt8] {
    let key = try key(orMake: Self.freshKey)
    do {
      let box = try ChaChaPoly.seal(
        bytes, using: SymmetricKey(data: key), authenticating: Self.context(context))
      return [Self.version] + Self.mark(of: key) + Array(box.combined)
    } catch { throw .unavailable(place: place, reason: "\(error)") }
  }

  /// Opens what was sealed; never makes a key.
  public func open(_ sealed: [UInt8], for context: String) throws(SealingError) -> [UInt8] {
    let first = try key(orMake: nil)
    guard sealed.count > Self.headerSize, let mark = Self.mark(in: sealed) else { throw .damaged }
    guard let key = try key(of: mark, first) else { throw .otherKey(place: place) }
    do {
      let box = try ChaChaPoly.SealedBox(combined: sealed[Self.headerSize...])
      return Array(
        try ChaChaPoly.open(
          box, using: SymmetricKey(data: key), authenticating: Self.context(context)))
    } catch { throw .damaged }
  }

  /// Why the key cannot be had that somebody named (`FETTLE_KEY_FILE`), for whoever should hear of it
  /// before it is needed; nil where none was named. A command is not run for it: a password safe may ask
  /// its owner.
  public var problem: SealingError? {
    guard case .file(_, isMade: false)? = source else { return nil }
    do throws(SealingError) { _ = try key(orMake: nil) } catch { return error }
    return nil
  }

  /// Whether something was sealed with the key that seals today.
  public func isCurrent(_ sealed: [UInt8]) throws(SealingError) -> Bool {
    Self.mark(in: sealed) == Self.mark(of: try key(orMake: nil))
  }

  private var place: String { source?.place ?? "~/.config/fettle/key" }

  /// The key that leaves a mark, of those that can be had.
  private func key(
    of mark: [UInt8], _ first: [UInt8]
  ) throws(SealingError) -> [UInt8]? {
    if mark == Self.mark(of: first) { return first }
    if case .file? = source {
      // Another key may lie there by now. A command is not asked again: it may ask a person.
      known.withLock { $0.key = nil }
      let key = try key(orMake: nil)
      if mark == Self.mark(of: key) { return key }
    }
    if let former = known.withLock({ $0.former }), mark == Self.mark(of: former) { return former }
    guard let former = try formerSource?.keyIfThere(), mark == Self.mark(of: former) else {
      return nil
    }
    known.withLock { $0.former = former }
    return former
  }

  private func key(orMake fresh: (() -> [UInt8])?) throws(SealingError) -> [UInt8] {
    guard let source else { throw .missingKey(place: place) }
    let found = known.withLock { known -> Result<[UInt8], SealingError> in
      // A file that another key was put into is read again, so that nothing new is sealed with the old
      // one. While there is none, the key that is known will do.
      let stamp = source.stamp
      if let key = known.key, stamp == nil || stamp == known.stamp { return .success(key) }
      do throws(SealingError) {
        let key = try source.key(orMake: fresh)
        (known.key, known.stamp) = (key, stamp)
        return .success(key)
      } catch { return .failure(error) }
    }
    return try found.get()
  }

  static func freshKey() -> [UInt8] {
    SymmetricKey(size: .bits256).withUnsafeBytes(Array.init)
  }

  private static func mark(in sealed: [UInt8]) -> [UInt8]? {
    sealed.count >= headerSize && sealed[0] == version ? Array(sealed[1..<headerSize]) : nil
  }

  private static func mark(of key: [UInt8]) -> [UInt8] {
    Array(SHA256.hash(data: Array("fettle key".utf8) + key).prefix(4))
  }

  private static func context(_ context: String) -> [UInt8] { Array("fettle \(context)".utf8) }
}
