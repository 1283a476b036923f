import FettleCore
import FettleEngine
import Logging
import Synchronization

/// Takes events in: checks who sends, makes bundles of what was sent, and answers when they are on the
/// disk.
final class Webhooks: Sendable {
  private let stores: any HookStore & QueueStore & ScenarioStore
  private let runner: ScenarioRunner
  private let sealing: (any Sealing)?
  private let limits: ServiceLimits
  private let logger: Logger
  private let arrived: @Sendable (ScenarioID) -> Void
  private let known = Mutex(Views())
  private let senders: Senders
  /// Events in a row that the store could not take.
  private let missed = Mutex(0)

  /// A webhook as it was a moment ago. The queue itself is asked with every event, so an old view
  /// takes in nothing that a removed webhook must not.
  private struct Known {
    let hook: Hook?
    /// Whether senders are answered by the scenario.
    let isAnswered: Bool
    let read: ContinuousClock.Instant
    /// Whether somebody is about to read it again.
    var isBeingRead = false
    var second: Int64 = 0
    var taken = 0
  }

  /// What is known of webhooks, by address.
  private struct Views {
    var of: [String: Known] = [:]
    /// How often all of it was forgotten: what was being read then is not remembered.
    var generation = 0
  }

  private static let freshness = Duration.seconds(1)
  /// For how long after that an old view is still used, while another request reads the new one: a
  /// sender does not wait for what is read for others too.
  private static let staleness = Duration.seconds(2)
  /// Addresses nobody knows are remembered too, so that guessing costs the store nothing; not for ever.
  private static let mostKnown = 10_000

  /// - Parameters:
  ///   - sealing: opens the keys that senders sign with; nil refuses who has to sign.
  ///   - arrived: told of each event that is on the disk.
  init(
    stores: any HookStore & QueueStore & ScenarioStore, runner: ScenarioRunner,
    sealing: (any Sealing)?, limits: ServiceLimits, senders: Senders, logger: Logger,
    arrived: @escaping @Sendable (ScenarioID) -> Void
  ) {
    self.stores = stores
    self.runner = runner
    self.sealing = sealing
    self.limits = limits
    self.senders = senders
    self.logger = logger
    self.arrived = arrived
  }

  /// What is known of webhooks is read again.
  func forget() {
    known.withLock { known in
      known.of = [:]
      known.generation += 1
    }
  }

  /// Whoever still waits is told that its event was accepted.
  func dismiss() { senders.dismiss() }

  /// Answers a request to an address.
  func answer(_ request: ServiceRequest, at address: String) async -> HookAnswer {
    do throws(Refusal) { return try await take(request, at: address) } catch { return error.answer }
  }

  private struct Refusal: Error {
    let answer: HookAnswer

    init(_ status: Int, _ text: String) { answer = HookAnswer(status: status, text: text) }
    init(_ answer: HookAnswer) { self.answer = answer }
  }

  private func take(
    _ request: ServiceRequest, at address: String
  ) async throws(Refusal) -> HookAnswer {
    guard let (hook, isAnswered) = try await look(up: address) else {
      throw Refusal(404, "There is no webhook at this address.")
    }
    guard let scenario = hook.scenario, hook.settings.isEnabled else {
      throw Refusal(410, "There is no scenario listening for this webhook.")
    }
    if let secret = hook.settings.secret,
      !secret.isProven(by: request.header(secret.headerName), of: request.body)
    {
      throw Refusal(401, "The secret of this webhook is missing or wrong.")
    }
    if let most = hook.settings.perSecond, !isWithin(most, address) {
      var answer = HookAnswer(status: 429, text: "Too many requests.")
      answer.headers.append(.init("Retry-After", "1"))
      throw Refusal(answer)
    }
    let bundles: [Bundle]
    do {
      bundles = try HookRequest(
        method: request.method, query: request.query, headers: request.headers, body: request.body
      ).bundles(hook.settings)
    } catch { throw Refusal(400, "\(error)") }
    let now = runner.clock.now()
    let ticket = isAnswered ? runner.clock.uuid() : nil
    let waiter = ticket.map {
      NewEvent.Waiter(
        ticket: $0, worker: runner.worker, until: now.advanced(bySeconds: runner.leaseSeconds))
    }
    if let ticket { senders.expect(ticket) }
    do throws(StoreError) {
      _ = try await stores.enqueue(
        NewEvent(hook: hook.id, received: now, bundles: bundles, waiter: waiter))
    } catch {
      if let ticket { senders.forget(ticket) }
      throw refusal(error)
    }
    let missed = missed.withLock { missed in
      defer { missed = 0 }
      return missed
    }
    if missed > 0 {
      logger.notice("events are stored again; \(missed) were refused with 503 meanwhile")
    }
    arrived(scenario)
    guard let ticket else { return .accepted }
    return await senders.answer(of: ticket, within: .seconds(limits.answer))
  }

  private func refusal(_ error: StoreError) -> Refusal {
    switch error {
    case .queueFull: return Refusal(400, "Queue is full.")
    case .notFound: return Refusal(410, "There is no scenario listening for this webhook.")
    default:
      // Said once, not for each of the events that come until the store is back (durability 5).
      let isFirst = missed.withLock { missed in
        missed += 1
        return missed == 1
      }
      if isFirst {
        logger.error("events cannot be stored, their senders are answered 503: \(error)")
      }
      return Refusal(503, "The event could not be stored; send it again.")
    }
  }

  private func look(up address: String) async throws(Refusal) -> (Hook, isAnswered: Bool)? {
    let (found, isStale) = view(of: address)
    if isStale { Task { _ = try? await read(address) } }
    if let found { return found.hook.map { ($0, found.isAnswered) } }
    return try await read(address)
  }

  /// What is known of an address, if it may be used; and whether whoever asks is to read it again.
  private func view(of address: String) -> (Known?, isStale: Bool) {
    known.withLock { known in
      guard var found = known.of[address] else { return (nil, false) }
      let age = ContinuousClock.now - found.read
      if age < Self.freshness { return (found, false) }
      guard age < Self.staleness else { return (nil, false) }
      defer {
        found.isBeingRead = true
        known.of[address] = found
      }
      return (found, !found.isBeingRead)
    }
  }

  private func read(_ address: String) async throws(Refusal) -> (Hook, isAnswered: Bool)? {
    let generation = known.withLock { $0.generation }
    do throws(StoreError) {
      let hook = try opened(try await stores.hook(at: address))
      var isAnswered = false
      if let scenario = hook?.scenario, let blueprint = try await stores.blueprint(of: scenario),
        blueprint.answersEvents
      {
        // Nobody waits for a scenario that does not run.
        isAnswered = try await stores.scenario(scenario).takesEvents(at: runner.clock.now())
      }
      let found = Known(hook: hook, isAnswered: isAnswered, read: .now)
      known.withLock { known in
        guard known.generation == generation else { return }
        if known.of.count >= Self.mostKnown { known.of = [:] }
        var found = found
        if let old = known.of[address] { (found.second, found.taken) = (old.second, old.taken) }
        known.of[address] = found
      }
      return hook.map { ($0, isAnswered) }
    } catch {
      logger.error("a webhook cannot be looked up: \(error)")
      throw Refusal(503, "The event could not be stored; send it again.")
    }
  }

  /// A webhook with the key its senders sign with. A key that cannot be had must not become an open
  /// door.
  private func opened(_ hook: Hook?) throws(StoreError) -> Hook? {
    guard var hook, let secret = hook.settings.secret, let sealing else { return hook }
    do throws(SealingError) {
      hook.settings.secret = try secret.opened(by: sealing, at: hook.address)
    } catch { throw .failed("the secret of webhook \(hook.id): \(error)") }
    return hook
  }

  private func isWithin(_ most: Int, _ address: String) -> Bool {
    let second = runner.clock.uptime() / 1000
    return known.withLock { known in
      guard var found = known.of[address] else { return true }
      if found.second != second { (found.second, found.taken) = (second, 0) }
      found.taken += 1
      known.of[address] = found
      return found.taken <= most
    }
  }
}
