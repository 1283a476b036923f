import ArgumentParser
import FettleCore
import FettleEngine
import FettleProgram
import FettleSQLite
import Glibc

/// `fettle import BLUEPRINT`
struct Import: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import",
    abstract: "Make a blueprint known, and say what its connections mean here.",
    discussion: """
      Each connection that the blueprint names by the number it had where it was exported is asked \
      for once and remembered. Without a terminal, say it with --connection APP:ID=NAME; \
      what is still open is listed then, with exit status 2, and the blueprint is not kept.
      """)

  @Argument(help: "A blueprint exported from Make or Fusion.", completion: .file())
  var blueprint: String

  @Option(name: .customLong("connection"), help: "What an identity means, APP:ID=NAME.")
  var meanings: [String] = []

  @Flag(help: "Keep the blueprint even where connections are still open.")
  var incomplete = false

  @OptionGroup var options: StoreOptions

  func run() async throws {
    let scenario = try InputFile.blueprint(blueprint)
    let needs = ConnectionNeeds(scenario).all
    let said = try meanings.map { try meaning($0, in: scenario, needs.map(\.foreign)) }
    let workshop = try Workshop(options, creating: true)
    for (foreign, name) in said { try await workshop.remember(foreign, means: name) }
    var open: [ForeignConnection] = []
    for (foreign, modules) in needs {
      if try await workshop.meaning(of: foreign) != nil { continue }
      let who = modules.named
      guard isatty(STDIN_FILENO) == 1 else {
        open.append(foreign)
        Console.complain(
          "\(foreign.app):\(foreign.id), used by \(who), has no meaning here")
        continue
      }
      if try await !ask(foreign, who, workshop) { open.append(foreign) }
    }
    guard open.isEmpty || incomplete else {
      throw CommandFailure.usage(
        "say what they mean with "
          + open.map { "--connection \("\($0.text)=NAME".inShell)" }.joined(separator: " ")
          + "; 'fettle check' says how to add one, --incomplete keeps the blueprint all the same")
    }
    try await reporting { () async throws(StoreError) in
      try await workshop.store.keep(scenario, for: workshop.store.scenario(named: scenario.name))
    }
    Console.say(
      "Imported \(scenario.name): \(scenario.allModules.count) modules"
        + (open.isEmpty ? "." : "; \(open.count) connections are still open."))
    let check = BlueprintCheck(scenario) { workshop.runner.modules.descriptor(of: $0) }
    let obstacles = check.obstacles.count
    if obstacles > 0 {
      Console.complain(
        "\(obstacles == 1 ? "one thing" : "\(obstacles) things") in it will not work as it is; "
          + "'fettle check \(blueprint.inShell)' says what")
    }
  }

  /// What `--connection` says. An identity the blueprint does not name may be for the next one, or a
  /// slip of the keyboard.
  private func meaning(
    _ text: String, in scenario: Blueprint, _ named: [ForeignConnection]
  ) throws(CommandFailure) -> (ForeignConnection, name: String) {
    guard let sign = text.lastIndex(of: "="),
      let foreign = ForeignConnection(String(text[..<sign]))
    else { throw .usage("--connection takes APP:ID=NAME, not '\(text)'") }
    if !named.contains(foreign) {
      let names = named.map(\.text).joined(separator: ", ")
      Console.complain(
        "\(scenario.name) names no connection \(foreign.text); "
          + (named.isEmpty ? "it needs none" : "it names \(names)"))
    }
    return (foreign, String(text[text.index(after: sign)...]))
  }

  /// Asks until the answer is a connection that is there, or empty.
  private func ask(
    _ foreign: ForeignConnection, _ who: String, _ workshop: Workshop
  ) async throws -> Bool {
    let connections = try await reporting { () async throws(StoreError) in
      try await workshop.store.connections()
    }
    let names = connections.map(\.name)
    Console.say(
      "For \(who), this needs connection \(foreign.id) of \(foreign.app). Here there are: "
        + (names.isEmpty
          ? "none; 'fettle connection add' adds one"
          : connections.map { "\($0.name) (\($0.kind))" }.joined(separator: ", ")))
    while true {
      Console.ask("Which one is it (empty: none)? ")
      guard let answer = readLine(), !answer.isEmpty else { return false }
      if names.contains(answer) {
        try await workshop.remember(foreign, means: answer)
        return true
      }
      Console.complain("there is no connection '\(answer)'")
    }
  }
}
