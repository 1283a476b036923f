import Glibc

/// A port of the loopback interface that belongs to one test, with a thread that takes connections.
///
/// The descriptor has one owner at a time: who lets go of the listener shuts it down, and the thread,
/// which alone closes it, does so only after that. A descriptor that was closed twice would be
/// somebody else's the second time.
final class LoopbackListener: Sendable {
  /// The port.
  let port: UInt16
  private let descriptor: Int32
  private let isServed: Bool

  /// Takes a port.
  /// - Parameter serve: does what is to be done with a connection, which is its own to close; nil
  ///   keeps the port without listening, so that connections to it are refused and nobody else is
  ///   given it.
  init(_ serve: (@Sendable (Int32) -> Void)?) {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
        _ = bind(descriptor, generic, length)
        _ = getsockname(descriptor, generic, &length)
      }
    }
    port = UInt16(bigEndian: address.sin_port)
    self.descriptor = descriptor
    isServed = serve != nil
    guard let serve else { return }
    listen(descriptor, 128)
    LoopbackThread.start { Self.run(descriptor, serve) }
  }

  deinit {
    if isServed {
      shutdown(descriptor, Int32(SHUT_RDWR))
    } else {
      close(descriptor)
    }
  }

  private static func run(_ descriptor: Int32, _ serve: (Int32) -> Void) {
    while true {
      let connection = accept(descriptor, nil, nil)
      if connection >= 0 {
        // What another test starts must not keep the connection open.
        _ = fcntl(connection, F_SETFD, FD_CLOEXEC)
        serve(connection)
      } else if errno == EINVAL {
        // It was shut down.
        close(descriptor)
        return
      } else {
        usleep(1000)
      }
    }
  }
}
