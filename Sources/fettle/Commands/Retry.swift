import ArgumentParser
import FettleCore
import FettleEngine
import FettleProgram

/// `fettle retry ID…`
struct Retry: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "retry",
    abstract: "Run incomplete executions on from their failed modules.",
    discussion: """
      Exit status 0 when all were resolved; 3 when one went on and failed at a later module, which \
      stored a new record; 1 when one failed again.
      """)

  @Argument(help: "The ids of records, or their first digits.")
  var ids: [String] = []

  @Flag(help: "All open records that --filter, --error, --scenario and --text let through.")
  var all = false

  @Option(
    parsing: .unconditional,
    help: "With --all: only what this filter lets through, as the terminal takes it.")
  var filter = ""

  @Option(
    help: "With --all: only this error type; may be repeated.",
    completion: .list(ErrorType.table.map(\.type.rawValue)))
  var error: [String] = []

  @Option(help: "With --all: only this scenario, by name or number.")
  var scenario: String?

  @Option(parsing: .unconditional, help: "With --all: only those that contain these words.")
  var text = ""

  @Flag(help: "Go on with the blueprint the scenario has today, not the stored one.")
  var current = false

  @Option(
    name: .customLong("output"),
    help: ArgumentHelp(
      "The output of the failed module, which is not run then: a JSON object, or a file with one.",
      valueName: "json"))
  var substitute: String?

  @Flag(help: "Send again what may have arrived before an interruption.")
  var sendAgain = false

  @Flag(help: "Print the outcomes as JSON.")
  var json = false

  @OptionGroup var options: StoreOptions

  func validate() throws {
    if ids.isEmpty != all {
      throw ValidationError(
        ids.isEmpty ? "Name records, or --all." : "Name records or --all, not both.")
    }
    if !all, !filter.isEmpty { throw ValidationError("--filter is about many records; add --all.") }
    if all, substitute != nil || sendAgain {
      throw ValidationError("--output and --send-again are about single records; name them.")
    }
  }

  func run() async throws {
    let expression = try FilterExpression(option: filter)
    var output: Bundle?
    if let substitute {
      guard let bundle = try InputFile.json(substitute, orText: true).collection else {
        throw CommandFailure.usage("\(substitute) is no JSON object")
      }
      output = bundle
    }
    let workshop = try Workshop(options, creating: false)
    try await workshop.takeOverInterrupted()
    var records: [RecordID] = []
    // All ids are looked up before the first one runs: a typing error starts nothing.
    for digits in ids {
      records.append(
        try await reporting { () async throws(StoreError) in
          try await workshop.desk.identify(digits)
        })
    }
    if all { records = try await allRecords(expression, of: workshop) }
    if records.isEmpty, !json {
      Console.say("Nothing to retry: no open record is let through; 'fettle list' shows all.")
    }
    var outcomes: [Value] = []
    var status: Int32 = 0
    for id in records {
      let trigger: AttemptTrigger = records.count > 1 || all ? .bulk : .manual
      do throws(StoreError) {
        if output == nil, !sendAgain {
          let record = try await workshop.desk.record(id)
          if record.error.stage == .inDoubt { throw .inDoubt(id) }
        }
        if current { _ = try await workshop.desk.adoptCurrentBlueprint(id, version: nil) }
        let report = try await workshop.desk.resume(
          id, version: nil, trigger: sendAgain ? .manual : trigger, substitute: output)
        switch report.outcome {
        case .resolved: break
        case .failed, .interrupted: status = 1
        case .failedElsewhere: status = max(status, status == 1 ? 1 : 3)
        }
        outcomes.append(.collection(report.record.attempts.last?.json ?? [:]))
        if !json {
          Console.say(
            "\(id.short) \(report.outcome.sentence) in "
              + "\(Number(Double(report.milliseconds) / 1000).text) s")
        }
      } catch {
        // One record that cannot be run does not keep the others from running.
        if records.count == 1, !all { throw CommandFailure(error) }
        status = CommandFailure(error).status == 2 && status == 0 ? 2 : 1
        outcomes.append(["id": .text(id.text), "refused": .text(error.description)])
        Console.complain("\(id.short): \(error)")
      }
    }
    await workshop.runner.finishCalled()
    if json {
      let results = zip(records, outcomes).map { id, outcome -> Value in
        var fields: Collection = ["id": .text(id.text)]
        for field in outcome.collection?.fields ?? [] { fields[field.name] = field.value }
        return .collection(fields)
      }
      Console.say(.array(results))
    }
    if status != 0 { throw ExitCode(status) }
  }

  /// The records of --all, oldest first. The set is frozen here: what is stored meanwhile is not
  /// in it.
  private func allRecords(
    _ expression: FilterExpression, of workshop: Workshop
  ) async throws -> [RecordID] {
    let wanted = try await workshop.scenario(named: scenario)
    var filter = RecordFilter(expression, now: SystemClock().now())
    if let wanted { filter.scenarios = [wanted.id] }
    if !error.isEmpty { filter.errorTypes = try await workshop.errorTypes(named: error) }
    filter.words += text.split(separator: " ").map(String.init)
    let meant = filter
    return try await reporting { () async throws(StoreError) in
      try await workshop.desk.select(meant, except: [], for: .resume).items.map(\.id)
    }
  }
}
