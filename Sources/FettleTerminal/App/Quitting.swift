import FettleCore
import FettleEngine

/// Leaving the program. What runs in it ends with it, and what is not saved is asked about; what other
/// programs do on the store goes on.
extension State {
  private var isBulkRunning: Bool { bulk?.isRunning == true }

  /// Leaves, unless something has to be asked first.
  mutating func quitting() -> [Effect] {
    guard running.isEmpty, !isBulkRunning else {
      question = .quitRunning
      return []
    }
    return quitNow()
  }

  /// Asks whether to leave: what Ctrl-C does where there is nothing to cancel.
  mutating func askToQuit() {
    if !running.isEmpty || isBulkRunning {
      question = .quitRunning
    } else {
      question = detail?.drafts.isEmpty ?? true ? .quit : .quitUnsaved
    }
  }

  /// Leaves, whatever runs.
  private mutating func quitNow() -> [Effect] {
    guard detail?.drafts.isEmpty ?? true else {
      question = .quitUnsaved
      return []
    }
    return [.quit]
  }

  /// The answer to what shall become of what runs.
  mutating func answerQuitRunning(_ command: Command) -> [Effect] {
    switch command {
    case .answerDrop: return quitNow()
    case .answerStop:
      // It may have ended while it was asked.
      guard !running.isEmpty || isBulkRunning else { return quitNow() }
      quitsWhenIdle = true
      guard isBulkRunning else { return [] }
      bulk?.progress.isStopped = true
      bulk?.isHidden = true
      return [.bulk(.stop)]
    default:
      quitsWhenIdle = false
      return []
    }
  }

  /// Leaves when that was asked for and the last thing that ran has ended.
  mutating func quitWhenIdle() -> [Effect] {
    guard quitsWhenIdle, running.isEmpty, !isBulkRunning else { return [] }
    quitsWhenIdle = false
    // A question or a line that is being typed is answered first.
    guard typing == nil, question == nil || question == .quitRunning else { return [] }
    question = nil
    return quitNow()
  }

  /// What runs here.
  var runningWords: SafeText {
    var parts: [SafeText] = []
    switch running.count {
    case 0: break
    case 1: parts.append("the retry of \(running.first?.short ?? "")")
    default: parts.append("\(running.count) retries")
    }
    if let bulk, bulk.isRunning {
      let action = SafeText(Self.verb(bulk.progress.action).text.lowercased())
      parts.append(action + " \(bulk.progress.ended)/\(bulk.progress.total)")
    }
    return parts.joined(separator: " and ")
  }

  /// What leaving would mean: what ends with the program, what does not.
  func linesOfQuitting(columns: Int) -> [(SafeText, Role)] {
    var lines: [(SafeText, Role)] = [("Running here: " + runningWords, .title)]
    if let bulk, bulk.isRunning {
      let left = bulk.progress.total - bulk.progress.ended - bulk.progress.running
      if left > 0 {
        lines.append(
          (
            "  s ends it after the \(bulk.progress.running) that run; \(left) stay as they are",
            .plain
          ))
      }
    }
    let texts: [SafeText] = [
      "  d interrupts what runs: it is open again after a while, in doubt if it was just sending",
      "  Other programs go on: fettled, other terminals.",
    ]
    for text in texts {
      lines += text.wrapped(to: columns, lines: 2).map { ($0, .plain) }
    }
    return lines
  }
}
