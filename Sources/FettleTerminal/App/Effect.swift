import FettleCore

/// What the screen wants done outside of it. Values, so that a test can compare them. The effects of
/// a screen stand in its folder.
enum Effect: Equatable, Sendable {
  case list(ListEffect)
  case record(RecordEffect)
  case bulk(BulkEffect)
  case scenarios(ScenariosEffect)
  case history(HistoryEffect)
  case auditTrail(AuditTrailEffect)
  case groups(GroupsEffect)
  case groupEdit(GroupEditEffect)
  case search(SearchEffect)
  case copy(String)
  case editOutside(ExternalEdit)
  case readFile(String, for: ValuePath)
  case useMouse(Bool)
  /// Waits no longer for what was asked of the store.
  case stopWaiting
  case suspend
  case repaint
  case quit
}
