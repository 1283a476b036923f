import FettleCore
import Synchronization

/// Lets one at a time through, for each scenario, in the order they came, and says when those who wait
/// wait for each other.
final class Turns: Sendable {
  /// A place in the order.
  struct Turn: Sendable {
    let scenario: ScenarioID
    fileprivate let number: Int
    /// The executions that cannot go on before it has come, and what it is for has been done.
    fileprivate let callers: [Caller]
    fileprivate let signals: AsyncStream<Void>
    fileprivate let signal: AsyncStream<Void>.Continuation

    fileprivate init(_ scenario: ScenarioID, number: Int, callers: [Caller]) {
      self.scenario = scenario
      self.number = number
      self.callers = callers
      (signals, signal) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
    }
  }

  /// What came of asking for a place.
  enum Entry: Sendable {
    case turn(Turn)
    /// There is none: a run of the scenario waits, perhaps by others, for one of those that ask. These are
    /// the scenarios on the way there.
    case circle([ScenarioID])
  }

  private struct State {
    var issued = 0
    var places: [ScenarioID: [Turn]] = [:]
  }

  private let state = Mutex(State())

  /// Whether anybody has the turn of a scenario or waits for it.
  func isTaken(_ scenario: ScenarioID) -> Bool {
    state.withLock { $0.places[scenario] != nil }
  }

  /// Takes a place in the order, which is given back with `leave`.
  /// - Parameter callers: the executions that wait for it.
  func enter(_ scenario: ScenarioID, for callers: [Caller] = []) -> Entry {
    state.withLock { state in
      if let circle = Self.circle(from: scenario, to: callers, in: state) { return .circle(circle) }
      state.issued += 1
      let turn = Turn(scenario, number: state.issued, callers: callers)
      state.places[scenario, default: []].append(turn)
      return .turn(turn)
    }
  }

  /// The way from a scenario to one of the callers, by the runs of each that wait for the next. As each
  /// is processed in order, the run that waits is the one that is waited for.
  private static func circle(
    from scenario: ScenarioID, to callers: [Caller], in state: State
  ) -> [ScenarioID]? {
    guard !callers.isEmpty else { return nil }
    let places = state.places.values.joined()
    var ways = [[scenario]]
    var seen: Set<ScenarioID> = [scenario]
    while let way = ways.popLast() {
      for place in places where place.callers.contains(where: { $0.scenario == way.last }) {
        guard seen.insert(place.scenario).inserted else { continue }
        let longer = way + [place.scenario]
        if callers.contains(where: { $0.scenario == place.scenario }) {
          return Array(longer.dropFirst())
        }
        ways.append(longer)
      }
    }
    return nil
  }

  /// Waits for a turn.
  /// - Returns: whether it has come; false as well when the task is cancelled.
  func hasCome(_ turn: Turn, within time: Duration) async -> Bool {
    if isFirst(turn) { return true }
    let watch = Watch.shared.begin(after: time) { turn.signal.yield() }
    defer { Watch.shared.end(watch) }
    for await _ in turn.signals { break }
    return isFirst(turn)
  }

  private func isFirst(_ turn: Turn) -> Bool {
    state.withLock { $0.places[turn.scenario]?.first?.number == turn.number }
  }

  /// Lets the next one through.
  func leave(_ turn: Turn) {
    state.withLock { state in
      guard var places = state.places[turn.scenario],
        let index = places.firstIndex(where: { $0.number == turn.number })
      else { return }
      places.remove(at: index)
      state.places[turn.scenario] = places.isEmpty ? nil : places
      if index == 0 { places.first?.signal.yield() }
    }
  }
}
