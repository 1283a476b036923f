import FettleCore
import FettleEngine

/// What the line mode does with the record that is open.
extension PlainSession {
  mutating func open(_ rest: String) async throws(StoreError) -> [SafeText] {
    if let opened, opened.isChanged { return refused(Self.unsaved) }
    let id: RecordID
    if let number = Int(rest), rows.indices.contains(number - 1) {
      id = rows[number - 1].id
    } else if rest.isEmpty {
      return refused("which one? open NUMBER, by the list, or open ID")
    } else {
      id = try await desk.identify(rest)
    }
    return try await open(id)
  }

  private mutating func open(_ id: RecordID) async throws(StoreError) -> [SafeText] {
    let record = PlainRecord(try await desk.record(id), desk: desk)
    opened = record
    planned = nil
    var lines = record.head(zone: surroundings.zone)
    if let left = try await left(of: id) {
      lines.append(
        "\(left.drafts.count + left.withheld) changes of " + surroundings.zone.long(left.date)
          + " were left unsaved"
          + (left.withheld > 0 ? ", \(left.withheld) of secret fields were not kept" : "")
          + ": recover makes them again, forget drops them")
    }
    return lines
  }

  /// What this operator changed in it and did not save, in a program that has ended.
  private func left(of id: RecordID) async throws(StoreError) -> KeptDraft? {
    guard !surroundings.isReadOnly else { return nil }
    return try await desk.drafts(of: id).first {
      (!$0.drafts.isEmpty || $0.withheld > 0) && !Session($0.session).isAlive
    }
  }

  mutating func performOnRecord(
    _ command: PlainCommand, _ rest: String
  ) async throws(StoreError) -> [SafeText] {
    guard var record = opened else { return [] }
    let parts = rest.split(separator: " ", maxSplits: 1).map(String.init)
    let (first, second) = (parts.first ?? "", parts.count > 1 ? parts[1].trimmed : "")
    do throws(PlainRecord.Refusal) {
      defer { opened = record }
      switch command {
      case .chain: return record.chain
      case .fields: return try record.fields(below: rest)
      case .value: return try record.whole(rest)
      case .input: return record.input(desk)
      case .mapping: return record.mapping
      case .way: return try record.way(rest)
      case .set, .setJSON:
        guard !first.isEmpty else { return refused("\(command.rawValue) \(command.arguments)") }
        return try record.set(
          first, to: parts.count > 1 ? parts[1] : "", isJSON: command == .setJSON, desk)
      case .rename: return try record.rename(first, to: second, desk)
      case .move:
        guard ["up", "down"].contains(second) else {
          return refused("move PATH up, or move PATH down")
        }
        return try record.move(first, second == "up" ? -1 : 1, desk)
      case .file:
        guard !second.isEmpty else { return refused("file PATH FILE") }
        return try record.put(file: second, at: first, desk)
      case .remove: return try record.remove(rest, desk)
      case .undo: return try record.undo(desk)
      case .redo: return try record.redo(desk)
      case .revert:
        record.revert()
        return ["the changes are dropped"]
      case .changes: return record.changes
      case .check: return record.check(desk)
      case .history: return record.history(zone: surroundings.zone)
      default: break
      }
    } catch {
      return refused(error.text)
    }
    switch command {
    case .next, .previous: return try await step(command == .next ? 1 : -1, from: record)
    case .linked:
      if record.isChanged { return refused(Self.unsaved) }
      guard let id = record.record.successor ?? record.record.predecessor else {
        return refused("the record continues no other, and none continues it")
      }
      return try await open(id)
    case .changeMarked: return try await changeMarked(rest)
    case .from, .map, .mapScenario, .current, .reveal, .reload, .recover, .forget:
      return try await amend(command, rest, first, second, record)
    default:
      defer { opened = record }
      return try await act(command, rest, on: &record)
    }
  }

  private mutating func step(
    _ step: Int, from record: PlainRecord
  ) async throws(StoreError) -> [SafeText] {
    if record.isChanged { return refused(Self.unsaved) }
    guard let index = rows.firstIndex(where: { $0.id == record.record.id }) else {
      return refused("the record is not in the list that was shown; list, then open one of it")
    }
    guard rows.indices.contains(index + step) else {
      return refused(
        step > 0 ? "it is the last one listed; more lists the next" : "it is the first")
    }
    return try await open(rows[index + step].id)
  }

  /// What changes how the record goes on, and what reads it again.
  private mutating func amend(
    _ command: PlainCommand, _ rest: String, _ first: String, _ second: String,
    _ record: PlainRecord
  ) async throws(StoreError) -> [SafeText] {
    var record = record
    let id = record.record.id
    let version = record.record.summary.version
    let takesItAtOnce = [.from, .map, .mapScenario, .current].contains(command) && !rest.isEmpty
    if record.isChanged, takesItAtOnce || command == .current || command == .recover {
      return refused(Self.unsaved)
    }
    do throws(PlainRecord.Refusal) {
      switch command {
      case .from where rest.isEmpty:
        return desk.restartForecasts(of: record.record).map { restart in
          name(restart.module, record)
            + (restart.module == record.record.summary.failer ? ", where it goes on now" : "")
            + (restart.repeated.isEmpty
              ? ""
              : ", runs again: " + restart.repeated.map { name($0, record) }.joined(separator: ", "))
            + (restart.repeatedEffects.isEmpty
              ? ""
              : ", a second time: "
                + restart.repeatedEffects.map { name($0, record) }.joined(separator: ", "))
        }
      case .from:
        guard let number = Int(rest) else { return refused("from MODULE, by its number") }
        _ = try await storing { [desk] () async throws(StoreError) in
          try await desk.moveRestart(of: id, to: ModuleID(number), version: version)
        }
      case .map, .mapScenario:
        guard !first.isEmpty, !second.isEmpty else {
          return refused("\(command.rawValue) FIELD TEMPLATE; mapping lists the fields")
        }
        let place = try record.mappingPlace(first, second)
        _ = try await storing { [desk] () async throws(StoreError) in
          try await desk.amend(
            id, version: version, [Draft(path: place, value: .text(second), in: .mapping)],
            alsoInScenario: command == .mapScenario)
        }
      case .current:
        _ = try await storing { [desk] () async throws(StoreError) in
          try await desk.adoptCurrentBlueprint(id, version: version)
        }
      case .reveal:
        let path = try record.reveal(rest)
        try await storing { [desk] () async throws(StoreError) in
          try await desk.noteReveal(of: path.description, in: id)
        }
        opened = record
        return try record.fields(below: rest)
      case .forget:
        guard
          let left = try await storing({ [self] () async throws(StoreError) in
            try await self.left(of: id)
          })
        else { return refused("nothing was left unsaved") }
        try await storing { [desk] () async throws(StoreError) in
          try await desk.dropDraft(of: id, in: left.session, upTo: left.sequence)
        }
        return ["forgotten"]
      case .recover:
        guard
          let left = try await storing({ [self] () async throws(StoreError) in
            try await self.left(of: id)
          })
        else { return refused("nothing was left unsaved") }
        let problems = record.make(left.drafts, desk)
        opened = record
        try await storing { [desk] () async throws(StoreError) in
          try await desk.dropDraft(of: id, in: left.session, upTo: left.sequence)
        }
        if !problems.isEmpty { hasFailed = true }
        return problems.map { "! " + $0 } + record.changes
      default: break
      }
    } catch { return refused(error.text) }
    let refusals = record.reload(try await desk.record(id), desk)
    opened = record
    if !refusals.isEmpty { hasFailed = true }
    return refusals.map { "! " + $0 }
      + (command == .reload ? record.head(zone: surroundings.zone) : record.check(desk))
  }

  /// Does what the store has to do among what the record refuses.
  private func storing<Result>(
    _ body: () async throws(StoreError) -> Result
  ) async throws(PlainRecord.Refusal) -> Result {
    do throws(StoreError) { return try await body() } catch {
      throw PlainRecord.Refusal(text: "\(error.description)")
    }
  }

  private func name(_ module: ModuleID, _ record: PlainRecord) -> SafeText {
    "\(module.number) \(record.record.blueprint.module(module)?.title ?? "")"
  }

  private mutating func act(
    _ command: PlainCommand, _ rest: String, on record: inout PlainRecord
  ) async throws(StoreError) -> [SafeText] {
    let id = record.record.id
    switch command {
    case .save:
      return [try await record.save(desk) ? "saved" : "nothing was changed"]
    case .resume: return try await resume(rest, &record)
    case .output:
      let output: Value
      do { output = try JSONReader.read(rest) } catch {
        return refused("no JSON: \(error.description)")
      }
      guard let bundle = output.collection else {
        return refused("an output is an object: its fields are those of the bundle")
      }
      _ = try await record.save(desk)
      return try await run(&record, substitute: bundle)
    case .auto:
      guard ["on", "off"].contains(rest) else { return refused("auto on, or auto off") }
      let after = try await desk.setAutoRetry(
        rest == "on", of: id, version: record.record.summary.version)
      record.take(after)
      return [
        after.summary.nextRetry.map { "next retry " + surroundings.zone.long($0) }
          ?? "no automatic retry"
      ]
    case .close:
      guard !rest.isEmpty else { return refused("say why: close REASON") }
      record.take(
        try await desk.close(id, version: record.record.summary.version, reason: rest))
      return ["closed: \(rest); reopen takes that back"]
    case .reopen:
      record.take(try await desk.reopen(id, version: record.record.summary.version))
      return ["open again"]
    case .delete:
      record.take(try await desk.delete(id, version: record.record.summary.version))
      return ["in the bin; restore takes it out again"]
    case .restore:
      record.take(try await desk.restore(id, version: record.record.summary.version))
      return ["out of the bin"]
    default: return []
    }
  }

  /// Runs the record on. What may have arrived, and what was undone, is asked about as on the screen:
  /// the word behind it is the answer.
  private mutating func resume(
    _ answer: String, _ record: inout PlainRecord
  ) async throws(StoreError) -> [SafeText] {
    guard ["", "again", "here"].contains(answer) else {
      return refused("resume, resume again or resume here")
    }
    let failer = record.record.summary.failer
    if record.isInDoubt, answer != "again" {
      return refused(record.doubt)
    }
    if answer.isEmpty, let first = try await desk.restartAfterRollback(of: record.record) {
      return refused(
        "what module \(first.number) wrote was rolled back: from \(first.number) goes on there, "
          + "resume here only at module \(failer.number)")
    }
    _ = try await record.save(desk)
    return try await run(&record, substitute: nil)
  }

  private mutating func run(
    _ record: inout PlainRecord, substitute: Bundle?
  ) async throws(StoreError) -> [SafeText] {
    let mask = record.mask
    let report = try await desk.resume(
      record.record.id, version: record.record.summary.version, trigger: .manual,
      substitute: substitute)
    record = PlainRecord(report.record, desk: desk)
    if report.outcome != .resolved { hasFailed = true }
    return [PlainRecord.outcome(report, mask)]
  }
}
