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

  private static let mostKeptConnections = 100

  private let inbox = Mutex(Inbox())
  // A curl multi handle may be woken from any thread; everything else is done by the loop's own. It is
  // made with the first job: libcurl and what it brings take longer to load than a store to open.
  private nonisolated(unsafe) static let multi: UnsafeMutableRawPointer? = {
    curl_global_init(Int(CURL_GLOBAL_DEFAULT))
    let multi = curl_multi_init()
    // Where there are more, the oldest is closed by the transfer that ends next. Servers of mail and
    // files are told so, and what they say then stands among the lines of that transfer: their
    // connections are kept apart (`pools`), those to web services are closed without a word.
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

  /// Puts a transfer among those that run. Only the loop does so: a pool is for one thread.
  private func add(
    _ transfer: CurlTransfer, to multi: UnsafeMutableRawPointer, _ pools: inout ConnectionPools
  ) {
    if let name = transfer.job.pool {
      let pool = pools.take(name, now: .now) { fettle_curl_pool() }
      fettle_curl_set_pointer(transfer.handle, CURLOPT_SHARE, pool)
    }
    curl_multi_add_handle(multi, transfer.handle)
  }

  /// Takes one out again. Its handle is given up on another thread, which must not touch the pool.
  private func remove(
    _ transfer: CurlTransfer, from multi: UnsafeMutableRawPointer, _ pools: inout ConnectionPools
  ) {
    curl_multi_remove_handle(multi, transfer.handle)
    if let name = transfer.job.pool {
      fettle_curl_set_pointer(transfer.handle, CURLOPT_SHARE, nil)
      pools.release(name, now: .now)
    }
  }

  /// Closes the connections of pools that were given up, on a thread of its own: servers are told
  /// goodbye, and one that does not answer any more would hold up all transfers.
  private static func close(_ pools: [UnsafeMutableRawPointer]) {
    guard !pools.isEmpty else { return }
    var thread = pthread_t()
    let context = Unmanaged.passRetained(Surplus(pools))
    let code = pthread_create(
      &thread, nil,
      { context in
        guard let context else { return nil }
        let surplus = Unmanaged<Surplus>.fromOpaque(context).takeRetainedValue()
        for pool in surplus.pools { curl_share_cleanup(pool) }
        return nil
      }, context.toOpaque())
    if code == 0 { pthread_detach(thread) } else { context.release() }
  }

  private final class Surplus {
    let pools: [UnsafeMutableRawPointer]
    init(_ pools: [UnsafeMutableRawPointer]) { self.pools = pools }
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
    // The kept connections of each account of mail or files. One account has fewer than are kept at
    // most, so that none is closed in the name of a transfer.
    var pools = ConnectionPools()
    while true {
      let (submitted, cancelled) = inbox.withLock { inbox in
        defer { (inbox.submitted, inbox.cancelled) = ([], []) }
        return (inbox.submitted, inbox.cancelled)
      }
      for transfer in submitted {
        running[transfer.handle] = transfer
        add(transfer, to: multi, &pools)
      }
      for transfer in cancelled {
        if running.removeValue(forKey: transfer.handle) != nil {
          remove(transfer, from: multi, &pools)
        }
        transfer.finish(.failure(.cancelled))
      }
      var count: Int32 = 0
      curl_multi_perform(multi, &count)
      var handle: UnsafeMutableRawPointer?
      var code = CURLE_OK
      while fettle_curl_next_done(multi, &handle, &code) != 0 {
        guard let handle, let transfer = running.removeValue(forKey: handle) else { continue }
        let outcome = transfer.outcome(code)
        remove(transfer, from: multi, &pools)
        transfer.finish(outcome)
      }
      Self.close(pools.givingUp(now: .now))
      // Sleeps until a socket has something or a transfer is submitted.
      curl_multi_poll(multi, nil, 0, 60_000, nil)
    }
  }
}
