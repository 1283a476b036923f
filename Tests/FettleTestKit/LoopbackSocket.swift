import Glibc

/// A server that is none: it takes connections and does one wrong thing with them.
public final class LoopbackSocket: Sendable {
  /// What it does wrong.
  public enum Fault: Sendable {
    /// Takes no connections: nobody listens at the port.
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
  public var port: UInt16 { listener.port }
  private let listener: LoopbackListener

  /// Opens a port of the loopback interface.
  public init(_ fault: Fault) {
    let serve: @Sendable (Int32) -> Void = { Self.mistreat($0, fault) }
    listener = LoopbackListener(fault == .refused ? nil : serve)
  }

  private static func mistreat(_ connection: Int32, _ fault: Fault) {
    var request = [UInt8](repeating: 0, count: 4096)
    if fault != .hangsUp { _ = read(connection, &request, request.count) }
    // Who never answers keeps the connection.
    guard fault != .silent else { return }
    if fault == .garbage {
      let answer = Array("SSH-2.0-OpenSSH_9.2\r\n\r\n".utf8)
      _ = send(connection, answer, answer.count, Int32(MSG_NOSIGNAL))
    }
    close(connection)
  }
}
