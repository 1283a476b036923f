import Glibc

/// A server that is none: it takes connections and does one wrong thing with them.
public final class LoopbackSocket: Sendable {
  /// What it does wrong.
  public enum Fault: Sendable {
    /// Takes no connections: the port is free.
    case refused
    /// Closes the connection as soon as something was asked.
    case reset
    /// Answers something that is not HTTP.
    case garbage
    /// Never answers.
    case silent
    /// Closes the connection before anything is said.
    case hangsUp
  }

  /// The port.
  public let port: UInt16
  private let descriptor: Int32

  /// Opens a port of the loopback interface.
  public init(_ fault: Fault) {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
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
    guard fault != .refused else {
      close(descriptor)
      return
    }
    listen(descriptor, 16)
    var thread = pthread_t()
    let context = Unmanaged.passRetained(Context(descriptor, fault)).toOpaque()
    pthread_create(
      &thread, nil,
      { context in
        guard let context else { return nil }
        Unmanaged<Context>.fromOpaque(context).takeRetainedValue().serve()
        return nil
      }, context)
    pthread_detach(thread)
  }

  deinit { shutdown(descriptor, Int32(SHUT_RDWR)) }

  private final class Context {
    let descriptor: Int32
    let fault: Fault

    init(_ descriptor: Int32, _ fault: Fault) {
      self.descriptor = descriptor
      self.fault = fault
    }

    func serve() {
      while true {
        let connection = accept(descriptor, nil, nil)
        guard connection >= 0 else {
          close(descriptor)
          return
        }
        if fault == .hangsUp {
          close(connection)
          continue
        }
        var request = [UInt8](repeating: 0, count: 4096)
        _ = read(connection, &request, request.count)
        switch fault {
        case .garbage:
          let answer = Array("SSH-2.0-OpenSSH_9.2\r\n\r\n".utf8)
          _ = write(connection, answer, answer.count)
          close(connection)
        case .silent: break
        case .reset, .refused, .hangsUp: close(connection)
        }
      }
    }
  }
}
