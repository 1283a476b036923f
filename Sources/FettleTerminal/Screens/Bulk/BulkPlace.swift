import FettleEngine
import Glibc
import Synchronization

/// Where the action on many records that runs now is found, to stop it; and what it tells of its way,
/// ten times a second at most.
final class BulkPlace: Sendable {
  private struct Content {
    var run: BulkRun?
    var lastReport = 0
    /// What is still to be told; the newest counts.
    var latest: BulkProgress?
  }

  private let content = Mutex(Content())

  func put(_ run: BulkRun?) {
    content.withLock { content in
      content.run = run
      content.latest = nil
    }
  }

  func stop() { content.withLock { $0.run }?.stop() }

  /// The time between two reports, in milliseconds.
  private static let pace = 100

  /// Tells how far it is, now or soon: what comes last is told in any case, because the record after it
  /// may take a minute.
  func report(_ progress: BulkProgress, to mailbox: Mailbox) {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    let now = time.tv_sec * 1000 + time.tv_nsec / 1_000_000
    let (isDue, isFirstToWait) = content.withLock { content -> (Bool, Bool) in
      guard now - content.lastReport < Self.pace else {
        content.lastReport = now
        content.latest = nil
        return (true, false)
      }
      defer { content.latest = progress }
      return (false, content.latest == nil)
    }
    if isDue { mailbox.post(.bulk(.progressed(progress))) }
    guard isFirstToWait else { return }
    Task.detached { [self] in
      try? await Task.sleep(for: .milliseconds(Self.pace))
      let latest = content.withLock { content in
        defer { content.latest = nil }
        return content.latest
      }
      if let latest { mailbox.post(.bulk(.progressed(latest))) }
    }
  }
}
