import Glibc
import Synchronization

/// A real HTTP service on the loopback interface that answers `{"ok":true}` and counts what arrived:
/// a request is counted as soon as its bytes are there.
public final class CountingHTTP: Sendable {
  /// The base URL, without a slash at the end.
  public let base: String
  private let listener: LoopbackListener
  private let counts: Counts

  private final class Counts: Sendable {
    let byPath = Mutex<[String: Int]>([:])
  }

  /// Starts it.
  public init() {
    let counts = Counts()
    self.counts = counts
    let answer = LoopbackHTTP.Answer(
      200, #"{"ok":true}"#, headers: ["Content-Type": "application/json"])
    listener = LoopbackListener { descriptor in
      LoopbackThread.start {
        var connection = HTTPConnection(descriptor)
        while let request = connection.request() {
          counts.byPath.withLock { $0[String(request.path.dropFirst()), default: 0] += 1 }
          guard connection.send(answer, to: request) else { break }
        }
        close(descriptor)
      }
    }
    base = "http://127.0.0.1:\(listener.port)"
  }

  /// How often a path was asked for, by path without the slash.
  public func count(_ path: String) -> Int { counts.byPath.withLock { $0[path] ?? 0 } }

  /// The paths that were asked for more than once.
  public var repeated: [String] {
    counts.byPath.withLock { $0.filter { $0.value > 1 }.map(\.key).sorted() }
  }
}
