import FettleCore
import Foundation
import GRDB

/// Keeps large values once, by their content (durability 2).
struct LargeValues {
  let database: Database

  /// What holds a value.
  enum Holder {
    case execution(Int)
    case record(Int64)
    case event(Int64)

    fileprivate var key: (kind: Int64, number: Int64) {
      switch self {
      case .execution(let number): (0, Int64(number))
      case .record(let number): (1, number)
      case .event(let number): (2, number)
      }
    }
  }

  /// Keeps what was put aside for a holder.
  func keep(_ apart: ValueCodec.Apart, for holder: Holder) throws {
    for (digest, bytes) in apart.values {
      try database.run(
        "INSERT OR IGNORE INTO large_value VALUES (?, ?)", .bytes(digest), .bytes(bytes))
      try database.run(
        "INSERT OR IGNORE INTO large_use VALUES (?, ?, ?)", .number(holder.key.kind),
        .number(holder.key.number), .bytes(digest))
    }
  }

  /// What one holder held another one holds from now on.
  func pass(from old: Holder, to new: Holder) throws {
    try database.run(
      "INSERT OR IGNORE INTO large_use SELECT ?, ?, digest FROM large_use WHERE kind = ? AND holder = ?",
      .number(new.key.kind), .number(new.key.number), .number(old.key.kind),
      .number(old.key.number))
    try database.run(
      "DELETE FROM large_use WHERE kind = ? AND holder = ?", .number(old.key.kind),
      .number(old.key.number))
  }

  /// A holder is gone; what nobody else holds goes with it.
  func release(_ holder: Holder) throws {
    let digests = try Data.fetchAll(
      try database.cachedStatement(
        sql: "SELECT digest FROM large_use WHERE kind = ? AND holder = ?"),
      arguments: [holder.key.kind, holder.key.number])
    guard !digests.isEmpty else { return }
    try database.run(
      "DELETE FROM large_use WHERE kind = ? AND holder = ?", .number(holder.key.kind),
      .number(holder.key.number))
    for digest in digests {
      try database.execute(
        cached: """
          DELETE FROM large_value WHERE digest = ?1
            AND NOT EXISTS (SELECT 1 FROM large_use WHERE digest = ?1)
          """, arguments: [digest])
    }
  }

  /// The value that was stored, with its large parts.
  func decode(_ bytes: [UInt8]) throws -> Value {
    try ValueCodec.decode(bytes) { digest in
      let found = try? Data.fetchOne(
        database, sql: "SELECT bytes FROM large_value WHERE digest = ?",
        arguments: [Data(digest)])
      return found.map { [UInt8]($0) }
    }
  }

  /// A part of a record that was stored.
  func part<Part: Stored>(_ type: Part.Type, _ bytes: [UInt8], what: String) throws -> Part {
    guard let part = Part(stored: try decode(bytes)) else {
      throw StoreError.damaged("\(what) of a record")
    }
    return part
  }
}

extension Stored {
  /// The stored bytes, with large values put aside.
  func bytes(puttingAside apart: inout ValueCodec.Apart) -> [UInt8] {
    ValueCodec.encode(stored, puttingAside: &apart)
  }
}
