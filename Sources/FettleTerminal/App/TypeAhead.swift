import FettleCore

/// Keys that come before what they are meant for: they wait for it, in their order, instead of doing
/// something to what happens to be on the screen.
///
/// The first picture is painted before the store is open, and a record that was not read ahead takes
/// a moment; who knows the keys does not wait for either.
struct TypeAhead: Equatable, Sendable {
  /// What was typed or pasted, the first one first.
  var waiting: [Message] = []
  /// The record that is being opened.
  var opening: RecordID?

  /// More than this nobody means.
  static let most = 200
}

extension State {
  /// Whether keys are meant for something that is on its way.
  private var awaitsSomething: Bool {
    typeAhead.opening != nil || list.isStarting && context == .list || awaitsMatch
  }

  /// Takes in what happened, and then what waited for it.
  mutating func takeInTurn(_ message: Message) -> [Effect] {
    if stopsWaiting(message) { return stopWaiting() }
    if holdsBack(message) { return [] }
    var effects = take(message)
    while !typeAhead.waiting.isEmpty, !awaitsSomething {
      effects += take(typeAhead.waiting.removeFirst())
    }
    return effects
  }

  private mutating func take(_ message: Message) -> [Effect] {
    if case .record(.loaded(let id, .open, _)) = message {
      // It was not waited for to the end, or another one was asked for since.
      guard id == typeAhead.opening else { return [] }
      typeAhead.opening = nil
    }
    let effects = react(to: message)
    for case .record(.load(let id, .open)) in effects { typeAhead.opening = id }
    return effects
  }

  /// Whether a key or a paste waits; it is kept then.
  private mutating func holdsBack(_ message: Message) -> Bool {
    guard awaitsSomething else { return false }
    switch message {
    case .pasted, .pastedTooMuch: break
    case .key(let key):
      let command = bindings(context).first { $0.keys.contains(key) }?.command
      switch command {
      case .repaint, .suspend: return false
      case .interrupt, .quitAtOnce:
        typeAhead = TypeAhead()
        return false
      case .back where typeAhead.opening != nil || !typeAhead.waiting.isEmpty:
        // Waiting is given up, and what was typed for it with it. Its answer comes too late.
        typeAhead = TypeAhead()
        linked = nil
        notice = "not waited for any longer; what was typed meanwhile is dropped"
        // A search that keys waited for is given up as it would be without them.
        return !awaitsMatch
      case let command?
      where typeAhead.opening == nil && typeAhead.waiting.isEmpty
        && !(awaitsMatch ? command.needsMatch : command.needsRows):
        return false
      default: break
      }
    default: return false
    }
    if typeAhead.waiting.count < TypeAhead.most { typeAhead.waiting.append(message) }
    return true
  }

  /// That keys wait, and how not to wait for it.
  var waitingWords: SafeText? {
    guard !typeAhead.waiting.isEmpty else { return nil }
    let count = typeAhead.waiting.count
    let what: SafeText =
      typeAhead.opening.map { "\($0.short)" } ?? (detail == nil ? "the list" : "the search")
    return "waiting for " + what + ", with \(count) \(count == 1 ? "key" : "keys") · Esc gives up"
  }
}

extension Command {
  /// Whether it is about a row of the list, and so means nothing before there is one.
  fileprivate var needsRows: Bool {
    switch self {
    case .help, .commandLine, .quit, .back, .filter, .pickView, .groups, .clearMarks, .sortByNext,
      .sortReversed, .showIncomplete, .showScenarios, .showHistory, .showLive, .showAuditTrail,
      .showBulk:
      false
    default: true
    }
  }
}
