import ArgumentParser
import FettleCore
import FettleEngine
import FettleProgram
import FettleTerminal

/// `fettle show ID`
struct Show: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show",
    abstract: "Show one incomplete execution with its data.")

  @Argument(help: "The id of a record, or its first digits.")
  var id: String

  @Flag(help: "Print the record as JSON, its blueprint included.")
  var json = false

  @Flag(help: "Print the values of secret fields too; the audit keeps who asked.")
  var reveal = false

  @OptionGroup var options: StoreOptions

  func run() async throws {
    let workshop = try Workshop(lookingInto: options)
    let (digits, reveals) = (id, reveal)
    let record = try await reporting { () async throws(StoreError) in
      let record = try await workshop.desk.record(try await workshop.desk.identify(digits))
      guard reveals else { return PlainText.withoutSecrets(record, workshop.desk) }
      for place in PlainText.secretPlaces(of: record, workshop.desk) {
        try await workshop.desk.noteReveal(of: place.description, in: record.id)
      }
      return record
    }
    if json { return Console.say(.collection(record.json)) }
    let summary = record.summary
    let restart = try await reporting { () async throws(StoreError) in
      try await workshop.desk.restartAfterRollback(of: record)
    }
    Console.row(
      "\(summary.id)  \(summary.state.name)  \(summary.scenarioName)  "
        + (summary.retry
          ? "retried automatically"
          : summary.state == .unresolved ? "waits for you" : ""))
    Console.row(
      "\(summary.errorType) at module \(summary.failer) \(summary.failerTitle): \(summary.reason)")
    if let restart {
      Console.say(
        "What earlier modules wrote to data stores was rolled back: let it go on at module \(restart)."
      )
    }
    if let word = summary.seal.word {
      Console.say(
        "Confidential: its data is \(word)\(summary.seal == .sealed ? "" : ", as it is resolved").")
    }
    for error in record.error.suberrors where error != summary.reason { Console.say("  \(error)") }
    Console.say("")
    for line in await PlainText.chain(record, workshop.desk, ascii: !Console.usesUTF8) {
      print(line)
    }
    Console.say("\nInput of module \(summary.failer):")
    Console.say(JSONWriter.text(record.mappedInput, indented: true))
    for entry in record.bundles.entries {
      let title = record.blueprint.module(entry.module)?.title ?? ""
      Console.say("\nBundle of module \(entry.module) \(title):")
      Console.say(JSONWriter.text(.collection(entry.bundle), indented: true))
    }
    let variables = record.currentVariables.merged
    if !variables.isEmpty {
      Console.say("\nVariables:")
      Console.say(JSONWriter.text(.collection(variables), indented: true))
    }
    if !record.edits.isEmpty { Console.say("\nEdits:") }
    for edit in record.edits {
      Console.say(
        "\(edit.date.iso8601) \(edit.author): \(edit.path): "
          + "\(edit.old.map { JSONWriter.text($0) } ?? "nothing") -> "
          + "\(edit.new.map { JSONWriter.text($0) } ?? "nothing")")
    }
    if !record.attempts.isEmpty { Console.say("\nAttempts:") }
    for attempt in record.attempts {
      Console.say(
        "\(attempt.number)  \(attempt.started.iso8601)  \(attempt.trigger.rawValue)  "
          + attempt.outcome.sentence)
    }
  }
}

extension Attempt.Outcome {
  /// The outcome for people.
  var sentence: String {
    switch self {
    case .resolved: "resolved"
    case .interrupted: "interrupted"
    case .failed(let error): "failed again: \(error.type): \(error.message)"
    case .failedElsewhere(let error, let module, let record):
      "went on and failed at module \(module): \(error.type): \(error.message)"
        + (record.map { "; now record \($0.short)" } ?? "")
    }
  }
}
