import FettleCore
import Synchronization

/// What a search in the data of a record asks for.
enum SearchEffect: Equatable, Sendable {
  case find(BundleSearch, token: Int)
  /// Nobody waits for the search any more.
  case stop
}

/// What came of it.
enum SearchMessage: Equatable, Sendable {
  /// The place to go to, before all places were counted.
  case found(TreePlace, token: Int)
  /// Everything was looked through; nil found nothing.
  case ended(BundleSearch.Result?, token: Int)
}

/// Which search is wanted, for those that run: an older one ends by itself.
final class SearchPlace: Sendable {
  private let wanted = Atomic(0)

  /// Notes what is asked for, before it begins.
  func note(_ effect: SearchEffect) {
    switch effect {
    case .find(_, let token): wanted.store(token, ordering: .relaxed)
    case .stop: wanted.store(0, ordering: .relaxed)
    }
  }

  /// Does it.
  func perform(_ effect: SearchEffect, _ mailbox: Mailbox) -> SearchMessage? {
    guard case .find(let search, let token) = effect else { return nil }
    func isWanted() -> Bool { wanted.load(ordering: .relaxed) == token }
    guard isWanted() else { return nil }
    let result = search.run(while: isWanted) {
      if isWanted() { mailbox.post(.search(.found($0, token: token))) }
    }
    return isWanted() ? .ended(result, token: token) : nil
  }
}

/// A search that runs.
struct RunningSearch: Equatable, Sendable {
  let token: Int
  let search: BundleSearch
  /// Whether the cursor stands on what was found while the rest is counted.
  var hasFound = false
}

extension State {
  /// Looks for what was typed; nothing typed gives `n` back to the problems.
  mutating func search(for words: String) -> [Effect] {
    detail?.words = words
    guard !words.isEmpty else {
      notice = "n goes to the next problem again"
      return stopSearch()
    }
    detail?.search = nil
    return goToMatch(1)
  }

  /// Goes to another place with the words. Who presses the key again before it is found means the one
  /// behind it.
  mutating func goToMatch(_ step: Int) -> [Effect] {
    guard let detail else { return [] }
    var search = BundleSearch(detail, distance: step)
    if let running = detail.search, !running.hasFound, running.search.cursor == search.cursor {
      search.distance += running.search.distance
    }
    guard search.distance != 0 else { return stopSearch() }
    let token = nextToken()
    self.detail?.search = RunningSearch(token: token, search: search)
    notice = ""
    return [.search(.find(search, token: token))]
  }

  /// Ends the search that runs; what it finds too late is dropped.
  mutating func stopSearch() -> [Effect] {
    guard detail?.search != nil else { return [] }
    detail?.search = nil
    return [.search(.stop)]
  }

  /// Takes in what a search found. Whoever moved the cursor meanwhile, or types, is not taken away from
  /// there.
  mutating func updateSearch(_ message: SearchMessage) -> [Effect] {
    guard let running = detail?.search else { return [] }
    switch message {
    case .found(let place, let token):
      guard token == running.token else { return [] }
      guard goes(to: place, running) else { return stopSearch() }
      detail?.search?.hasFound = true
    case .ended(let result, let token):
      guard token == running.token else { return [] }
      detail?.search = nil
      guard let result else {
        // What was meant for the place would be done to another one.
        typeAhead.waiting = []
        notice = "no field has \"\(running.search.words)\" in its name or value"
        return []
      }
      guard running.hasFound ? detail?.cursor == result.place : goes(to: result.place, running)
      else { return [] }
      notice =
        "\(result.number) of \(result.count) with \"\(running.search.words)\" · n N go on"
    }
    return []
  }

  private mutating func goes(to place: TreePlace, _ running: RunningSearch) -> Bool {
    guard detail?.cursor == running.search.cursor, typing == nil else { return false }
    detail?.go(to: place)
    return true
  }

  /// Whether keys are meant for a place that is still looked for.
  var awaitsMatch: Bool {
    guard case .some = detail, context == .detail, let running = detail?.search else {
      return false
    }
    return !running.hasFound && detail?.cursor == running.search.cursor
  }
}

extension Command {
  /// Whether it is about the field under the cursor, and so waits for a search that moves the cursor.
  /// Everything else is done at once.
  var needsMatch: Bool {
    switch self {
    case .open, .edit, .changeType, .add, .remove, .rename, .shiftUp, .shiftDown, .copy,
      .editOutside, .pasteJSON, .putFile, .showWay, .reveal, .mark, .fold, .unfold:
      true
    default: false
    }
  }
}
