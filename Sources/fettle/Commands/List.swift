import ArgumentParser
import FettleCore
import FettleEngine

/// `fettle list`
struct List: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "List incomplete executions, newest first.",
    discussion: "Without --status those that are neither resolved nor deleted.")

  @Option(help: "pending, unresolved, inProgress, resolved or deleted; may be repeated.")
  var status: [String] = []

  @Option(help: "An error type, such as DataError; may be repeated.")
  var error: [String] = []

  @Option(help: "Words that the reason, the scenario, the module or the id contains.")
  var text = ""

  @Option(help: "At most that many records.")
  var limit: Int?

  @Flag(help: "Print an array of records as JSON.")
  var json = false

  @OptionGroup var options: StoreOptions

  func validate() throws {
    for name in status where IncompleteState(rawValue: name) == nil {
      let known = IncompleteState.allCases.map(\.rawValue).joined(separator: ", ")
      throw ValidationError("There is no status '\(name)'; there are \(known).")
    }
    if let limit, limit < 1 { throw ValidationError("--limit is a number from 1.") }
  }

  func run() async throws {
    let workshop = try Workshop(options, creating: false)
    let filter = RecordFilter(
      states: Set(status.compactMap(IncompleteState.init)),
      errorTypes: Set(error.map { ErrorType($0) }), text: text)
    var printed = 0
    if json {
      print("[", terminator: "")
    }
    try await pages(of: workshop, filter) { record in
      if json {
        print(printed == 0 ? "\n  " : ",\n  ", terminator: "")
        print(Console.printable(JSONWriter.text(.collection(record.json))), terminator: "")
      } else {
        if printed == 0 { Console.say(RecordTable.header) }
        Console.say(RecordTable.row(record))
      }
      printed += 1
    }
    if json {
      print(printed == 0 ? "]" : "\n]")
    } else if printed == 0 {
      Console.say("Nothing incomplete.")
    }
  }

  private func pages(
    of workshop: Workshop, _ filter: RecordFilter, _ visit: (IncompleteSummary) -> Void
  ) async throws {
    var left = limit ?? .max
    var request = PageRequest.first
    while left > 0 {
      let wanted = min(left, 500)
      let (place, asked) = (request, filter)
      let page = try await reporting { () async throws(StoreError) in
        try await workshop.desk.page(asked, place, limit: wanted)
      }
      page.forEach(visit)
      guard page.count == wanted, let last = page.last else { return }
      request = .after(RecordPlace(last))
      left -= page.count
    }
  }
}

/// The list as lines of text.
enum RecordTable {
  static let header = row(
    "ID", "STATUS", "CREATED", "SCENARIO", "FAILED MODULE", "ERROR", "RETRY", "TRY", "REASON")

  static func row(_ record: IncompleteSummary) -> String {
    let created = record.created.iso8601
    return row(
      record.id.short, record.state.name, "\(created.prefix(10)) \(created.dropFirst(11).prefix(5))",
      record.scenarioName, "\(record.failer) \(record.failerTitle)", record.errorType.shortName,
      record.retry ? "auto" : "manual",
      record.plannedAttempts > 0
        ? "\(record.attempts)/\(record.plannedAttempts)" : "\(record.attempts)",
      record.reason)
  }

  private static func row(_ cells: String...) -> String {
    let widths = [8, 11, 16, 22, 22, 12, 6, 4]
    return cells.enumerated().map { index, cell in
      guard index < widths.count else { return cell }
      let cut = cell.count > widths[index] ? "\(cell.prefix(widths[index] - 1))…" : cell
      return cut + String(repeating: " ", count: widths[index] - cut.count)
    }.joined(separator: " ")
  }
}
