import Glibc

/// A server that passes requests on.
struct Proxy: Sendable, Hashable {
  /// `http://host:port`, or another scheme that curl knows for proxies.
  var address: String
  var user: String?
  var password: String?
  /// The connection that names it; nil for that of the program.
  var connection: String?
  /// The variable of the environment that names it.
  var variable: String?

  /// How messages name it: without what it holds to prove who asks.
  var target: String { HTTPRequest.target(of: address) }

  /// The proxy that curl takes by itself for an address, by the environment of the program (curl's
  /// manual, "Environment"). `HTTP_PROXY` is none of these: a client of a CGI program could set it.
  static func ofProgram(
    for url: String,
    variable value: (String) -> String? = { getenv($0).map { String(cString: $0) } }
  ) -> Proxy? {
    let scheme = url.firstRange(of: "://").map { url[..<$0.lowerBound].lowercased() } ?? ""
    let excepted = ["no_proxy", "NO_PROXY"].lazy.compactMap(value).first
    if let excepted, NoProxy(excepted).contains(host(of: url)) { return nil }
    let own = scheme.isEmpty ? [] : ["\(scheme)_proxy"] + upperCase(scheme)
    for name in own + ["all_proxy", "ALL_PROXY"] {
      guard let address = value(name), !address.isEmpty else { continue }
      var proxy = Proxy(address: address, variable: name)
      let authority =
        address.firstRange(of: "://").map { address[$0.upperBound...] } ?? address[...]
      proxy.user = authority.lastIndex(of: "@").map { at in
        String(authority[..<at].prefix { $0 != ":" })
      }
      return proxy
    }
    return nil
  }

  /// The host of an address, an address of IPv6 in its brackets.
  private static func host(of url: String) -> String {
    let target = HTTPRequest.target(of: url)
    let start = target.firstRange(of: "://")?.upperBound ?? target.startIndex
    let authority = target[start...].prefix { $0 != "/" }
    if let end = authority.lastIndex(of: "]") { return String(authority[...end]) }
    return String(authority.prefix { $0 != ":" })
  }

  private static func upperCase(_ scheme: String) -> [String] {
    scheme == "http" ? [] : ["\(scheme.uppercased())_PROXY"]
  }

  /// What to do where it does not let in who asks.
  var advice: String {
    if let connection {
      return "put the right ones in with 'fettle connection add \(connection) proxy --replace'"
    }
    guard let variable else { return Self.advice }
    return "put the right ones into the variable \(variable) of the program's environment"
  }

  /// The same where nothing is known of the proxy.
  static let advice = "give the program a proxy with user and password, or another way out"
}
