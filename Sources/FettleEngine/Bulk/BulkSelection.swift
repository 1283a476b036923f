public import FettleCore

/// What is done with many records.
public enum BulkAction: Hashable, Sendable {
  /// Each is run on from its failed module.
  case resume
  /// Each is closed without being run, for one reason.
  case close(reason: String)
  /// Each goes into the bin.
  case delete
  /// Each comes out of the bin.
  case restore
  /// The closing of each is taken back.
  case reopen
  /// Each is removed from the bin for good.
  case purge

  /// Why it cannot be done with a record in a state; nil when it can.
  func obstacle(_ state: IncompleteState) -> String? {
    switch (self, state) {
    case (.restore, .deleted), (.purge, .deleted): nil
    case (.restore, _), (.purge, _): "not in the bin"
    case (.reopen, .resolved): nil
    case (.reopen, _): "not closed"
    case (_, .inProgress): "being retried"
    case (.delete, .resolved): nil
    case (_, .resolved): "resolved already"
    case (_, .deleted): "in the bin"
    case (_, .pending), (_, .unresolved): nil
    }
  }
}

/// The records an action is about, fixed at the moment it was asked for: what is stored or changed
/// afterwards is not in it.
public struct BulkSelection: Hashable, Sendable {
  /// One of the records, as it was seen.
  public struct Item: Hashable, Sendable {
    /// The record.
    public let id: RecordID
    /// The version that was seen; a record that was changed since is skipped.
    public let version: Int
    /// Its scenario.
    public let scenario: ScenarioID
  }

  /// What is to be done.
  public let action: BulkAction
  /// The records it is done with, the oldest first.
  public private(set) var items: [Item] = []
  /// How many of each scenario, by name.
  public private(set) var scenarios: [String: Int] = [:]
  /// How many of each kind of failure.
  public private(set) var errorTypes: [ErrorType: Int] = [:]
  /// How many are left out, by why.
  public private(set) var skipped: [String: Int] = [:]

  /// The records with which an action can be done.
  /// - Parameter records: newest first.
  public init(_ action: BulkAction, of records: [IncompleteSummary]) {
    self.action = action
    for record in records.reversed() {
      if let obstacle = action.obstacle(record.state) {
        skipped[obstacle, default: 0] += 1
        continue
      }
      items.append(Item(id: record.id, version: record.version, scenario: record.scenarioID))
      scenarios[record.scenarioName, default: 0] += 1
      errorTypes[record.errorType, default: 0] += 1
    }
  }
}

extension BulkSelection {
  /// Leaves out what is not of these versions any more; a record that is not named stays.
  public func leavingOut(changedSince versions: [RecordID: Int]) -> BulkSelection {
    var left = self
    left.items = items.filter { item in versions[item.id].map { $0 == item.version } ?? true }
    let changed = items.count - left.items.count
    if changed > 0 { left.skipped["changed by someone else since"] = changed }
    return left
  }
}

extension OperatorDesk {
  /// Fixes the set of those records.
  public func select(
    _ ids: Set<RecordID>, for action: BulkAction
  ) async throws(StoreError) -> BulkSelection {
    let records = try await store.summaries(of: Array(ids))
    return BulkSelection(
      action, of: records.sorted { ($0.created, $0.id) > ($1.created, $1.id) })
  }

  /// Fixes the set of everything a filter lets through, except some.
  public func select(
    _ filter: RecordFilter, except: Set<RecordID>, for action: BulkAction
  ) async throws(StoreError) -> BulkSelection {
    var filter = filter
    filter.order = .newest
    var records: [IncompleteSummary] = []
    var request = PageRequest.first
    while true {
      let page = try await store.page(filter, request, limit: 1000)
      records += page.filter { !except.contains($0.id) }
      guard page.count == 1000, let last = page.last else { break }
      request = .after(RecordPlace(last))
    }
    return BulkSelection(action, of: records)
  }
}
