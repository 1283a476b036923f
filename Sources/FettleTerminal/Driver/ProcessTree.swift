import Glibc

/// The programs a program started.
enum ProcessTree {
  /// A process and all that came from it, as far as the system tells.
  static func all(from process: pid_t) -> [pid_t] {
    var all = [process]
    var next = 0
    while next < all.count, all.count < 1000 {
      all += children(of: all[next])
      next += 1
    }
    return all
  }

  /// Tells a process and all that came from it that their terminal goes, and waits until they are gone;
  /// not for ever.
  static func hangUp(from process: pid_t, milliseconds: Int) {
    var left = all(from: process)
    for process in left { kill(process, SIGHUP) }
    let deadline = EventLoop.monotonicMilliseconds() + milliseconds
    while true {
      left.removeAll { !isAlive($0) }
      guard !left.isEmpty, EventLoop.monotonicMilliseconds() < deadline else { return }
      usleep(2000)
    }
  }

  /// Whether a process runs: one nobody has asked for yet after its end does not.
  private static func isAlive(_ process: pid_t) -> Bool {
    let file = open("/proc/\(process)/stat", O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return false }
    defer { close(file) }
    var bytes = [UInt8](repeating: 0, count: 512)
    let count = read(file, &bytes, bytes.count)
    // The state stands behind the name, which stands in parentheses and may have any in it.
    guard count > 0, let end = bytes[..<count].lastIndex(of: UInt8(ascii: ")")), end + 2 < count
    else { return false }
    return bytes[end + 2] != UInt8(ascii: "Z") && bytes[end + 2] != UInt8(ascii: "X")
  }

  private static func children(of process: pid_t) -> [pid_t] {
    let file = open("/proc/\(process)/task/\(process)/children", O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return [] }
    defer { close(file) }
    var bytes = [UInt8](repeating: 0, count: 4096)
    let count = read(file, &bytes, bytes.count)
    guard count > 0 else { return [] }
    return String(decoding: bytes[..<count], as: UTF8.self).split(separator: " ").compactMap {
      pid_t($0)
    }
  }
}
