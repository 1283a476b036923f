/// The test vectors and real blueprints that lie beside a checkout, where they do.
public enum Conformance {
  /// The folder of the checkout.
  public static let root: String = {
    var parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
    parts.removeLast(3)
    return parts.joined(separator: "/")
  }()

  /// The folder of the vectors.
  public static let folder = root + "/../shared/conformance"
}
