/// Which places in the bundles of a record a condition is about: `order.total`, `*.email`,
/// `1.items.sku`, `1.items[2].sku`, `` `Full Name` ``.
///
/// The first part may be the number of a module; without it every bundle is looked at. `*` is any
/// one field, or any one module at the beginning. Elements of arrays are gone through by themselves,
/// where none is named by its number, as mappings count them.
public struct BundlePattern: Hashable, Sendable {
  /// One part between dots.
  public enum Part: Hashable, Sendable {
    /// A field of that name, or the module of that number at the beginning.
    case name(String)
    /// Any field.
    case any
    /// One element of an array, from 1.
    case element(Int)
  }

  /// From the outside in; at least one.
  public let parts: [Part]

  /// A pattern of these parts.
  public init(_ parts: [Part]) { self.parts = parts }

  /// Reads a pattern; nil when a part is empty, or a bracket is not closed.
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
        var name = rest.prefix { $0 != "." }
        if let bracket = name.firstIndex(of: "["), name.hasSuffix("]") { name = name[..<bracket] }
        // A bracket that is part of a name stands in back-quotes.
        guard !name.isEmpty, !name.contains(where: { $0 == "[" || $0 == "]" }) else { return nil }
        parts.append(name == "*" ? .any : .name(String(name)))
        rest = rest[name.endIndex...]
      }
      while rest.first == "[", let end = rest.firstIndex(of: "]") {
        guard let number = Int(rest[..<end].dropFirst()), number > 0 else { return nil }
        parts.append(.element(number))
        rest = rest[rest.index(after: end)...]
      }
      guard let dot = rest.first else { break }
      guard dot == "." else { return nil }
      rest = rest.dropFirst()
    }
    self.init(parts)
  }

  /// The last name in it, which every bundle it is found in must hold.
  public var innermostName: String? {
    let last = parts.last { if case .element = $0 { false } else { true } }
    if case .name(let name)? = last { return name }
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
        case .element: false
        }
      return isModule && Self.contains(bundle, parts.dropFirst(), found)
    }
  }

  private static func contains(
    _ value: Value, _ parts: ArraySlice<Part>, _ found: (Value) -> Bool
  ) -> Bool {
    if case .array(let elements) = value, case .element(let number)? = parts.first {
      guard elements.indices.contains(number - 1) else { return false }
      return contains(elements[number - 1], parts.dropFirst(), found)
    }
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
    case .element: return false
    }
  }
}

extension BundlePattern: CustomStringConvertible {
  /// The pattern as it is typed.
  public var description: String {
    parts.enumerated().map { position, part in
      let lead = position == 0 ? "" : "."
      switch part {
      case .any: return lead + "*"
      case .element(let number): return "[\(number)]"
      case .name(let name):
        let isPlain =
          !name.isEmpty && name != "*"
          && !name.contains { ".:`[] ()\"\n\t\r".contains($0) || $0.isWhitespace }
        return lead + (isPlain ? name : "`\(name)`")
      }
    }.joined()
  }
}
