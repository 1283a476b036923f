import FettleCore
import FettleSQLite

/// The rows a run leaves, written by plain SQLite calls into the same tables with the same number of
/// waits for the disk.
final class PlainRuns {
  private let database: PlainSQLite
  private let opening: PlainSQLite.Statement
  private let entry: PlainSQLite.Statement
  private let closing: PlainSQLite.Statement
  private let record: PlainSQLite.Statement
  private let content: PlainSQLite.Statement
  private let queue: PlainSQLite.Statement
  private let claim: PlainSQLite.Statement
  private let read: PlainSQLite.Statement
  private let finish: PlainSQLite.Statement
  private let move: PlainSQLite.Statement
  private let attempt: PlainSQLite.Statement
  private var next = 0
  private var records = 0

  static let input = ValueCodec.encode(["text": .text(Step.payload), "fails": false])
  static let output = ValueCodec.encode(["bundles": [["text": .text(Step.payload)]]])
  private static let given = ValueCodec.encode([["text": .text(Step.payload)]])
  private static let small = [UInt8](repeating: 1, count: 60)

  init(_ bench: Bench, blueprint: Blueprint) async throws {
    let scenario = try await bench.store.scenario(named: blueprint.name)
    try await bench.store.keep(blueprint, for: scenario)
    database = try PlainSQLite(bench.path)
    opening = try database.prepare(
      """
      INSERT INTO execution (id, scenario, origin, started, status, operations, stored, number,
        blueprint, given, seed, worker, lease_until)
      VALUES (?, 1, 'manual', ?, 'running', 0, 0, ?, 1, ?, 1, 'worker', ?)
      """)
    entry = try database.prepare("INSERT INTO journal VALUES (?, ?, ?, ?, ?, ?, ?)")
    closing = try database.prepare(
      """
      UPDATE execution SET ended = ?, status = 'success', operations = 6, lease_until = NULL,
        worker = NULL WHERE number = ?
      """)
    queue = try database.prepare("UPDATE scenario SET next_index = next_index + 1 WHERE id = 1")
    record = try database.prepare(
      """
      INSERT INTO record (id, scenario, scenario_name, queue_index, execution, failer, failer_title,
        error_type, reason, created, size, state, attempts, planned_attempts, version, fingerprint)
      VALUES (?, 1, 'Bench', ?, ?, 4, 'Step', 'DataError', ?, ?, 900, 'unresolved', 0, 0, 1, 1)
      """)
    content = try database.prepare("INSERT INTO content VALUES (?, 1, ?, ?, ?, ?, ?, ?, ?, 0)")
    claim = try database.prepare(
      """
      UPDATE record SET state = 'inProgress', version = version + 1, lease_until = ?,
        claimed_from = 'unresolved' WHERE number = ?
      """)
    read = try database.prepare(
      "SELECT * FROM record JOIN content ON content.record = record.number WHERE number = ?")
    finish = try database.prepare(
      """
      UPDATE record SET state = 'resolved', version = version + 1, lease_until = NULL,
        attempts = attempts + 1 WHERE number = ?
      """)
    move = try database.prepare("INSERT INTO move VALUES (?, ?, 'claimed', 'x', NULL, 'bench', 1)")
    attempt = try database.prepare("INSERT INTO attempt VALUES (?, 1, 'bulk', ?, 1, 1, ?)")
  }

  private func id(_ number: Int) -> String {
    let digits = String(number, radix: 16)
    return String(repeating: "0", count: 36 - digits.count) + digits
  }

  private func open(_ number: Int) throws {
    try opening.run(
      .text(id(number)), .number(1_790_000_000_000 + number), .number(number),
      .bytes(Self.given), .number(1_790_000_030_000))
  }

  private func note(
    _ run: Int, _ number: Int, _ step: String, _ outcome: [UInt8], isPure: Bool = false
  ) throws {
    try entry.run(
      .number(run), .number(number), .number(number), .number(1_790_000_000_000), .text(step),
      step == "begun" || isPure ? .bytes(Self.input) : .null, .bytes(outcome))
  }

  /// Runs of a chain, so many in step with each other.
  func chains(_ count: Int, modules: Int, isPure: Bool) throws {
    let runs = (1...count).map { next + $0 }
    next += count
    try database.commit { for run in runs { try open(run) } }
    var number = 0
    for module in 0..<modules where !isPure {
      try database.commit {
        for run in runs {
          if module > 0 { try note(run, number, "finished", Self.output) }
          try note(run, number + 1, "begun", [])
        }
      }
      number += 2
    }
    try database.commit {
      for run in runs {
        if isPure {
          for module in 1...modules { try note(run, module, "finished", Self.output, isPure: true) }
        } else {
          try note(run, number, "finished", Self.output)
        }
        try closing.run(.number(1_790_000_000_100), .number(run))
      }
    }
  }

  /// Runs that fail at their third module and are stored.
  func failures(_ count: Int) throws {
    let runs = (1...count).map { next + $0 }
    next += count
    try database.commit { for run in runs { try open(run) } }
    for module in 0..<3 {
      try database.commit {
        for run in runs {
          if module > 0 { try note(run, module * 2, "finished", Self.output) }
          try note(run, module * 2 + 1, "begun", [])
        }
      }
    }
    try database.commit {
      for run in runs {
        try note(run, 6, "failed", Self.small)
        records += 1
        try queue.run()
        try record.run(
          .text(String(id(records).suffix(32))), .number(records), .text(id(run)),
          .text("refused: \(Step.line)"), .number(1_790_000_000_000 + run))
        try content.run(
          .number(records), .bytes(Self.small), .bytes(Self.output + Self.output + Self.output),
          .bytes(Self.input), .bytes(Self.small), .bytes([1]), .bytes(Self.small), .bytes([1]))
      }
    }
    try database.commit {
      for run in runs { try closing.run(.number(1_790_000_000_100), .number(run)) }
    }
  }

  /// Resumes stored records whose one effect is left, so many in step with each other.
  func resumes(_ numbers: ClosedRange<Int>) throws {
    let first = next
    next += numbers.count
    try database.commit {
      for (offset, number) in numbers.enumerated() {
        try read.run(.number(number))
        try claim.run(.number(1_790_000_030_000), .number(number))
        try move.run(.number(number), .number(2))
        try open(first + offset + 1)
      }
    }
    try database.commit {
      for offset in 0..<numbers.count {
        try note(first + offset + 1, 1, "begun", [])
      }
    }
    try database.commit {
      for (offset, number) in numbers.enumerated() {
        try note(first + offset + 1, 2, "finished", Self.output)
        try attempt.run(.number(number), .text(id(first + offset + 1)), .bytes(Self.small))
        try finish.run(.number(number))
        try move.run(.number(number), .number(3))
        try closing.run(.number(1_790_000_000_100), .number(first + offset + 1))
      }
    }
  }
}
