import FettleEngine
import Glibc
import Synchronization

/// Where the action on many records that runs now is found, to stop it.
final class BulkPlace: Sendable {
  private struct Content {
    var run: BulkRun?
    var lastReport = 0
  }

  private let content = Mutex(Content())

  func put(_ run: BulkRun?) { content.withLock { $0.run = run } }

  func stop() { content.withLock { $0.run }?.stop() }

  /// Whether a tenth of a second has gone by since it was last said.
  var shallReport: Bool {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    let now = time.tv_sec * 1000 + time.tv_nsec / 1_000_000
    return content.withLock { content in
      guard now - content.lastReport >= 100 else { return false }
      content.lastReport = now
      return true
    }
  }
}
