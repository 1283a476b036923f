/// Which places in the bundles of a record a condition is about: `order.total`, `*.email`,
/// `1.items.sku`, `` `Full Name` ``.
///
/// The first part may be the number of a module; without it every bundle is looked at. `*` is any
/// one field, or any one module at the beginning. Elements of arrays are gone through by themselves.
public struct BundlePattern: Hashable, Sendable {
  /// One part between dots.
  public enum Part: Hashable, Sendable {
    /// A field of that name, or the module of that number at the beginning.
    case name(String)
    /// Any field.
    case any
  }

  /// From the outside in; at least one.
  public let parts: [Part]

  /// A pattern of these parts.
  public init(_ parts: [Part]) { self.parts = parts }

  /// Reads a pattern; nil when a part is empty.
  public init?(_ text: some StringProtocol) {
    var parts: [Part] = []
    var rest = Substring(text)
    while true {
      if rest.first == "`" {
        rest = rest.dropFirst()
        guard let end = rest.firstIndex(of: "`") else { return nil }
        parts.append(.name(String(rest[..<end])))
        rest = rest[rest.index(after: end)...]
      } else {
        let name = rest.prefix { $0 != "." }
        guard !name.isEmpty else { return nil }
        parts.append(name == "*" ? .any : .name(String(name)))
        rest = rest.dropFirst(name.count)
      }
      guard let dot = rest.first else { break }
      guard dot == "." else { return nil }
      rest = rest.dropFirst()
    }
    self.init(parts)
  }

  /// The last name in it, which every bundle it is found in must hold.
  public var innermostName: String? {
    if case .name(let name)? = parts.last { return name }
    return nil
  }

  /// Calls `found` with every value the pattern is about, until it answers true.
  /// - Returns: whether it did.
  public func contains(
    in bundles: VisibleBundles, where found: (Value) -> Bool
  ) -> Bool {
    bundles.entries.contains { entry in
      let bundle = Value.collection(entry.bundle)
      if Self.contains(bundle, parts[...], found) { return true }
      guard parts.count > 1 else { return false }
      let isModule =
        switch parts[0] {
        case .any: true
        case .name(let name): name == String(entry.module.number)
        }
      return isModule && Self.contains(bundle, parts.dropFirst(), found)
    }
  }

  private static func contains(
    _ value: Value, _ parts: ArraySlice<Part>, _ found: (Value) -> Bool
  ) -> Bool {
    if case .array(let elements) = value, !parts.isEmpty || !elements.isEmpty {
      return elements.contains { contains($0, parts, found) }
    }
    guard let part = parts.first else { return found(value) }
    guard case .collection(let collection) = value else { return false }
    switch part {
    case .name(let name):
      return collection[name].map { contains($0, parts.dropFirst(), found) } ?? false
    case .any:
      return collection.fields.contains { contains($0.value, parts.dropFirst(), found) }
    }
  }
}

extension BundlePattern: CustomStringConvertible {
  /// The pattern as it is typed.
  public var description: String {
    parts.map { part in
      switch part {
      case .any: "*"
      case .name(let name):
        name.isEmpty || name == "*"
          || name.contains { ".:` ()\"\n\t\r".contains($0) || $0.isWhitespace }
          ? "`\(name)`" : name
      }
    }.joined(separator: ".")
  }
}
