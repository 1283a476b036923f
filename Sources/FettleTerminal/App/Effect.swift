import FettleCore

/// What the screen wants done outside of it. Values, so that a test can compare them. The effects of
/// a screen stand in its folder.
enum Effect: Equatable, Sendable {
  // Those of the screens can be large; they are held by reference.
  indirect case list(ListEffect)
  indirect case record(RecordEffect)
  indirect case bulk(BulkEffect)
  indirect case scenarios(ScenariosEffect)
  indirect case history(HistoryEffect)
  indirect case auditTrail(AuditTrailEffect)
  indirect case groups(GroupsEffect)
  indirect case groupEdit(GroupEditEffect)
  indirect case search(SearchEffect)
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
