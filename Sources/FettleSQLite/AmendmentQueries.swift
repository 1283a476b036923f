public import FettleCore
import Foundation
import GRDB

extension SQLiteStore {
  /// Carries out an amendment, in one transaction.
  public func amend(
    _ id: RecordID, version: Int, _ amendment: Amendment
  ) async throws(StoreError) -> Int {
    try await writing { [self] database in
      let rows = self.rows(database)
      let (number, summary) = try rows.findEditable(id, version: version)
      for edit in amendment.edits { try rows.insert(edit, of: summary, number: number) }
      for edit in amendment.mappings { try rows.insert(edit, number: number) }
      if let blueprint = amendment.blueprint {
        try database.execute(
          cached: "UPDATE content SET blueprint = ? WHERE record = ?",
          arguments: [try rows.number(of: blueprint), number])
        if let title = blueprint.module(summary.failer)?.title, title != summary.failerTitle {
          try database.execute(
            cached: "UPDATE record SET failer_title = ? WHERE number = ?",
            arguments: [title, number])
          try rows.regroup(number)
        }
      }
      if let change = amendment.inScenario { try rows.carryOut(change, of: summary) }
      if let restart = amendment.restart {
        let blueprint = try amendment.blueprint ?? rows.record(id).blueprint
        try database.execute(
          cached: "UPDATE content SET continuation = ? WHERE record = ?",
          arguments: [Data(try rows.bytes(of: restart.continuation, in: summary)), number])
        try database.execute(
          cached: "UPDATE record SET failer = ?, failer_title = ? WHERE number = ?",
          arguments: [
            restart.module.number,
            blueprint.module(restart.module)?.title ?? summary.failerTitle, number,
          ])
        try rows.regroup(number)
      }
      // The audit has one line a version.
      var lines: [(event: String, detail: String?)] = []
      if amendment.blueprint != nil { lines.append(("blueprintReplaced", nil)) }
      if let restart = amendment.restart {
        lines.append(("restartMoved", "from module \(summary.failer) to \(restart.module)"))
      }
      let after = version + max(1, lines.count)
      try database.execute(
        cached: "UPDATE record SET version = ? WHERE number = ?", arguments: [after, number])
      for (offset, line) in lines.enumerated() {
        try database.execute(
          cached: "INSERT INTO move VALUES (?, ?, ?, ?, ?, ?, ?)",
          arguments: [
            number, version + 1 + offset, line.event, summary.state.rawValue, line.detail,
            amendment.author, amendment.date.milliseconds,
          ])
      }
      return after
    }
  }

  /// Adds a line to the audit of a record.
  public func note(_ note: RecordNote, on id: RecordID) async throws(StoreError) {
    try await writing { [self] database in
      let rows = self.rows(database)
      try rows.insert(note, number: try rows.find(id).number)
    }
  }

  /// The moves of a record's life and the lines added to its audit, oldest first.
  public func notes(of id: RecordID) async throws(StoreError) -> [RecordNote] {
    try await reading { [self] database in
      let number = try self.rows(database).find(id).number
      return try Row.fetchAll(
        try database.cachedStatement(
          sql: """
            SELECT event, reason AS detail, author, date, version AS place FROM move
              WHERE record = ?
            UNION ALL
            SELECT event, detail, author, date, number FROM record_note WHERE record = ?
            ORDER BY date, place
            """), arguments: [number, number]
      ).map {
        RecordNote(
          $0["event"], detail: $0["detail"], author: $0["author"],
          date: Instant(milliseconds: $0["date"]))
      }
    }
  }

  /// Keeps what somebody has changed and not saved.
  public func keep(_ draft: KeptDraft) async throws(StoreError) {
    try await writing { [self] database in
      let rows = self.rows(database)
      let (number, summary) = try rows.find(draft.record)
      let changes = Value.array(draft.drafts.map(\.stored))
      try database.execute(
        cached: """
          INSERT INTO draft
            (record, author, session, version, sequence, changes, withheld, date)
          VALUES (?, ?, ?, ?, ?, ?, ?, ?)
          ON CONFLICT (record, author, session) DO UPDATE SET version = excluded.version,
            sequence = excluded.sequence, changes = excluded.changes,
            withheld = excluded.withheld, date = excluded.date
          WHERE excluded.sequence > sequence
          """,
        arguments: [
          number, draft.author, draft.session, draft.version, draft.sequence,
          Data(try rows.bytes(of: changes, in: summary)), draft.withheld,
          draft.date.milliseconds,
        ])
    }
  }

  /// The drafts of somebody for a record, the newest first.
  public func drafts(
    of id: RecordID, by author: String
  ) async throws(StoreError) -> [KeptDraft] {
    try await reading { [self] database in
      try rows(database).drafts(of: id, by: author)
    }
  }

  /// Makes the draft of one session that of another one.
  public func takeDraft(
    of id: RecordID, by author: String, from session: String, to other: String
  ) async throws(StoreError) -> KeptDraft? {
    try await writing { [self] database in
      let rows = self.rows(database)
      if session != other {
        // A session that has one already keeps it.
        try database.execute(
          cached: """
            UPDATE OR IGNORE draft SET session = ? WHERE record = ? AND author = ? AND session = ?
            """,
          arguments: [other, try rows.find(id).number, author, session])
        guard database.changesCount > 0 else { return nil }
      }
      return try rows.drafts(of: id, by: author).first { $0.session == other }
    }
  }

  /// Forgets the draft of a session.
  public func dropDraft(
    of id: RecordID, by author: String, in session: String, upTo sequence: Int
  ) async throws(StoreError) {
    try await writing { [self] database in
      let number = try self.rows(database).find(id).number
      try database.execute(
        cached: """
          DELETE FROM draft WHERE record = ? AND author = ? AND session = ? AND sequence <= ?
          """,
        arguments: [number, author, session, sequence])
    }
  }
}

extension SQLiteStore {
  /// Keeps what somebody is typing, instead of what was kept for the same purpose in the same session.
  public func keep(_ text: KeptText) async throws(StoreError) {
    try await writing { [self] database in
      let rows = self.rows(database)
      let found = try text.record.map { try rows.find($0) }
      guard !text.text.isEmpty else {
        return try database.execute(
          cached: """
            DELETE FROM kept_text
            WHERE record = ? AND author = ? AND purpose = ? AND session = ? AND sequence <= ?
            """,
          arguments: [
            found?.number ?? 0, text.author, text.purpose.rawValue, text.session, text.sequence,
          ])
      }
      let value = Value.text(text.text)
      let bytes = try found.map { try rows.bytes(of: value, in: $0.summary) } ?? value.bytes
      try database.execute(
        cached: """
          INSERT INTO kept_text
            (author, record, purpose, session, sequence, place, text, date)
          VALUES (?, ?, ?, ?, ?, ?, ?, ?)
          ON CONFLICT (record, author, purpose, session) DO UPDATE SET
            sequence = excluded.sequence, place = excluded.place, text = excluded.text,
            date = excluded.date
          WHERE excluded.sequence >= kept_text.sequence
          """,
        arguments: [
          text.author, found?.number ?? 0, text.purpose.rawValue, text.session, text.sequence,
          text.place, Data(bytes), text.date.milliseconds,
        ])
    }
  }

  /// What somebody was typing about a record, or about several.
  public func keptTexts(
    of id: RecordID?, by author: String
  ) async throws(StoreError) -> [KeptText] {
    try await reading { [self] database in
      let rows = self.rows(database)
      let number = try id.map { try rows.find($0).number } ?? 0
      return try Row.fetchAll(
        try database.cachedStatement(
          sql: """
            SELECT * FROM kept_text WHERE record = ? AND author = ? ORDER BY date DESC, purpose
            """),
        arguments: [number, author]
      ).compactMap { row in
        guard let purpose = KeptText.Purpose(rawValue: row["purpose"]) else { return nil }
        let value =
          try id.map { try rows.value(row["text"], of: $0) }
          ?? ValueCodec.decode(Array(row["text"] as Data))
        guard let text = value?.text else { return nil }
        return KeptText(
          record: id, author: author, session: row["session"], sequence: row["sequence"],
          purpose: purpose, place: row["place"], text: text,
          date: Instant(milliseconds: row["date"]))
      }
    }
  }
}

extension RecordRows {
  /// The drafts of somebody for a record, the newest first.
  fileprivate func drafts(of id: RecordID, by author: String) throws -> [KeptDraft] {
    try Row.fetchAll(
      try database.cachedStatement(
        sql: """
          SELECT draft.* FROM draft JOIN record ON record.number = draft.record
          WHERE record.id = ? AND author = ? ORDER BY date DESC, session
          """), arguments: [id.text, author]
    ).map { row in
      let changes = try value(row["changes"], of: id)?.array ?? []
      return KeptDraft(
        record: id, author: author, session: row["session"], version: row["version"],
        sequence: row["sequence"], drafts: changes.compactMap(Draft.init(stored:)),
        withheld: row["withheld"], date: Instant(milliseconds: row["date"]))
    }
  }

  /// Gives the scenario of a record another blueprint, unless somebody else did meanwhile.
  fileprivate func carryOut(_ change: Amendment.InScenario, of record: IncompleteSummary) throws {
    let today = try Int64.fetchOne(
      try database.cachedStatement(sql: "SELECT blueprint FROM scenario WHERE id = ?"),
      arguments: [record.scenarioID.number])
    guard try today == number(of: change.old) else {
      throw StoreError.unfit(
        "the blueprint of \(record.scenarioName) was changed meanwhile; nothing was saved, look at it "
          + "again")
    }
    try keep(try number(of: change.new), change.new.settings, for: record.scenarioID)
  }

  /// Adds a line to the audit of a record.
  func insert(_ note: RecordNote, number: Int64) throws {
    try database.execute(
      cached: """
        INSERT INTO record_note VALUES
          (?, (SELECT coalesce(max(number), 0) + 1 FROM record_note WHERE record = ?), ?, ?, ?, ?)
        """,
      arguments: [
        number, number, note.event, note.detail, note.author, note.date.milliseconds,
      ])
  }
}
