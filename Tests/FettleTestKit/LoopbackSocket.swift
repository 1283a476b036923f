import Glibc

/// A server that is none: it takes connections and does one wrong thing with them.
public final class LoopbackSocket: Sendable {
  /// What it does wrong.
  public enum Fault: Sendable {
    /// Takes no connections: nobody listens at the port.
    case refused
    /// Resets the connection as soon as something was asked.
    case reset
    /// Answers something that is not HTTP.
    case garbage
    /// Never answers.
    case silent
    /// Closes the connection before anything is said.
    case hangsUp
    /// Resets the connection before anything is said.
    case resetsAtOnce
    /// Says something that no protocol knows before anything was asked, and hangs up.
    case babbles
  }

  /// The port.
  public var port: UInt16 { listener.port }
  private let listener: LoopbackListener

  /// Opens a port of the loopback interface.
  public init(_ fault: Fault) {
    let serve: @Sendable (Int32) -> Void = { Self.mistreat($0, fault) }
    listener = LoopbackListener(fault == .refused ? nil : serve)
  }

  private static func mistreat(_ connection: Int32, _ fault: Fault) {
    if fault == .babbles { say("SSH-1.0 ! nobody understands this\r\n\r\n", to: connection) }
    var request = [UInt8](repeating: 0, count: 4096)
    if ![.hangsUp, .resetsAtOnce, .babbles].contains(fault) {
      _ = read(connection, &request, request.count)
    }
    // Who never answers keeps the connection.
    guard fault != .silent else { return }
    if fault == .garbage { say("SSH-2.0-OpenSSH_9.2\r\n\r\n", to: connection) }
    if [.reset, .resetsAtOnce].contains(fault) {
      Self.reset(connection)
    } else {
      close(connection)
    }
  }

  /// Ends a connection so that the other side sees that it was reset rather than closed.
  static func reset(_ connection: Int32) {
    var option = linger(l_onoff: 1, l_linger: 0)
    setsockopt(
      connection, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
    close(connection)
  }

  private static func say(_ text: String, to connection: Int32) {
    let bytes = Array(text.utf8)
    _ = send(connection, bytes, bytes.count, Int32(MSG_NOSIGNAL))
  }
}
