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
    let descriptor = LoopbackPort.socket()
    _ = LoopbackPort(0).bind(descriptor)
    port = LoopbackPort(of: descriptor).number
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
