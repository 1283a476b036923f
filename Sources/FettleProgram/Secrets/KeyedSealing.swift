import Crypto
public import FettleCore
import Synchronization

/// Sealing with one key: ChaCha20-Poly1305 of swift-crypto, a fresh nonce each time.
///
/// The key is looked for when it is first needed, so that who seals nothing needs none. Sealed bytes
/// are a version, the first four bytes of the key's digest - by which another key is told from data
/// that was tampered with - and nonce, cipher text and tag.
public final class KeyedSealing: Sealing {
  private let source: KeySource?
  private let known = Mutex<[UInt8]?>(nil)

  private static let version: UInt8 = 1
  private static let headerSize = 5

  /// Sealing with the key from that place; nil is a place that is not there.
  public init(_ source: KeySource? = .environment) { self.source = source }

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
    var key = try key(orMake: nil)
    guard sealed.count > Self.headerSize, sealed[0] == Self.version else { throw .damaged }
    let mark = Array(sealed[1..<Self.headerSize])
    if mark != Self.mark(of: key), case .file? = source {
      // Another key may lie there by now. A command is not asked again: it may ask a person.
      known.withLock { $0 = nil }
      key = try self.key(orMake: nil)
    }
    guard mark == Self.mark(of: key) else { throw .otherKey(place: place) }
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

  private var place: String { source?.place ?? "~/.config/fettle/key" }

  private func key(orMake fresh: (() -> [UInt8])?) throws(SealingError) -> [UInt8] {
    guard let source else { throw .missingKey(place: place) }
    let found = known.withLock { known -> Result<[UInt8], SealingError> in
      if let known { return .success(known) }
      do throws(SealingError) {
        let key = try source.key(orMake: fresh)
        known = key
        return .success(key)
      } catch { return .failure(error) }
    }
    return try found.get()
  }

  private static func freshKey() -> [UInt8] {
    SymmetricKey(size: .bits256).withUnsafeBytes(Array.init)
  }

  private static func mark(of key: [UInt8]) -> [UInt8] {
    Array(SHA256.hash(data: Array("fettle key".utf8) + key).prefix(4))
  }

  private static func context(_ context: String) -> [UInt8] { Array("fettle \(context)".utf8) }
}
