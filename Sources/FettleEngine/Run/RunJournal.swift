import FettleCore
import Synchronization

/// The journal of one execution, as its walk sees it: written in a run, read in a take-over.
///
/// It also gives the walk its time and its chance, because both have to come out the same when the
/// journal is walked through again: `now` is the date of the last entry, and random numbers follow
/// from the seed of the execution and the number of that entry.
struct RunJournal {
  let opening: ExecutionOpening
  let runner: ScenarioRunner
  private(set) var now: Instant
  let chance: Chance
  private var nextNumber = 1
  /// The module whose beginning was the last entry.
  private var begun: ModuleID?
  /// Entries that no operation had to wait for yet.
  private var pending: [JournalEntry] = []
  /// What was done before the take-over; nil in a run.
  private let recorded: [JournalEntry]?
  private var position = 0
  /// When it was begun to be written, by the date and by the time that only goes on.
  private let began: (date: Instant, uptime: Int64)

  /// More would only make the next barrier, and a crash, dearer.
  private static let mostPending = 256

  init(_ opening: ExecutionOpening, of runner: ScenarioRunner, recorded: [JournalEntry]? = nil) {
    self.opening = opening
    self.runner = runner
    self.recorded = recorded
    now = opening.execution.started
    began = (runner.clock.now(), runner.clock.uptime())
    chance = Chance(seed: opening.seed)
  }

  private var lease: Instant { runner.clock.now().advanced(bySeconds: runner.leaseSeconds) }

  // MARK: Reading

  /// What the journal says of the operation the walk comes to.
  enum Recorded {
    /// Nothing: it is still to be done.
    case nothing
    /// It was done.
    case done(JournalEntry.Step)
    /// Here the worker died. `input` is what a module with an effect was about to be given.
    case interrupted(sending: Value?)
  }

  /// The identity of the execution that the operation which is about to begin may call. It follows from
  /// the journal, so that a take-over finds what was called without having been told of it.
  var callIdentity: String {
    let chance = Chance(seed: ~opening.seed)
    let isRecorded = recorded.map { position < $0.count } ?? false
    chance.reseed(by: isRecorded ? recorded?[position].number ?? nextNumber : nextNumber)
    return chance.uuid()
  }

  mutating func recorded(of module: ModuleID) -> Recorded {
    guard let recorded else { return .nothing }
    guard position < recorded.count else { return .interrupted(sending: nil) }
    var entry = recorded[position]
    if case .begun(let input, let effect) = entry.step, entry.module == module {
      guard position + 1 < recorded.count else {
        return .interrupted(sending: effect == .effect ? input : nil)
      }
      position += 1
      entry = recorded[position]
    }
    // A walk that comes to another module than the journal has nothing to go on; what is left is
    // kept as a record rather than guessed.
    guard entry.module == module else { return .interrupted(sending: nil) }
    if case .filteredOut = entry.step { return .interrupted(sending: nil) }
    position += 1
    settle(entry)
    return .done(entry.step)
  }

  /// Whether the walk is a run, not a take-over.
  var isOfRun: Bool { recorded == nil }

  /// Whether the walk still follows what was recorded.
  var isReplaying: Bool { recorded.map { position < $0.count } ?? false }

  /// How the cycle ended that the walk came to the end of; nil where that is still to be done.
  mutating func recordedCycleEnd() -> JournalEntry.Step? {
    guard let recorded, position < recorded.count,
      recorded[position].module == JournalEntry.cycle
    else { return nil }
    position += 1
    settle(recorded[position - 1])
    return recorded[position - 1].step
  }

  private mutating func settle(_ entry: JournalEntry) {
    now = entry.date
    nextNumber = entry.number + 1
    chance.reseed(by: entry.number)
  }

  // MARK: Writing

  /// A bundle did not pass the filter of a module. In a take-over the entry that says so is behind
  /// the walk now; one that had not reached the disk is not missed, as nothing waits for it.
  mutating func filteredOut(
    _ module: ModuleID, _ refusal: FilterRefusal
  ) async throws(StoreError) {
    guard let recorded else { return try await end(module, .filteredOut(refusal)) }
    guard position < recorded.count, recorded[position].module == module,
      case .filteredOut = recorded[position].step
    else { return }
    position += 1
    settle(recorded[position - 1])
  }

  /// Before an operation that cannot simply be done again: everything up to here is on disk when
  /// this returns (durability 2, barrier 2).
  mutating func begin(
    _ module: ModuleID, _ input: Value, _ effect: EffectClass
  ) async throws(StoreError) {
    note(module, .begun(input: input, effect: effect))
    try await flush()
  }

  /// An operation ended. Changes of data stores are carried out with the entry.
  mutating func end(
    _ module: ModuleID, _ step: JournalEntry.Step, changes: [DataChange] = []
  ) async throws(StoreError) {
    note(module, step)
    guard !changes.isEmpty || pending.count >= Self.mostPending else { return }
    do { try await flush(changes: changes) } catch {
      // Nothing was written, so the operation did not end like this.
      if error.isConflict { withdraw() }
      throw error
    }
  }

  /// The changes of a cycle are carried out, with everything noted before them.
  /// - Throws: `duplicateKey` or `dataChanged` when another execution wrote the key meanwhile; nothing
  ///   was changed.
  mutating func commit(_ changes: [DataChange]) async throws(StoreError) {
    note(JournalEntry.cycle, .committed)
    do { try await flush(changes: changes) } catch {
      if error.isConflict { withdraw() }
      throw error
    }
  }

  /// The changes of a cycle are given up.
  mutating func rollBack() { note(JournalEntry.cycle, .rolledBack) }

  private mutating func withdraw() {
    let entry = pending.removeLast()
    nextNumber -= 1
    begun = entry.followsBegun ? entry.module : nil
  }

  /// The date by the clock as it was when the run began: a clock that is set meanwhile makes no run
  /// longer or shorter than it is.
  private var date: Instant {
    Instant(milliseconds: began.date.milliseconds + runner.clock.uptime() - began.uptime)
  }

  private mutating func note(_ module: ModuleID, _ step: JournalEntry.Step) {
    let entry = JournalEntry(
      number: nextNumber, module: module, date: date, step: step,
      followsBegun: begun == module)
    begun = nil
    if case .begun = step { begun = module }
    pending.append(entry)
    settle(entry)
  }

  /// Puts on disk what was noted, together with records and changes that belong to it.
  mutating func flush(
    records: [IncompleteExecution] = [], changes: [DataChange] = []
  ) async throws(StoreError) {
    try await runner.journal.append(
      pending, records: records, changes: changes, to: opening.execution.id, by: opening.worker,
      lease: lease, isConfidential: opening.isConfidential)
    pending = []
  }

  /// Notes how the execution ended, what that means for its scenario and, in a retry, what became of
  /// its record.
  /// - Returns: what is known of the scenario then; nil where nothing was noted.
  @discardableResult
  mutating func close(
    _ summary: ExecutionSummary, outcome: RecordMove? = nil,
    noting: (@Sendable (inout ScenarioState) -> Void)? = nil
  ) async throws(StoreError) -> ScenarioState? {
    let state = try await runner.journal.close(
      summary, pending, outcome: outcome, noting: noting, by: opening.worker,
      isConfidential: opening.isConfidential)
    pending = []
    return state
  }
}

extension StoreError {
  /// Whether another execution wrote the same record of a data store meanwhile.
  var isConflict: Bool {
    switch self {
    case .duplicateKey, .dataChanged: true
    default: false
    }
  }
}

/// Random numbers that come out the same when a journal is walked through again.
final class Chance: Sendable {
  private let seed: UInt64
  private let state: Mutex<UInt64>

  init(seed: UInt64) {
    self.seed = seed
    state = Mutex(seed)
  }

  func reseed(by number: Int) {
    state.withLock { $0 = seed &+ UInt64(truncatingIfNeeded: number) &* 0xD134_2543_DE82_EF95 }
  }

  /// SplitMix64: every seed gives a good sequence.
  private func next() -> UInt64 {
    state.withLock { state in
      state &+= 0x9E37_79B9_7F4A_7C15
      var mixed = state
      mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
      mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
      return mixed ^ mixed >> 31
    }
  }

  /// A number from 0 up to, but not including, 1.
  func random() -> Double { Double(next() >> 11) * 0x1p-53 }

  /// A UUID of version 4, in lower case with hyphens.
  func uuid() -> String {
    let words = [next() & 0xFFFF_FFFF_FFFF_0FFF | 0x4000, next() & 0x3FFF_FFFF_FFFF_FFFF | 1 << 63]
    let digits = words.map { word in
      let text = String(word, radix: 16)
      return String(repeating: "0", count: 16 - text.count) + text
    }.joined()
    let ends = [8, 12, 16, 20, 32]
    var start = 0
    return ends.map { end in
      defer { start = end }
      return digits.dropFirst(start).prefix(end - start)
    }.joined(separator: "-")
  }
}
