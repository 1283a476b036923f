import ArgumentParser
import FettleCore
import FettleProgram
import FettleSQLite

extension ConnectionCommand {
  /// `fettle connection remove NAME`
  struct Remove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "remove",
      abstract: "Remove a connection, with its secrets and with what means it.",
      discussion: """
        What a blueprint means by it and which scenarios need it is listed first, and nothing is \
        removed then: --force does it all the same. A secret in the environment, in a file or behind \
        a command stays where it is.
        """)

    @Argument(help: "The connection.")
    var name: String

    @Flag(help: "Also when scenarios need it; they fail then.")
    var force = false

    @OptionGroup var options: StoreOptions

    func run() async throws {
      let workshop = try Workshop(options, creating: false)
      let uses = try await ConnectionUses(of: name, in: workshop)
      if !uses.isEmpty, !force {
        throw CommandFailure.usage(
          "nothing was removed: \(uses.description); give them another connection with 'fettle "
            + "connection use \(uses.identity) NAME', or remove it all the same with --force")
      }
      let isGone = try await reporting { () async throws(StoreError) in
        try await workshop.store.removeConnection(named: name)
      }
      guard isGone else {
        throw CommandFailure.usage(
          "there is no connection '\(name)'; fettle connection lists them")
      }
      Console.say("Removed \(name).")
      if !uses.isEmpty {
        Console.complain(
          "\(uses.past); say what takes its place with 'fettle connection use "
            + "\(uses.identity) NAME'")
      }
    }
  }
}

/// What a connection is needed for.
struct ConnectionUses {
  /// What blueprints call it.
  private(set) var identities: [ForeignConnection] = []
  /// The scenarios whose blueprint of today names it, with the modules.
  private(set) var scenarios: [(name: String, modules: [ModuleNode])] = []

  init(of name: String, in workshop: Workshop) async throws(CommandFailure) {
    let (meanings, rows) = try await reporting { () async throws(StoreError) in
      (try await workshop.store.meanings(), try await workshop.store.scenarios())
    }
    identities = meanings.filter { $0.name == name }.map(\.foreign)
    for row in rows {
      let blueprint = try await reporting { () async throws(StoreError) in
        try await workshop.store.blueprint(of: row.id)
      }
      var modules: [ModuleNode] = []
      for need in blueprint.map(ConnectionNeeds.init)?.all ?? [] {
        let meant = meanings.first { $0.foreign == need.foreign }?.name ?? need.foreign.id
        guard meant == name else { continue }
        if !identities.contains(need.foreign) { identities.append(need.foreign) }
        modules += need.modules
      }
      if !modules.isEmpty { scenarios.append((row.name, modules)) }
    }
  }

  var isEmpty: Bool { identities.isEmpty && scenarios.isEmpty }

  /// One of the identities, as a command takes it.
  var identity: String { identities.count == 1 ? identities[0].text : "APP:ID" }

  /// For people: how many there are is unbounded, so the first ones are told.
  var description: String {
    "\(names) \(identities.count == 1 ? "means" : "mean") this connection, and "
      + (who.map { "\($0) \(scenarios.count == 1 ? "needs" : "need") it" }
        ?? "no scenario here needs it")
  }

  /// The same when it is gone.
  var past: String {
    let verb = scenarios.count == 1 ? "fails" : "fail"
    return "\(names) meant it" + (who.map { ", and \($0) \(verb) now" } ?? "")
  }

  private var names: String { Self.list(identities.map(\.text)) }

  private var who: String? {
    guard !scenarios.isEmpty else { return nil }
    return Self.list(
      scenarios.map { scenario in
        let ids = Set(scenario.modules.map(\.id.number)).sorted().map(String.init)
        let word = ids.count == 1 ? "module" : "modules"
        return "\"\(scenario.name)\" (\(word) \(ids.joined(separator: ", ")))"
      })
  }

  private static func list(_ words: [String]) -> String {
    words.count <= 10
      ? words.joined(separator: ", ")
      : words.prefix(10).joined(separator: ", ") + " and \(words.count - 10) more"
  }
}
