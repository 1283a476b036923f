import ArgumentParser
import FettleService
import Glibc

/// Where the daemon listens, as it is told: `127.0.0.1:8080`, `[::1]:8080`, `localhost:8080`, `none`.
struct Listen: ExpressibleByArgument, Equatable {
  /// Nil to listen nowhere.
  let address: Service.Address?

  /// Only this machine reaches it.
  static let standard = Listen(address: Service.Address(host: "127.0.0.1", port: 8080))

  private init(address: Service.Address?) { self.address = address }

  /// As help shows it.
  var defaultValueDescription: String {
    address.map { "\($0.host):\($0.port)" } ?? "none"
  }

  /// Reads it. Names other than `localhost` are not looked up: what they mean may change, and with it
  /// who can reach the daemon.
  init?(argument: String) {
    if argument == "none" {
      address = nil
      return
    }
    guard let colon = argument.lastIndex(of: ":"),
      let port = Int(argument[argument.index(after: colon)...]), (0...65_535).contains(port)
    else { return nil }
    var host = String(argument[..<colon])
    if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
    if host == "localhost" { host = "127.0.0.1" }
    var v4 = in_addr()
    var v6 = in6_addr()
    guard inet_pton(AF_INET, host, &v4) == 1 || inet_pton(AF_INET6, host, &v6) == 1 else {
      return nil
    }
    address = Service.Address(host: host, port: port)
  }
}

extension Service.Address {
  /// As a URL begins with it.
  var url: String { host.contains(":") ? "http://[\(host)]:\(port)" : "http://\(host):\(port)" }
}
