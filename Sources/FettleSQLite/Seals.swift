import FettleCore

/// Seals what confidential scenarios leave in the store, and opens it again (semantics D28).
///
/// Sealed and open values lie in the same columns; the first byte tells them apart, so that what was
/// stored before a scenario became confidential can still be read. Large values of confidential
/// scenarios are not put aside: a digest of their content would tell who holds the same.
struct Seals: Sendable {
  let sealing: any Sealing

  /// What a sealed value belongs to; it opens nowhere else.
  enum Owner {
    case record(RecordID)
    case execution(String)
    /// An event in a queue, and the bundles an execution was opened with: the one becomes the other.
    case event

    fileprivate var context: String {
      switch self {
      case .record(let id): "record \(id)"
      case .execution(let id): "execution \(id)"
      case .event: "event"
      }
    }
  }

  /// No stored value begins with it: they begin with the version of their form.
  private static let mark: UInt8 = 0xFE

  static func isSealed(_ bytes: [UInt8]) -> Bool { bytes.first == mark }

  /// A sealed value, sealed anew with the key of today.
  func renewed(_ bytes: [UInt8], of owner: Owner) throws(SealingError) -> [UInt8] {
    let opened = try sealing.open(Array(bytes.dropFirst()), for: owner.context)
    return [Self.mark] + (try sealing.seal(opened, for: owner.context))
  }

  /// Whether a sealed value, of which the beginning will do, was sealed with the key of today.
  func isCurrent(_ bytes: [UInt8]) throws(SealingError) -> Bool {
    try sealing.isCurrent(Array(bytes.dropFirst()))
  }

  /// Closes a stored value.
  func sealed(_ value: Value, of owner: Owner) throws(StoreError) -> [UInt8] {
    do throws(SealingError) {
      return [Self.mark]
        + (try sealing.seal(ValueCodec.encode(value), for: owner.context))
    } catch { throw .sealed(error) }
  }

  /// The bytes of a stored value; what is not sealed comes back as it is.
  func opened(_ bytes: [UInt8], of owner: Owner) throws(StoreError) -> [UInt8] {
    guard Self.isSealed(bytes) else { return bytes }
    do throws(SealingError) {
      return try sealing.open(Array(bytes.dropFirst()), for: owner.context)
    } catch { throw .sealed(error) }
  }
}
