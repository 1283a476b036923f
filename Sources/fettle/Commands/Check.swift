import ArgumentParser
import FettleConnectors
import FettleCore
import FettleEngine
import FettleTerminal

/// `fettle check BLUEPRINT`
struct Check: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Look at a blueprint without running it.",
    discussion: "Exit status 1 when something in it will not work.")

  @Argument(help: "A blueprint exported from Make or Fusion.")
  var blueprint: String

  @Flag(help: "Print what was found as JSON.")
  var json = false

  // Taken so that every command takes it; nothing is stored by looking.
  @OptionGroup var options: StoreOptions

  func run() async throws {
    let scenario = try InputFile.blueprint(blueprint)
    let registry = ModuleRegistry(Connectors.all())
    let check = BlueprintCheck(scenario) { registry.descriptor(of: $0) }
    if json {
      Console.say(.collection(report(check, of: scenario)))
    } else {
      Console.say("\(scenario.name): \(scenario.allModules.count) modules")
      for line in PlainText.chain(scenario, ascii: !Console.usesUTF8) { print(line) }
      for finding in check.findings {
        let place = [
          finding.module.flatMap { scenario.module($0) }.map { "module \($0.id) \"\($0.title)\"" },
          finding.place,
        ].compactMap(\.self).joined(separator: ", ")
        Console.say(
          "\(finding.severity.rawValue): \(place.isEmpty ? "" : place + ": ")\(finding.message)")
      }
      if check.findings.isEmpty { Console.say("Nothing to remark.") }
    }
    if !check.passes { throw ExitCode(1) }
  }

  private func report(_ check: BlueprintCheck, of scenario: Blueprint) -> Collection {
    [
      "name": .text(scenario.name), "modules": .integer(scenario.allModules.count),
      "passes": .boolean(check.passes),
      "findings": .array(
        check.findings.map { finding in
          [
            "severity": .text(finding.severity.rawValue),
            "module": finding.module.map { .integer($0.number) } ?? .null,
            "place": finding.place.map(Value.text) ?? .null, "message": .text(finding.message),
          ]
        }),
    ]
  }
}
