import Glibc

/// Tells other programs that a session lives, for as long as this program does, however it ends: a
/// socket whose name is the session's. It is in no file system, and the kernel takes it away with the
/// program, so that nothing stays behind.
struct LivingSession {
  private let socket: Int32

  init(_ session: Session) {
    socket = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard socket >= 0 else { return }
    // Where it cannot be bound the session passes for one that has ended: what is kept in it may be
    // offered elsewhere, and is kept again with the next change here.
    _ = session.withSocketName { Glibc.bind(socket, $0, $1) }
  }

  /// Lets others have what is kept in it.
  func end() { if socket >= 0 { close(socket) } }
}

extension Session {
  /// Whether the program whose session it is runs, on this machine.
  var isAlive: Bool {
    guard !name.isEmpty else { return false }
    let socket = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard socket >= 0 else { return false }
    defer { close(socket) }
    return withSocketName { connect(socket, $0, $1) } == 0
  }

  /// Calls `body` with the name of its socket: what no other session has, after a zero that keeps it
  /// out of the file system (unix(7), "abstract").
  fileprivate func withSocketName(
    _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
  ) -> Int32 {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let room = MemoryLayout.size(ofValue: address.sun_path)
    let bytes =
      [0] + Array(("fettle-session-" + name.suffix(while: { $0 != "#" })).utf8.prefix(room - 1))
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
    let head = MemoryLayout<sockaddr_un>.size - room
    return withUnsafePointer(to: address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        body($0, socklen_t(head + bytes.count))
      }
    }
  }
}

extension String {
  /// What follows the last character that `isInside` is false for.
  fileprivate func suffix(while isInside: (Character) -> Bool) -> Substring {
    guard let last = lastIndex(where: { !isInside($0) }) else { return self[...] }
    return self[index(after: last)...]
  }
}
