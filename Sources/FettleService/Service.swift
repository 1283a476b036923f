public import FettleCore
public import FettleEngine
public import Logging

/// The daemon as others reach it: webhooks, the API, its health and its metrics, on one address.
public final class Service: Sendable {
  private let store: any ServiceStore
  private let runner: ScenarioRunner
  private let logger: Logger
  private let front: HTTPFront
  private let webhooks: Webhooks
  private let errands: Errands
  private let callBacks: CallBacks
  private let retries: RequestedRetries
  private let intake: EventIntake

  /// Where it listens.
  public struct Address: Sendable, Hashable {
    /// An address of the machine, in numbers.
    public let host: String
    /// The port; 0 takes a free one.
    public let port: Int

    /// An address.
    public init(host: String, port: Int) {
      self.host = host
      self.port = port
    }

    /// Whether only this machine reaches it.
    public var isLoopback: Bool { host == "::1" || host.hasPrefix("127.") }
  }

  /// A service.
  /// - Parameters:
  ///   - sealing: opens the keys that senders of webhooks sign with.
  ///   - callBack: tells an address (`callbackUrl`) what a run came to; the error says why it could not.
  ///   - width: how many events of a scenario are processed at once, at most.
  ///   - report: told what came of runs and retries it began.
  ///   - isListening: told the address once connections are accepted.
  public init(
    store: any ServiceStore, runner: ScenarioRunner, address: Address,
    sealing: (any Sealing)? = nil,
    callBack: (@Sendable (String, Value) async -> ModuleError?)? = nil,
    limits: ServiceLimits = ServiceLimits(), width: Int = 16, retriesAtOnce: Int = 3,
    metrics: ServiceMetrics = ServiceMetrics(), logger: Logger,
    report: @escaping @Sendable (Scheduler.Event) -> Void,
    isListening: @escaping @Sendable (Address) -> Void
  ) {
    self.store = store
    self.runner = runner
    self.logger = logger
    let errands = Errands()
    let callBacks = CallBacks(store: store, clock: runner.clock, tell: callBack, logger: logger)
    let senders = Senders()
    let intake = EventIntake(
      runner: runner, queue: store, width: width,
      answer: { senders.deliver($1, to: $0) }, report: report)
    let retries = RequestedRetries(
      runner: runner, requests: store, atOnce: retriesAtOnce, report: report)
    let webhooks = Webhooks(
      stores: store, runner: runner, sealing: sealing, limits: limits, senders: senders,
      logger: logger
    ) { intake.ring(for: $0) }
    let api = API(
      store: store, runner: runner, retries: retries, intake: intake, errands: errands,
      callBacks: callBacks, hooksChanged: { webhooks.forget() })
    let health = Health(store: store, runner: runner, metrics: metrics)
    self.errands = errands
    self.callBacks = callBacks
    self.intake = intake
    self.retries = retries
    self.webhooks = webhooks
    front = HTTPFront(
      host: address.host, port: address.port, limits: limits, logger: logger,
      answer: { request in
        guard let segments = request.segments else {
          return APIError(404, "Not found.").answer
        }
        switch segments.first {
        case "hook" where segments.count == 2:
          let began = ContinuousClock.now
          let answer = await webhooks.answer(request, at: segments[1])
          metrics.webhookAnswered(answer.status, after: .now - began)
          return answer
        case "api" where segments.dropFirst().first == "v2":
          let answer = await api.answer(request, Array(segments.dropFirst(2)))
          metrics.count("fettle_api_requests_total", ("status", "\(answer.status)"))
          return answer
        case "health" where segments.count == 1: return await health.answer(request)
        case "metrics" where segments.count == 1: return await health.metrics(request)
        default: return APIError(404, "Not found.").answer
        }
      },
      refuse: { metrics.count("fettle_requests_refused_total", ("status", "\($0)")) },
      isListening: { isListening(Address(host: $0, port: $1)) })
  }

  /// Serves until it is stopped.
  /// - Throws: when the address cannot be listened on.
  public func run() async throws { try await front.run() }

  /// Looks for what others put into the store, or left there: events, retries that were asked for, and
  /// who is to be told how an execution ended.
  public func look() async throws(StoreError) {
    try await intake.callAll()
    await retries.call()
    try await callBacks.call()
  }

  /// What is known of webhooks is read again.
  public func reload() { webhooks.forget() }

  /// Stops: what was begun ends, which with the brake of its runner pulled takes no longer than the
  /// operations that run; whoever waits is answered; what waits in queues stays there.
  public func stop() async {
    await intake.stop()
    await retries.stop()
    await errands.finish()
    await callBacks.stop()
    webhooks.dismiss()
    await front.stop()
  }
}
