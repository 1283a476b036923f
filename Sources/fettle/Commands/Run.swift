import ArgumentParser
import FettleCore
import FettleEngine
import FettleProgram
import FettleSQLite

/// `fettle run BLUEPRINT`
struct Run: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Run a scenario once.",
    discussion: """
      The bundles of FILE stand in for what the trigger would have received: a JSON array of \
      objects, or one object. '-' reads standard input. A scenario that reads var.input takes its \
      inputs from the first of them.
      """)

  @Argument(help: "A blueprint exported from Make or Fusion.", completion: .file())
  var blueprint: String

  @Option(help: "The bundles the trigger emits.", completion: .file())
  var bundles: String?

  @Flag(help: "Print the execution as JSON.")
  var json = false

  @OptionGroup var options: StoreOptions

  func run() async throws {
    let scenario = try InputFile.blueprint(blueprint)
    let given = try bundles.map(InputFile.bundles)
    let workshop = try Workshop(options, creating: true)
    let first = scenario.flow.first
    let kind = first.flatMap { workshop.runner.modules.descriptor(of: $0.type)?.kind }
    if given != nil, let first, let kind, kind != .trigger, !scenario.readsInputs {
      throw CommandFailure.usage(
        "module \(first.id) (\(first.type)) begins the scenario and is no trigger; "
          + "leave --bundles out")
    }
    if given == nil, let first, first.type.hasPrefix("gateway:") {
      throw CommandFailure.usage(
        "the scenario begins with \(first.type); name the bundles it received with --bundles FILE")
    }
    let problems = scenario.problems(
      ofInputs: given?.first ?? [:], timeZone: workshop.runner.timeZone)
    guard problems.isEmpty else {
      throw CommandFailure.usage(
        "\(scenario.name) cannot be started with this: \(problems.joined(separator: "; ")); its "
          + "inputs are the fields of the first of --bundles FILE")
    }
    try await workshop.takeOverInterrupted()
    let summary = try await reporting { () async throws(StoreError) in
      try await workshop.runner.run(scenario, given: given)
    }
    await workshop.runner.finishCalled()
    if json {
      Console.say(summary.json)
    } else {
      Console.say(summary.report(of: scenario))
    }
    if !summary.stored.isEmpty {
      workshop.warnOfFullness(
        try await reporting { () async throws(StoreError) in
          try await workshop.store.scenarios()
        })
    }
    if summary.error != nil { throw ExitCode(1) }
    if !summary.stored.isEmpty { throw ExitCode(3) }
  }
}

extension ExecutionSummary {
  /// How the run went, for people.
  func report(of blueprint: Blueprint) -> String {
    let duration = ended.map { Double($0.milliseconds - started.milliseconds) / 1000 } ?? 0
    var lines = [
      "\(Console.inALine(blueprint.name)): \(status.rawValue), \(operations) operations in "
        + "\(Number(duration).text) s"
    ]
    if let returned { lines.append("Returned: \(JSONWriter.text(.collection(returned)))") }
    lines += warnings.map { "warning: \($0)" }
    if filtered > 0 {
      lines.append(
        "Filters stopped bundles \(filtered) time\(filtered == 1 ? "" : "s"): "
          + "'fettle log \(id.prefix(8))' tells where and why.")
    }
    if let error {
      let place =
        failedModule.flatMap { blueprint.module($0) }
        .map { " in module \($0.id) \"\(Console.inALine($0.title))\"" } ?? ""
      lines.append("\(error.type)\(place): \(error.message)")
      lines.append(
        "Nothing was stored for the failing bundle: \(reasonNothingWasStored(blueprint))")
    }
    if !stored.isEmpty {
      lines.append(
        "\(stored.count) incomplete execution\(stored.count == 1 ? "" : "s") stored: "
          + stored.prefix(5).map(\.short).joined(separator: " ")
          + (stored.count > 5 ? " …" : ""))
      lines.append("See them with 'fettle' or 'fettle list'.")
    }
    return lines.joined(separator: "\n")
  }

  private func reasonNothingWasStored(_ blueprint: Blueprint) -> String {
    if storeWasFull {
      return "the store has no room. Free some; what the run had not got to is kept then."
    }
    if error?.stage == .initialization {
      return "nothing was begun; a run opens the connections of all its modules first."
    }
    if failedModule == nil || failedModule == blueprint.flow.first?.id {
      return "a failure of the first module never is."
    }
    if !blueprint.settings.storesIncompleteExecutions {
      return "storing incomplete executions is off in this scenario (metadata.scenario.dlq)."
    }
    if (error?.type.row.stored ?? .fail) != .fail {
      return "an error handler route ended the execution."
    }
    return "this type of error ends the execution."
  }

  /// The run as JSON.
  var json: Value {
    [
      "id": .text(id), "scenarioId": .integer(scenario.number), "status": .text(status.rawValue),
      "started": .date(started), "ended": ended.map(Value.date) ?? .null,
      "operations": .integer(operations), "filtered": .integer(filtered),
      "stored": .array(stored.map { .text($0.text) }),
      "warnings": .array(warnings.map(Value.text)),
      "outputs": returned.map(Value.collection) ?? .null,
      "error": error.map(\.value) ?? .null,
      "failedModule": failedModule.map { .integer($0.number) } ?? .null,
    ]
  }
}
