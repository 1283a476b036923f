import CCurl
import Glibc
import Synchronization

/// Carries all transfers of the process, whatever the protocol, on one thread: any number of
/// operations wait at once.
public final class Transport: Sendable {
  /// The transport of the process.
  public static let shared = Transport()

  private struct Inbox {
    var submitted: [CurlTransfer] = []
    var cancelled: [CurlTransfer] = []
    var isStarted = false
  }

  /// What its thread is called where the system lists threads (at most 15 characters).
  static let threadName = "fettle-curl"

  private static let mostKeptConnections = 500

  private let inbox = Mutex(Inbox())
  // A curl multi handle may be woken from any thread; everything else is done by the loop's own. It is
  // made with the first job: libcurl and what it brings take longer to load than a store to open.
  private nonisolated(unsafe) static let multi: UnsafeMutableRawPointer? = {
    curl_global_init(Int(CURL_GLOBAL_DEFAULT))
    let multi = curl_multi_init()
    // Where there are more, the oldest is closed by the transfer that ends next, whose reply code and
    // lines then are those of a leave that is not its own. Those that nobody uses are closed after two
    // minutes in any case, without a word.
    fettle_curl_keep_connections(multi, mostKeptConnections)
    return multi
  }()
  private var multi: UnsafeMutableRawPointer? { Self.multi }

  private init() {}

  /// Carries out a job and waits for the answer. Cancelling the task ends the transfer.
  func perform(_ job: CurlJob) async -> Result<CurlAnswer, TransferFailure> {
    guard multi != nil, let transfer = CurlTransfer(job) else {
      return .failure(
        .curl(CURLE_OUT_OF_MEMORY.rawValue, "out of memory", reply: 0, lines: []))
    }
    return await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        transfer.expect(continuation)
        let mustStart = inbox.withLock { inbox in
          inbox.submitted.append(transfer)
          defer { inbox.isStarted = true }
          return !inbox.isStarted
        }
        if mustStart { start() }
        wake()
      }
    } onCancel: {
      inbox.withLock { $0.cancelled.append(transfer) }
      wake()
    }
  }

  private func wake() {
    if let multi { curl_multi_wakeup(multi) }
  }

  private func start() {
    var thread = pthread_t()
    let context = Unmanaged.passRetained(self).toOpaque()
    pthread_create(
      &thread, nil,
      { context in
        guard let context else { return nil }
        fettle_curl_name_thread(Transport.threadName)
        Unmanaged<Transport>.fromOpaque(context).takeRetainedValue().loop()
        return nil
      }, context)
    pthread_detach(thread)
  }

  private func loop() {
    guard let multi else { return }
    var running: [UnsafeMutableRawPointer: CurlTransfer] = [:]
    while true {
      let (submitted, cancelled) = inbox.withLock { inbox in
        defer { (inbox.submitted, inbox.cancelled) = ([], []) }
        return (inbox.submitted, inbox.cancelled)
      }
      for transfer in submitted {
        running[transfer.handle] = transfer
        curl_multi_add_handle(multi, transfer.handle)
      }
      for transfer in cancelled {
        if running.removeValue(forKey: transfer.handle) != nil {
          curl_multi_remove_handle(multi, transfer.handle)
        }
        transfer.finish(.failure(.cancelled))
      }
      var count: Int32 = 0
      curl_multi_perform(multi, &count)
      var handle: UnsafeMutableRawPointer?
      var code = CURLE_OK
      while fettle_curl_next_done(multi, &handle, &code) != 0 {
        guard let handle, let transfer = running.removeValue(forKey: handle) else { continue }
        curl_multi_remove_handle(multi, handle)
        transfer.finish(transfer.outcome(code))
      }
      // Sleeps until a socket has something or a transfer is submitted.
      curl_multi_poll(multi, nil, 0, 60_000, nil)
    }
  }
}
