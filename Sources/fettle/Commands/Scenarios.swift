import ArgumentParser
import FettleCore
import FettleEngine
import FettleProgram
import FettleSQLite

/// `fettle scenarios`
struct Scenarios: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "scenarios",
    abstract: "List scenarios: whether they start by themselves, when next, and what is open.")

  @Flag(help: "Print an array of scenarios as JSON.")
  var json = false

  @OptionGroup var options: StoreOptions

  func run() async throws {
    let workshop = try Workshop(lookingInto: options)
    let rows = try await reporting { () async throws(StoreError) in
      try await workshop.store.scenarios()
    }
    if json { return Console.say(.array(rows.map { .collection($0.json) })) }
    guard !rows.isEmpty else { return Console.say("No scenario is known yet; run one.") }
    for row in rows {
      Console.row("\(row.id)  \(row.name)")
      Console.say("    \(row.standing(workshop.runner.clock.now()))")
      if !row.state.isActive, row.state.problem != nil {
        Console.say("    when that is mended: fettle start \(row.id)")
      }
      if let lost = row.lost {
        Console.say(
          "    \(lost.told), the last at \(lost.last.iso8601.prefix(19))Z: \(lost.reason)")
        Console.say("    when you have seen that: fettle acknowledge \(row.id)")
      }
      if row.openRecords > 0 {
        Console.say(
          "    \(row.openRecords) incomplete, \(row.openBytes) bytes"
            + (row.isWaiting ? "; in order, so it waits until they are resolved" : ""))
      }
    }
    workshop.warnOfFullness(rows)
  }
}

/// `fettle schedule BLUEPRINT`
struct ScheduleCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "schedule",
    abstract: "Keep a blueprint as its scenario's and let it start by itself.",
    discussion: """
      The schedule is the "scheduling" object of Make and Fusion, for example \
      '{"type":"indefinitely","interval":900}', '{"type":"daily","time":"08:30"}' or \
      '{"type":"weekly","days":[1,5],"time":"07:00"}'. Without --set the one in the export counts, \
      else the one the scenario has. \
      The daemon (fettled) does the starting.
      """)

  @Argument(help: "A blueprint exported from Make or Fusion.", completion: .file())
  var blueprint: String

  @Option(name: .customLong("set"), help: "The schedule, as JSON.")
  var schedule: String?

  @Option(help: "The time zone of its times, such as Europe/Prague.")
  var zone: String?

  @Option(
    help: "When stored failures are retried: fusion or make.",
    completion: .list(["fusion", "make"]))
  var retries: String?

  @Flag(
    inversion: .prefixedNo,
    help:
      "Switch it off when a failure needs a person, such as a revoked token, though it is stored.")
  var stopOnConfigurationError: Bool?

  @Flag(help: "Keep the blueprint and the schedule, but do not start it by itself.")
  var inactive = false

  @OptionGroup var options: StoreOptions

  func validate() throws {
    if let retries, RetrySchedule.named(retries) == nil {
      throw ValidationError("--retries is fusion or make.")
    }
    if let zone, !Schedule.isZone(zone) {
      throw ValidationError("'\(zone)' is no time zone; name one such as Europe/Prague.")
    }
  }

  /// What `--set` says, else the export.
  private func saidSchedule() throws -> Schedule? {
    let document: Collection
    if let schedule {
      guard let fields = (try? JSONReader.read(schedule))?.collection else {
        throw CommandFailure.usage("--set is no JSON object: \(schedule)")
      }
      document = fields
    } else if let found = try InputFile.json(blueprint).schedulingOfExport {
      document = found
    } else {
      return nil
    }
    return try read(document)
  }

  private func read(_ document: Collection) throws -> Schedule {
    do throws(ScheduleError) { return try Schedule(document) } catch {
      throw CommandFailure.usage("the schedule does not fit: \(error)")
    }
  }

  func run() async throws {
    let scenario = try InputFile.blueprint(blueprint)
    var there: Workshop?
    let plan: Schedule
    if let said = try saidSchedule() {
      plan = said
    } else {
      there = try Workshop.ifThere(options)
      let rows = try await reporting { () async throws(StoreError) in
        try await there?.store.scenarios() ?? []
      }
      // What events start needs no times.
      let events: Collection? = scenario.takesEvents ? ["type": "immediately"] : nil
      guard
        let found = try rows.first(where: { $0.name == scenario.name })?.state.schedule
          ?? events.map(read)
      else {
        throw CommandFailure.usage(
          "\(blueprint) carries no \"scheduling\"; say when, for example with "
            + #"--set '{"type":"indefinitely","interval":900}'; 'fettle import' keeps it without"#)
      }
      plan = found
    }
    let workshop = try there ?? Workshop(options, creating: true)
    if !inactive {
      try await reporting { () async throws(StoreError) in
        try await workshop.runner.checkActivation(of: scenario)
      }
    }
    let (zone, retries, isActive) = (zone, retries.flatMap(RetrySchedule.named), !inactive)
    let stops = stopOnConfigurationError
    let runner = workshop.runner
    let now = runner.clock.now()
    var hook: Hook?
    let row = try await reporting { () async throws(StoreError) in
      let id = try await workshop.store.scenario(named: scenario.name)
      hook = try await workshop.store.attach(scenario, to: id)
      try await workshop.store.keep(scenario, for: id)
      try await workshop.store.update(id) { state in
        state.schedule = plan
        state.timeZone = zone ?? state.timeZone
        state.retries = retries ?? state.retries
        state.stopsOnConfigurationError = stops ?? state.stopsOnConfigurationError
        if isActive {
          state.activate(at: now, zone: runner.timeZone)
        } else {
          state.deactivate()
        }
      }
      return try await workshop.store.scenario(id)
    }
    Console.row("\(row.name): \(row.standing(now))")
    if let hook { Console.say("webhook \(hook.id): \(hook.path), where fettled listens") }
    if !scenario.settings.storesIncompleteExecutions {
      Console.complain(
        "storing incomplete executions is off in this scenario (metadata.scenario.dlq): what fails "
          + "is lost")
    }
  }
}

/// `fettle start SCENARIO`
struct Start: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "start",
    abstract: "Let a scenario start by itself again.")

  @Argument(help: "The name of the scenario, or its number.")
  var scenario: String

  @OptionGroup var options: StoreOptions

  func run() async throws {
    try await change(scenario, options) { desk, id throws(StoreError) in
      try await desk.activate(true, id)
    }
  }
}

/// `fettle stop SCENARIO`
struct Stop: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stop",
    abstract: "No longer let a scenario start by itself, or stop an execution that runs.",
    discussion: """
      An execution that is stopped finishes the operation that runs; what it had not got to becomes \
      an incomplete execution that waits for you.
      """)

  @Argument(help: "The name of the scenario, or its number.")
  var scenario: String?

  @Option(help: "Stop this execution instead, by its id or the first characters of it.")
  var execution: String?

  @OptionGroup var options: StoreOptions

  func validate() throws {
    if (scenario == nil) == (execution == nil) {
      throw ValidationError("Name a scenario, or an execution with --execution ID.")
    }
  }

  func run() async throws {
    if let execution { return try await stop(execution) }
    guard let scenario else { return }
    try await change(scenario, options) { desk, id throws(StoreError) in
      try await desk.activate(false, id)
    }
  }
}

/// `fettle acknowledge SCENARIO`
struct Acknowledge: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "acknowledge",
    abstract: "Say that you have seen how many bundles a scenario lost.",
    discussion: """
      A scenario with "Enable data loss" loses a bundle that failed when the store has no room for it. \
      The count is shown by fettle scenarios, in the terminal and in /metrics until somebody \
      acknowledges it. The audit keeps who did, and when.
      """)

  @Argument(help: "The name of the scenario, or its number.")
  var scenario: String

  @OptionGroup var options: StoreOptions

  func run() async throws {
    let workshop = try Workshop(options, creating: false)
    guard let row = try await workshop.scenario(named: scenario) else { return }
    let count = try await reporting { () async throws(StoreError) in
      try await workshop.desk.acknowledgeLoss(of: row.id, count: row.lost?.count ?? 0)
    }
    Console.say("\(row.name): \(count) lost \(count == 1 ? "bundle" : "bundles") acknowledged")
  }
}

extension Stop {
  private func stop(_ prefix: String) async throws {
    let workshop = try Workshop(options, creating: false)
    let row = try await reporting { () async throws(StoreError) in
      let row = try await workshop.store.execution(prefix)
      try await workshop.desk.stop(execution: row.summary.id)
      return row
    }
    Console.say(
      "\(row.scenarioName): execution \(row.summary.id.prefix(8)) stops after the operation that runs"
    )
  }
}

private func change(
  _ name: String, _ options: StoreOptions,
  _ body: @escaping @Sendable (OperatorDesk, ScenarioID) async throws(StoreError) -> Void
) async throws {
  let workshop = try Workshop(options, creating: false)
  guard let found = try await workshop.scenario(named: name) else { return }
  let row = try await reporting { () async throws(StoreError) in
    try await body(workshop.desk, found.id)
    return try await workshop.store.scenario(found.id)
  }
  Console.row("\(row.name): \(row.standing(workshop.runner.clock.now()))")
}

extension ScenarioRow {
  /// Whether it starts by itself, and when.
  func standing(_ now: Instant) -> String {
    if let runsUntil, runsUntil >= now { return "runs now" }
    if let why = state.whySwitchedOff { return why }
    guard state.isActive else { return "does not start by itself" }
    if state.schedule?.isInstant == true { return "starts with every event" }
    return state.nextRun.map { "starts next at \($0.iso8601.prefix(19))Z" }
      ?? "active, nothing planned"
  }

  /// The scenario as JSON.
  var json: Collection {
    [
      "id": .integer(id.number), "name": .text(name), "isActive": .boolean(state.isActive),
      "isinvalid": .boolean(state.problem != nil && !state.isPaused),
      "isPaused": .boolean(state.isPaused),
      "problem": state.problem.map(Value.text) ?? .null, "iswaiting": .boolean(isWaiting),
      "dlqCount": .integer(openRecords), "dlqBytes": .integer(openBytes),
      "nextExec": state.nextRun.map(Value.date) ?? .null,
      "scheduling": state.schedule.map { .collection($0.document) } ?? .null,
      "consecutiveErrors": .integer(state.consecutiveErrors),
      "lost": .integer(lost?.count ?? 0),
      "lostSince": lost.map { .date($0.since) } ?? .null,
      "lostReason": lost.map { .text($0.reason) } ?? .null,
    ]
  }
}

extension Value {
  /// The schedule beside a blueprint in an answer of the API, or inside it.
  fileprivate var schedulingOfExport: Collection? {
    let outer = collection ?? [:]
    return outer["scheduling"]?.collection
      ?? outer["response"]?.collection?["scheduling"]?.collection
      ?? outer["blueprint"]?.collection?["scheduling"]?.collection
  }
}
