public import FettleCore
import Foundation
import GRDB

extension SQLiteStore: DataStoreReader {
  /// The record of a key; nil where there is none.
  public func dataRecord(
    _ key: String, in store: String
  ) async throws(StoreError) -> Collection? {
    try await reading { database in
      try Data.fetchOne(
        try database.cachedStatement(
          sql: "SELECT record FROM data_record WHERE store = ? AND key = ?"),
        arguments: [store, key]
      ).map(Self.fields)
    }
  }

  /// Records in the order of their keys, beginning behind a key.
  public func dataRecords(
    in store: String, after key: String?, limit: Int
  ) async throws(StoreError) -> [DataRecord] {
    try await reading { database in
      try Row.fetchAll(
        try database.cachedStatement(
          sql: """
            SELECT key, record FROM data_record WHERE store = ? AND key > ? ORDER BY key LIMIT ?
            """), arguments: [store, key ?? "", limit]
      ).map { DataRecord(key: $0[0], fields: try Self.fields($0[1])) }
    }
  }

  /// The number of records.
  public func dataCount(in store: String) async throws(StoreError) -> Int {
    try await reading { database in
      try Int.fetchOne(
        try database.cachedStatement(sql: "SELECT count(*) FROM data_record WHERE store = ?"),
        arguments: [store]) ?? 0
    }
  }

  private static func fields(_ data: Data) throws -> Collection {
    guard let fields = try ValueCodec.decode([UInt8](data)).collection else {
      throw StoreError.damaged("a record of a data store")
    }
    return fields
  }
}
