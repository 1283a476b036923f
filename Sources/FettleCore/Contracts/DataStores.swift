/// Where the records of data stores are read. They are written through the journal alone: a change
/// is carried out in the same transaction as the entry that says so (durability 2).
public protocol DataStoreReader: Sendable {
  /// The record of a key; nil where there is none.
  func dataRecord(_ key: String, in store: String) async throws(StoreError) -> Collection?

  /// Records in the order of their keys, beginning behind a key.
  /// - Parameter after: nil begins with the first.
  func dataRecords(
    in store: String, after key: String?, limit: Int
  ) async throws(StoreError) -> [DataRecord]

  /// The number of records.
  func dataCount(in store: String) async throws(StoreError) -> Int
}

/// A record of a data store.
public struct DataRecord: Sendable, Hashable {
  /// What it is found by.
  public let key: String
  /// Its fields.
  public let fields: Collection

  /// A record of that key.
  public init(key: String, fields: Collection) {
    self.key = key
    self.fields = fields
  }
}

/// The data stores as a cycle sees them: what is stored, with the changes that wait for its commit.
public struct DataStoreView: Sendable {
  private let reader: any DataStoreReader
  private let uncommitted: [DataChange]

  /// The stores of a reader, with changes on top of them.
  public init(_ reader: any DataStoreReader, uncommitted: [DataChange] = []) {
    self.reader = reader
    self.uncommitted = uncommitted
  }

  /// The record of a key; nil where there is none.
  public func record(_ key: String, in store: String) async throws(StoreError) -> Collection? {
    let (changed, isCleared) = net(of: store)
    if let fields = changed[key] { return fields }
    return isCleared ? nil : try await reader.dataRecord(key, in: store)
  }

  /// Some records in the order of their keys.
  /// - Parameter after: the key to begin behind; nil begins with the first.
  /// - Returns: the records, and the key the next ones come after; nil when these were the last.
  public func page(
    of store: String, after key: String?, limit: Int = 500
  ) async throws(StoreError) -> (records: [DataRecord], next: String?) {
    let (changed, isCleared) = net(of: store)
    let stored =
      isCleared ? [] : try await reader.dataRecords(in: store, after: key, limit: limit)
    let next = stored.count == limit ? stored.last?.key : nil
    var records = stored.filter { changed[$0.key] == nil }
    for (name, fields) in changed where key.map({ name > $0 }) ?? true {
      if let fields, next.map({ name <= $0 }) ?? true {
        records.append(DataRecord(key: name, fields: fields))
      }
    }
    return (records.sorted { $0.key < $1.key }, next)
  }

  /// The number of records.
  public func count(in store: String) async throws(StoreError) -> Int {
    let (changed, isCleared) = net(of: store)
    var count = isCleared ? 0 : try await reader.dataCount(in: store)
    for (key, fields) in changed {
      let wasThere = isCleared ? false : try await reader.dataRecord(key, in: store) != nil
      count += (fields == nil ? 0 : 1) - (wasThere ? 1 : 0)
    }
    return count
  }

  /// What the waiting changes amount to: by key, nil for a record that is gone.
  private func net(of store: String) -> (changed: [String: Collection?], isCleared: Bool) {
    var changed: [String: Collection?] = [:]
    var isCleared = false
    for change in uncommitted where change.store == store {
      switch change {
      case .put(_, let key, let record), .add(_, let key, let record),
        .replace(_, let key, _, let record):
        changed[key] = .some(record)
      case .remove(_, let key): changed[key] = .some(nil)
      case .clear:
        changed = [:]
        isCleared = true
      }
    }
    return (changed, isCleared)
  }
}
