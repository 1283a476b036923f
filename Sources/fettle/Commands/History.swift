import ArgumentParser
import FettleCore
import FettleEngine
import FettleProgram
import FettleSQLite

/// `fettle history`
struct History: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "history",
    abstract: "List executions, newest first.",
    discussion: """
      A filter is what the terminal shows behind /: status:error,warning -scenario:leads \
      trigger:scheduled started:today duration:>10s operations:>100 "429 Too Many". Dates are in UTC.
      """)

  @Option(parsing: .unconditional, help: "A filter as the terminal takes it.")
  var filter = ""

  @Option(
    parsing: .unconditional,
    help: "started, status, scenario, operations or duration; -duration is descending.",
    completion: .list(ExecutionColumn.allCases.flatMap { [$0.rawValue, "-" + $0.rawValue] }))
  var sort = "-started"

  @Option(help: "Only those of this scenario, by name.")
  var scenario: String?

  @Option(help: "At most that many.")
  var limit = 50

  @Flag(help: "Print an array of executions as JSON.")
  var json = false

  @OptionGroup var options: StoreOptions

  func validate() throws {
    if ExecutionOrder(words: sort) == nil {
      let columns = ExecutionColumn.names
      throw ValidationError(
        "There is no order '\(sort)'; there are \(columns), each with - before.")
    }
    if limit < 1 { throw ValidationError("--limit is a number from 1.") }
  }

  func run() async throws {
    let tree = try FilterTree<ExecutionKey>(option: filter)
    let workshop = try Workshop(lookingInto: options)
    try await workshop.takeOverInterrupted()
    let named = try await workshop.scenario(named: scenario)
    var wanted = ExecutionFilter(
      tree, now: SystemClock().now(), order: ExecutionOrder(words: sort) ?? .newest)
    if let named { wanted.rules.append(.test(.scenarios([named.id]))) }
    let rows = try await Self.rows(wanted, limit: limit, of: workshop)
    if json { return Console.say(.array(rows.map { .collection($0.json) })) }
    guard !rows.isEmpty else {
      if !filter.isEmpty { return Console.say("No execution fits the filter.") }
      return Console.say(named.map { "\($0.name) has not run yet." } ?? "Nothing has run yet.")
    }
    Console.say(
      "EXECUTION STARTED             STATUS   BY         OPS FILTERED STORED  TOOK      SCENARIO")
    for row in rows { Console.row(row.line) }
  }

  private static func rows(
    _ filter: ExecutionFilter, limit: Int, of workshop: Workshop
  ) async throws -> [ExecutionRow] {
    var rows: [ExecutionRow] = []
    var request: ListRequest<ExecutionPlace>? = .first
    while let next = request, rows.count < limit {
      let left = limit - rows.count
      let stretch = try await reporting { () async throws(StoreError) in
        try await workshop.desk.executions(filter, next, limit: left, effort: 50_000)
      }
      rows += stretch.rows
      request = stretch.end.map { .after($0) }
    }
    return rows
  }
}

/// `fettle log EXECUTION`
struct Log: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "log",
    abstract: "Show what an execution did: each operation with its input and output.")

  @Argument(help: "The id of an execution, or its first characters.")
  var execution: String

  @Option(help: "Only operations of this module.")
  var module: Int?

  @Flag(help: "Print the execution as JSON.")
  var json = false

  @OptionGroup var options: StoreOptions

  func run() async throws {
    let workshop = try Workshop(lookingInto: options)
    let prefix = execution
    let (row, all) = try await reporting { () async throws(StoreError) in
      let row = try await workshop.store.execution(prefix)
      return (row, try await workshop.desk.entries(of: row.summary.id))
    }
    let entries = all.filter { entry in module.map { entry.module.number == $0 } ?? true }
    if json {
      var fields = row.json
      fields["entries"] = .array(entries.map(\.json))
      return Console.say(.collection(fields))
    }
    Console.row("\(row.summary.id)  \(row.summary.status.rawValue)  \(row.title)")
    if let error = row.summary.error {
      let place = row.summary.failedModule.map { " at module \($0)" } ?? ""
      Console.say("\(error.type)\(place): \(error.message)")
    }
    for warning in row.summary.warnings { Console.say("warning: \(warning)") }
    for entry in entries {
      Console.say("\n\(entry.number)  \(entry.date.iso8601)  \(entry.what)")
      if !entry.input.isNull {
        Console.say("  input  \(JSONWriter.text(entry.input))")
      }
      if case .finished(_, let output) = entry.step {
        for bundle in output.bundles {
          Console.say("  output \(JSONWriter.text(.collection(bundle)))")
        }
      }
    }
  }
}

/// `fettle prune`
struct Prune: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "prune",
    abstract: "Remove old executions from the history, and old records from the bin.",
    discussion: """
      Incomplete executions that are not in the bin stay, whatever goes. The daemon (fettled) does \
      both every hour, with 30 days for the bin.
      """)

  @Option(help: "Keep the executions of that many days.")
  var days: Int?

  @Option(help: "Keep at most that many megabytes of the store, the newest executions first.")
  var megabytes: Int?

  @Option(help: "Remove from the bin for good what was deleted more than that many days ago.")
  var binDays: Int?

  @Flag(help: "Print how many were removed as JSON.")
  var json = false

  @OptionGroup var options: StoreOptions

  func validate() throws {
    if days == nil, megabytes == nil, binDays == nil {
      throw ValidationError("Say what to keep: --days N, --megabytes N, --bin-days N, or several.")
    }
    if let binDays, binDays < 0 { throw ValidationError("--bin-days is a number from 0.") }
    if let days, days < 0 { throw ValidationError("--days is a number from 0.") }
    if let megabytes, megabytes < 0 { throw ValidationError("--megabytes is a number from 0.") }
  }

  func run() async throws {
    let workshop = try Workshop(options, creating: false)
    let retention = Retention(
      days: days, bytes: megabytes.map { $0 * 1_000_000 }, binDays: binDays)
    let removed = try await reporting { () async throws(StoreError) in
      try await retention.apply(to: workshop.store, now: workshop.runner.clock.now())
    }
    let (executions, records) = (removed.executions, removed.records)
    if json {
      return Console.say(["removed": .integer(executions), "purged": .integer(records)])
    }
    if days != nil || megabytes != nil {
      Console.say("\(executions) execution\(executions == 1 ? "" : "s") removed from the history.")
    }
    if binDays != nil {
      Console.say("\(records) record\(records == 1 ? "" : "s") removed from the bin for good.")
    }
  }
}

extension ExecutionRow {
  /// The execution for a list.
  fileprivate var line: String {
    let took = summary.ended.map {
      "\(Number(Double($0.milliseconds - summary.started.milliseconds) / 1000).text) s"
    }
    func cell(_ text: String, _ width: Int) -> String {
      text + String(repeating: " ", count: max(0, width - text.count))
    }
    return [
      cell(String(summary.id.prefix(8)), 9), cell(String(summary.started.iso8601.prefix(19)), 19),
      cell(summary.status.rawValue, 8), cell(summary.origin.rawValue, 10),
      cell("\(summary.operations)", 3), cell("\(summary.filtered)", 8), cell("\(storedCount)", 7),
      cell(took ?? "running", 9),
      title,
    ].joined(separator: " ")
  }

  /// The execution as JSON.
  var json: Collection {
    var fields = summary.json.collection ?? [:]
    fields["scenarioName"] = .text(scenarioName)
    fields["origin"] = .text(summary.origin.rawValue)
    fields["filtered"] = .integer(summary.filtered)
    fields["stored"] = .integer(storedCount)
    fields["name"] = summary.name.map(Value.text) ?? .null
    fields["calledBy"] = summary.caller.map(Value.text) ?? .null
    fields["retryOf"] = summary.retryOf.map { .text($0.text) } ?? .null
    return fields
  }
}

extension JournalEntry {
  fileprivate var what: String {
    switch step {
    case .begun(_, let effect): "module \(module) begun (\(effect.rawValue))"
    case .finished(_, let output):
      "module \(module) gave \(output.bundles.count) bundle\(output.bundles.count == 1 ? "" : "s")"
    case .failed(_, let error): "module \(module) failed: \(error.type): \(error.message)"
    case .filteredOut(let refusal): "module \(module) not reached: \(refusal.explanation)"
    case .committed: "committed"
    case .rolledBack: "rolled back"
    }
  }

  fileprivate var json: Value {
    var fields: Collection = [
      "number": .integer(number), "module": .integer(module.number), "date": .date(date),
      "input": input,
    ]
    switch step {
    case .begun(_, let effect):
      fields["step"] = "begun"
      fields["effect"] = .text(effect.rawValue)
    case .finished(_, let output):
      fields["step"] = "finished"
      fields["output"] = .array(output.bundles.map(Value.collection))
    case .failed(_, let error):
      fields["step"] = "failed"
      fields["error"] = error.value
    case .filteredOut(let refusal):
      fields["step"] = "filteredOut"
      fields["filter"] = refusal.filter.map(Value.text) ?? .null
      fields["conditions"] = .array(
        refusal.conditions.map {
          ["condition": .text($0.text), "a": $0.left, "b": $0.right ?? .null]
        })
    case .committed: fields["step"] = "committed"
    case .rolledBack: fields["step"] = "rolledBack"
    }
    return .collection(fields)
  }
}
