import FettleCore

/// How a module stands in the run that stored the record: a mark and a word, never a colour alone.
enum ModuleMark: Hashable, Sendable {
  case done, failed, notRun, filteredOut, running, waiting, handled, resolved, router

  /// How a module of a record stands.
  init(_ module: ModuleNode, in record: IncompleteExecution) {
    if module.id == record.summary.failer {
      switch record.summary.state {
      case .inProgress: self = .running
      case .pending: self = .waiting
      case .resolved: self = .resolved
      case .unresolved, .deleted: self = .failed
      }
      return
    }
    guard let visit = record.visit(of: module.id) else {
      self = .notRun
      return
    }
    if visit.failed > 0 {
      self = .handled
    } else if visit.seen > 0, visit.passed == 0 {
      self = .filteredOut
    } else if module.isRouter || !module.branches.isEmpty {
      self = .router
    } else if visit.passed > 0 || visit.emitted > 0 {
      self = .done
    } else {
      self = .notRun
    }
  }

  var glyph: SafeText {
    switch self {
    case .done, .resolved: "✓"
    case .failed: "✗"
    case .waiting: "↻"
    case .notRun: "·"
    case .filteredOut: "−"
    case .running: "»"
    case .handled: "~"
    case .router: "◇"
    }
  }

  var word: SafeText {
    switch self {
    case .done: "done"
    case .failed, .waiting: "FAILED"
    case .notRun: "not run"
    case .filteredOut: "filtered out"
    case .running: "RUNNING"
    case .handled: "handled"
    case .resolved: "resolved"
    case .router: ""
    }
  }

  var role: Role {
    switch self {
    case .failed, .waiting: .failed
    case .done, .resolved: .done
    case .running: .running
    case .notRun, .filteredOut: .faint
    case .handled: .waiting
    case .router: .plain
    }
  }
}
