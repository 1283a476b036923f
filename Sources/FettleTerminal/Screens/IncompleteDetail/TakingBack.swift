import FettleCore
import FettleEngine

/// What was done to records as wholes.
enum LastAction: Hashable, Sendable {
  /// They were put into the bin.
  /// - Parameter versions: the records as they are since.
  case deleted([RecordID], versions: [RecordID: Int])
  /// They were closed without being run.
  case closed([RecordID], versions: [RecordID: Int])
  /// The automatic retry of one was turned on or off.
  /// - Parameter version: the record as it is since.
  case autoRetry(RecordID, isOn: Bool, version: Int)
}

extension BulkAction {
  /// Whether it takes another action back. It loses nothing and is not asked about.
  var takesBack: Bool { self == .restore || self == .reopen }
}

/// `u` where nothing is unsaved: the last action on records is taken back.
extension State {
  /// Remembers what was done, for `u`.
  mutating func note(_ action: LastAction) {
    switch action {
    case .deleted([], _), .closed([], _): break
    default: actions = actions.suffix(Self.mostActions - 1) + [action]
    }
  }

  /// More than this nobody takes back one by one.
  private static let mostActions = 100

  /// What was done last and has not been taken back.
  var lastAction: LastAction? { actions.last }

  /// The last action is none any more: the one before it is the last now.
  mutating func forgetLastAction() { _ = actions.popLast() }

  /// Records are no longer in the bin, or closed: what put them there was taken back. Other things may have
  /// been done meanwhile.
  mutating func forgetAction(on records: [RecordID]) {
    let records = Set(records)
    let index = actions.lastIndex {
      switch $0 {
      case .deleted(let ids, _), .closed(let ids, _): !records.isDisjoint(with: ids)
      case .autoRetry: false
      }
    }
    if let index { actions.remove(at: index) }
  }

  /// The automatic retry of a record was turned on or off, or could not be: by `t`, or by taking that back.
  mutating func noteAutoRetry(_ id: RecordID, _ action: LastAction?) {
    defer { takesBackRetry = nil }
    guard takesBackRetry == id else {
      if let action { note(action) }
      return
    }
    // What was refused cannot be taken back any more either.
    if case .autoRetry(id, _, _)? = lastAction { forgetLastAction() }
  }

  /// Why there is nothing to take back; nil when there is.
  var takeBackReason: SafeText? {
    if lastAction != nil { return nil }
    if selectedState == .deleted || selectedState == .resolved { return nil }
    if detail == nil, !list.marks.isEmpty { return nil }
    return "nothing was closed or deleted here; status:bin lists the bin"
  }

  /// What of a selection was done here last: what others did with a record since is theirs to take back.
  mutating func ownPart(of selection: BulkSelection) -> BulkSelection {
    switch lastAction {
    case .deleted(_, let versions), .closed(_, let versions):
      let own = selection.leavingOut(changedSince: versions)
      // With nothing left of it, u is about what was done before, or the record under the cursor.
      if own.items.isEmpty { forgetLastAction() }
      return own
    case .autoRetry, nil: return selection
    }
  }

  /// Takes the last action back; where there was none, what is in the bin or closed is opened again.
  mutating func takeBack() -> [Effect] {
    switch lastAction {
    case .deleted(let ids, _): return ask(about: .these(Set(ids)), .restore)
    case .closed(let ids, _): return ask(about: .these(Set(ids)), .reopen)
    case .autoRetry(let id, let isOn, let version):
      takesBackRetry = id
      return [.record(.setAutoRetry(!isOn, id, version: version))]
    case nil: break
    }
    if detail == nil, let target = markedTarget { return ask(about: target, .restore) }
    guard let id = selectedID else { return [] }
    return ask(about: .these([id]), selectedState == .resolved ? .reopen : .restore)
  }
}
