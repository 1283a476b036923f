/// What can be done with a store that was opened, and what of it is seen.
public enum StoreAccess: Sendable, Hashable {
  /// It can be written to.
  case writable
  /// It could be written to, but who opened it asked that nothing is; what other programs write is seen.
  case untouched
  /// It cannot be written to; what other programs write is seen.
  case followed
  /// It cannot be written to and is read as it stands: what other programs write from now on is not
  /// seen.
  case still
}

extension StoreAccess {
  /// One sentence for people; nil where there is nothing to say.
  public var remark: String? {
    switch self {
    case .writable, .untouched: nil
    case .followed: "it cannot be written to here; what other programs write is seen"
    case .still:
      "it cannot be written to here and is read as it stands: what other programs write from now on is "
        + "not seen"
    }
  }
}
