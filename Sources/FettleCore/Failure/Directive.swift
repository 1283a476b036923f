/// How an error handler route ends (semantics 4).
public enum Directive: Hashable, Sendable {
  /// The bundle is dropped; the run looks successful.
  case ignore
  /// The bundle goes on with a substitute output of the failed module.
  case resume
  /// The bundle is stored as an incomplete execution.
  case breakOff
  /// The run stops; what was done is committed.
  case commit
  /// The run stops; what was done in transactions is undone.
  case rollback

  /// The directive a module is, or nil when it is an ordinary module.
  public init?(_ module: ModuleNode) {
    switch module.type {
    case "builtin:Ignore": self = .ignore
    case "builtin:Resume": self = .resume
    case "builtin:Break": self = .breakOff
    case "builtin:Commit": self = .commit
    case "builtin:Rollback": self = .rollback
    default: return nil
    }
  }
}
