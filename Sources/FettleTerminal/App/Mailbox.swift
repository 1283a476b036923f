import CNcurses
import Glibc
import Synchronization

/// Messages from other threads for the one that owns the screen. A pipe beside the keyboard wakes it.
final class Mailbox: Sendable {
  private let messages = Mutex<[Message]>([])
  /// Readable when messages wait.
  let readDescriptor: Int32
  private let writeDescriptor: Int32

  init() throws(TerminalUnavailable) {
    var ends: [Int32] = [-1, -1]
    guard fettle_open_pipe(&ends) == 0 else {
      throw TerminalUnavailable("no pipe can be opened: \(String(cString: strerror(errno)))")
    }
    readDescriptor = ends[0]
    writeDescriptor = ends[1]
  }

  deinit {
    _ = Glibc.close(readDescriptor)
    _ = Glibc.close(writeDescriptor)
  }

  func post(_ message: Message) {
    messages.withLock { $0.append(message) }
    var byte: UInt8 = 1
    // A full pipe already wakes the reader.
    _ = write(writeDescriptor, &byte, 1)
  }

  /// Waits until so many messages came, or the time is over.
  func wait(count: Int, milliseconds: Int32) {
    let deadline = EventLoop.monotonicMilliseconds() + Int(milliseconds)
    while messages.withLock({ $0.count }) < count {
      let left = deadline - EventLoop.monotonicMilliseconds()
      var state = pollfd(fd: readDescriptor, events: Int16(POLLIN), revents: 0)
      guard left > 0, poll(&state, 1, Int32(clamping: left)) >= 0 || errno == EINTR else { return }
      var byte: UInt8 = 0
      if state.revents != 0 { _ = read(readDescriptor, &byte, 1) }
    }
  }

  func collect() -> [Message] {
    messages.withLock { waiting in
      let all = waiting
      waiting = []
      return all
    }
  }
}
