import Glibc

/// A port of the loopback interface, as the system's calls want it told.
struct LoopbackPort {
  /// Its number; 0 for one that the system chooses.
  let number: UInt16

  /// A socket of TCP that no program inherits which a test starts meanwhile.
  static func socket() -> Int32 {
    Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
  }

  /// Takes the port for a socket.
  /// - Returns: whether nobody else has it.
  func bind(_ descriptor: Int32) -> Bool {
    withAddress { Glibc.bind(descriptor, $0, $1) } == 0
  }

  /// Connects a socket to whoever listens there.
  /// - Returns: whether somebody does.
  func connect(_ descriptor: Int32) -> Bool {
    withAddress { Glibc.connect(descriptor, $0, $1) } == 0
  }

  /// The port a socket has.
  init(of descriptor: Int32) {
    var address = sockaddr_in()
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        _ = getsockname(descriptor, $0, &length)
      }
    }
    number = UInt16(bigEndian: address.sin_port)
  }

  init(_ number: UInt16) { self.number = number }

  private func withAddress<Result>(
    _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
  ) -> Result {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = number.bigEndian
    address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
    return withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
  }
}
