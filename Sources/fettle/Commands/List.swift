import ArgumentParser
import FettleCore
import FettleEngine
import FettleProgram
import FettleSQLite
import FettleTerminal

/// `fettle list`
struct List: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list",
    abstract: "List incomplete executions, newest first.",
    discussion: """
      Without a status those that are neither resolved nor deleted. A filter is what the terminal \
      shows behind /: status:open error:Data,Config -scenario:leads age:<2h size:>1M \
      bundle.order.total:>100 bundle.*.email:/@old\\.example$/ "must be a date". Dates are in UTC.
      """)

  @Option(parsing: .unconditional, help: "A filter as the terminal takes it.")
  var filter = ""

  @Option(
    parsing: .unconditional,
    help: "created, scenario, module, error, next, attempts or size; -size is descending.",
    completion: .list(RecordColumn.allCases.flatMap { [$0.rawValue, "-" + $0.rawValue] }))
  var sort = "-created"

  @Option(
    help: "pending, unresolved, inProgress, resolved or deleted; may be repeated.",
    completion: .list(IncompleteState.allCases.map(\.rawValue)))
  var status: [String] = []

  @Option(
    help: "An error type, such as DataError; may be repeated.",
    completion: .list(ErrorType.table.map(\.type.rawValue)))
  var error: [String] = []

  @Option(
    parsing: .unconditional,
    help: "Words that the reason, the scenario, the module or the id contains.")
  var text = ""

  @Option(help: "At most that many records.")
  var limit: Int?

  @Flag(help: "Print an array of records as JSON.")
  var json = false

  @OptionGroup var options: StoreOptions

  func validate() throws {
    if RecordOrder(words: sort) == nil {
      let columns = RecordColumn.names
      throw ValidationError(
        "There is no order '\(sort)'; there are \(columns), each with - before.")
    }
    for name in status where IncompleteState(rawValue: name) == nil {
      let known = IncompleteState.allCases.map(\.rawValue).joined(separator: ", ")
      throw ValidationError("There is no status '\(name)'; there are \(known).")
    }
    if let limit, limit < 1 { throw ValidationError("--limit is a number from 1.") }
  }

  func run() async throws {
    let expression = try FilterExpression(option: filter)
    let workshop = try Workshop(lookingInto: options)
    var filter = RecordFilter(
      expression, now: SystemClock().now(), order: RecordOrder(words: sort) ?? .newest)
    if !status.isEmpty { filter.states = Set(status.compactMap(IncompleteState.init)) }
    if !error.isEmpty { filter.errorTypes = try await workshop.errorTypes(named: error) }
    filter.words += text.split(separator: " ").map(String.init)
    try await RecordTable.print(filter, of: workshop, limit: limit, json: json)
  }
}

extension FilterTree {
  /// Reads a filter of the command line, as the terminal takes it. What is wrong with it is pointed at.
  init(option text: String) throws(CommandFailure) {
    do throws(FilterError) { try self.init(text) } catch {
      throw .usage(
        "the filter: \(error.description)",
        beneath: PlainText.pointing(at: error.range, in: text, ascii: !Console.usesUTF8))
    }
  }
}

extension Workshop {
  /// The kinds of failure of the command line, as the table of them or a record in the store names them.
  func errorTypes(named names: [String]) async throws(CommandFailure) -> Set<ErrorType> {
    var types: Set<ErrorType> = []
    for name in names {
      let word = name.lowercased()
      let known = ErrorType.table.map(\.type).first {
        $0.rawValue.lowercased() == word || $0.shortName.lowercased() == word
      }
      let type = known ?? ErrorType(name)
      if known == nil {
        // The set of types is open: a scenario or an app may have named one of its own.
        let any = RecordFilter(states: Set(IncompleteState.allCases), errorTypes: [type])
        let found = try await reporting { () async throws(StoreError) in
          try await store.page(any, .first, limit: 1)
        }
        guard !found.isEmpty else {
          let all = ErrorType.table.map(\.type.rawValue).joined(separator: ", ")
          throw .usage(
            "there is no error type '\(name)', and no record in the store has it; there are \(all)")
        }
      }
      types.insert(type)
    }
    return types
  }
}

/// The list as lines of text.
enum RecordTable {
  /// Prints the records of a filter page by page, so that a million of them take no more memory than
  /// a few.
  static func print(
    _ filter: RecordFilter, of workshop: Workshop, limit: Int? = nil, json: Bool
  ) async throws {
    var printed = 0
    if json { Swift.print("[", terminator: "") }
    var left = limit ?? .max
    var request = PageRequest.first
    while left > 0 {
      let wanted = min(left, 500)
      let place = request
      let page = try await reporting { () async throws(StoreError) in
        try await workshop.desk.page(filter, place, limit: wanted)
      }
      for record in page {
        if json {
          let text = Console.printable(JSONWriter.text(.collection(record.json)))
          Swift.print(printed == 0 ? "\n  \(text)" : ",\n  \(text)", terminator: "")
        } else {
          if printed == 0 { Console.say(header) }
          Console.row(row(record))
        }
        printed += 1
      }
      guard page.count == wanted, let last = page.last else { break }
      request = .after(RecordPlace(last, filter.order))
      left -= page.count
    }
    if json {
      Swift.print(printed == 0 ? "]" : "\n]")
    } else if printed == 0 {
      let counts = try await reporting { () async throws(StoreError) in
        try await workshop.desk.counts()
      }
      let candidates = filter.candidates(in: counts)
      Console.say(
        candidates == 0 ? filter.noCandidates : "0 of \(candidates) match the filter.")
    }
  }

  static let header = row(
    "ID", "STATUS", "CREATED", "SCENARIO", "FAILED MODULE", "ERROR", "RETRY", "TRY", "REASON")

  static func row(_ record: IncompleteSummary) -> String {
    let created = record.created.iso8601
    return row(
      record.id.short, record.state.name,
      "\(created.prefix(10)) \(created.dropFirst(11).prefix(5))",
      record.scenarioName, "\(record.failer) \(record.failerTitle)", record.errorType.shortName,
      record.retry ? "auto" : "manual",
      record.plannedAttempts > 0
        ? "\(record.attempts)/\(record.plannedAttempts)" : "\(record.attempts)",
      record.reason)
  }

  private static func row(_ cells: String...) -> String {
    let widths = [8, 11, 16, 22, 22, 12, 6, 4]
    return cells.enumerated().map { index, cell in
      index < widths.count
        ? PlainText.cell(cell, columns: widths[index], ascii: !Console.usesUTF8) : cell
    }.joined(separator: " ")
  }
}
