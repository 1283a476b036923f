import Glibc

/// Whom `no_proxy` takes out, by the rules of curl (its manual, "NO_PROXY"): hosts with everything below
/// them, addresses, networks, or `*` for all.
struct NoProxy {
  private let entries: [Substring]

  init(_ list: String) {
    entries = list.split { $0 == "," || $0 == " " || $0 == "\t" }
  }

  /// Whether a host is asked without a proxy.
  func contains(_ host: String) -> Bool {
    let host = Self.plain(Substring(host))
    let address = Self.address(host)
    return entries.contains { entry in
      if entry == "*" { return entries.count == 1 }
      guard let address else {
        let name = Self.plain(entry.first == "." ? entry.dropFirst() : entry)
        return !name.isEmpty && (host == name || host.hasSuffix("." + name))
      }
      let parts = entry.split(separator: "/", maxSplits: 1)
      guard let written = parts.first, let network = Self.address(Self.plain(written)),
        network.count == address.count
      else { return false }
      guard parts.count == 2 else { return network == address }
      guard let bits = Int(parts[1]), (0...address.count * 8).contains(bits) else { return false }
      return zip(network, address).enumerated().allSatisfy { index, bytes in
        let counted = min(max(bits - index * 8, 0), 8)
        return (bytes.0 ^ bytes.1) >> (8 - counted) == 0
      }
    }
  }

  /// In lower case, without the dot of the root and the brackets of IPv6.
  private static func plain(_ name: Substring) -> String {
    var name = name
    if name.first == "[", name.last == "]" { name = name.dropFirst().dropLast() }
    if name.last == "." { name = name.dropLast() }
    return name.lowercased()
  }

  /// The bytes of an address of IPv4 or IPv6; nil for a name.
  private static func address(_ text: String) -> [UInt8]? {
    for (family, size) in [(AF_INET, 4), (AF_INET6, 16)] {
      var bytes = [UInt8](repeating: 0, count: size)
      if inet_pton(family, text, &bytes) == 1 { return bytes }
    }
    return nil
  }
}
