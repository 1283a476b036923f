import ArgumentParser
import FettleConnectors
import FettleCore
import FettleEngine
import FettleProgram
import FettleTerminal

/// `fettle check BLUEPRINT`
struct Check: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Look at a blueprint without running it.",
    discussion: """
      Exit status 1 when something in it will not work, also because it names a connection that means \
      nothing in the store. Without a store, connections are only listed.
      """)

  @Argument(help: "A blueprint exported from Make or Fusion.", completion: .file())
  var blueprint: String

  @Flag(help: "Print what was found as JSON.")
  var json = false

  // Where connections are looked up; nothing is stored by looking.
  @OptionGroup var options: StoreOptions

  func run() async throws {
    let scenario = try InputFile.blueprint(blueprint)
    let apps = Apps(folders: Apps.folders)
    let registry = ModuleRegistry(
      Connectors.all() + apps.modules(connections: NoConnections()))
    for problem in apps.problems { Console.complain(problem) }
    let check = BlueprintCheck(scenario) { registry.descriptor(of: $0) }
    let connections = try await MeantConnections(scenario, options, apps)
    if json {
      var report = report(check, of: scenario)
      report["apps"] = .array(AppNeeds(scenario, registry).all.map(\.json))
      report["connections"] = .array(connections.all.map(\.json))
      Console.say(.collection(report))
    } else {
      Console.row("\(scenario.name): \(scenario.allModules.count) modules")
      for line in PlainText.chain(scenario, ascii: !Console.usesUTF8) { print(line) }
      for finding in check.findings {
        let place = [
          finding.module.flatMap { scenario.module($0) }.map { "module \($0.id) \"\($0.title)\"" },
          finding.place,
        ].compactMap(\.self).joined(separator: ", ")
        Console.say(
          "\(finding.severity.rawValue): \(place.isEmpty ? "" : place + ": ")\(finding.message)")
      }
      if check.findings.isEmpty, connections.passes { Console.say("Nothing to remark.") }
      let apps = AppNeeds(scenario, registry).all
      for need in apps { Console.say(need.line) }
      if apps.contains(where: { !$0.missing.isEmpty }) {
        Console.say(
          "What is missing can be described in a YAML file in \(Apps.folders.first ?? "FETTLE_APPS"); "
            + "until then 'fettle import' and 'fettle run' take the blueprint, 'fettle schedule' only "
            + "with --inactive.")
      }
      for need in connections.all { Console.row(need.line) }
    }
    if !check.passes || !connections.passes { throw ExitCode(1) }
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

/// The connections a blueprint names, in the order of the flow, and what they mean in the store.
struct MeantConnections {
  /// One of them.
  struct Need {
    let foreign: ForeignConnection
    let modules: [ModuleNode]
    /// The connection it means; nil when there is none.
    let name: String?
    /// The command that adds such a connection, in quotes.
    let adding: String

    /// For people.
    var line: String {
      let who = modules.named
      return name.map { "connection \(foreign.text): \($0), for \(who)" }
        ?? "connection \(foreign.text): nobody said what it means here, and \(who) "
        + (modules.count == 1 ? "needs" : "need") + " it; \(adding) makes one, "
        + "'fettle connection use \(foreign.shellText) NAME' says that it is meant"
    }

    var json: Value {
      [
        "app": .text(foreign.app), "id": .text(foreign.id),
        "name": name.map(Value.text) ?? .null,
        "modules": .array(modules.map { .integer($0.id.number) }),
      ]
    }
  }

  private(set) var all: [Need] = []
  /// Whether each means something, or there is nowhere to look.
  private(set) var passes = true

  init(_ blueprint: Blueprint, _ options: StoreOptions, _ apps: Apps) async throws {
    let needs = ConnectionNeeds(blueprint).all
    guard !needs.isEmpty else { return }
    let workshop = try Workshop.ifThere(options)
    for need in needs {
      let name = try await workshop?.meaning(of: need.foreign)
      all.append(
        Need(
          foreign: need.foreign, modules: need.modules, name: name,
          adding: Self.adding(need, apps.apps.first { $0.name == need.foreign.app })))
      passes = passes && (name != nil || workshop == nil)
    }
  }

  private static func adding(
    _ need: (foreign: ForeignConnection, modules: [ModuleNode]), _ app: DeclarativeApp?
  ) -> String {
    let ours = need.modules.lazy.compactMap { $0.connectionKind(of: need.foreign) }.first
    guard let kind = app?.connection ?? ours else {
      return "'fettle connection add NAME KIND' ('fettle connection kinds' lists the kinds)"
    }
    let secrets = (app?.secretNames ?? []).map { " --secret \($0)" }.joined()
    return "'fettle connection add NAME \(kind)\(secrets)"
      + (app.map { $0.login.isEmpty ? "" : " --app \($0.name)" } ?? "") + "'"
  }
}

/// The apps a blueprint needs, in the order of the flow, and whether they are there.
struct AppNeeds {
  /// One app.
  struct Need {
    let app: String
    /// The modules that can be run.
    var there: [String] = []
    /// Those that cannot.
    var missing: [String] = []

    /// For people.
    var line: String {
      missing.isEmpty
        ? "app \(app): there"
        : "app \(app): missing " + missing.joined(separator: ", ")
          + (there.isEmpty ? "" : "; there are " + there.joined(separator: ", "))
    }

    var json: Value {
      [
        "app": .text(app), "there": .array(there.map(Value.text)),
        "missing": .array(missing.map(Value.text)),
      ]
    }
  }

  private(set) var all: [Need] = []

  init(_ blueprint: Blueprint, _ registry: ModuleRegistry) {
    for module in blueprint.allModules
    where module.type != ModuleNode.placeholderType && Directive(module) == nil && !module.isRouter
    {
      let place =
        all.firstIndex { $0.app == module.app }
        ?? {
          all.append(Need(app: module.app))
          return all.count - 1
        }()
      let isThere = registry.descriptor(of: module.type) != nil
      if isThere, !all[place].there.contains(module.name) {
        all[place].there.append(module.name)
      } else if !isThere, !all[place].missing.contains(module.name) {
        all[place].missing.append(module.name)
      }
    }
  }
}
