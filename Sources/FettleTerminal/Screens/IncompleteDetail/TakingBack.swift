import FettleCore
import FettleEngine

/// What was done to records as wholes.
enum LastAction: Hashable, Sendable {
  /// They were put into the bin.
  case deleted([RecordID])
  /// They were closed without being run.
  case closed([RecordID])
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
    case .deleted([]), .closed([]): break
    default: lastAction = action
    }
  }

  /// Why there is nothing to take back; nil when there is.
  var takeBackReason: SafeText? {
    if lastAction != nil { return nil }
    if selectedState == .deleted || selectedState == .resolved { return nil }
    if detail == nil, !list.marks.isEmpty { return nil }
    return "nothing was closed or deleted here; status:bin lists the bin"
  }

  /// Takes the last action back; where there was none, what is in the bin or closed is opened again.
  mutating func takeBack() -> [Effect] {
    switch lastAction {
    case .deleted(let ids): return ask(about: .these(Set(ids)), .restore)
    case .closed(let ids): return ask(about: .these(Set(ids)), .reopen)
    case .autoRetry(let id, let isOn, let version):
      lastAction = nil
      return [.record(.setAutoRetry(!isOn, id, version: version))]
    case nil: break
    }
    if detail == nil, let target = markedTarget { return ask(about: target, .restore) }
    guard let id = selectedID else { return [] }
    return ask(about: .these([id]), selectedState == .resolved ? .reopen : .restore)
  }
}
