import ArgumentParser
import FettleConnectors
import FettleCore
import FettleProgram
import FettleSQLite
import Glibc

/// `fettle connection`
struct ConnectionCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "connection",
    abstract: "Ways into services, and what proves who asks.",
    subcommands: [
      Add.self, Kinds.self, Login.self, Use.self, Test.self, Show.self, Remove.self,
    ],
    defaultSubcommand: Show.self)

  /// `fettle connection use APP:ID NAME`
  struct Use: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "use",
      abstract: "Say which connection an identity of blueprints means.")

    @Argument(help: "The app and the identity as the blueprint carries it, such as slack:12345.")
    var identity: String

    @Argument(help: "The connection it means here.")
    var name: String

    @OptionGroup var options: StoreOptions

    func run() async throws {
      guard let foreign = ForeignConnection(identity) else {
        throw CommandFailure.usage("'\(identity)' is no app and identity, such as slack:12345")
      }
      let workshop = try Workshop(options, creating: true)
      try await workshop.remember(foreign, means: name)
      Console.say("\(foreign.app) \(foreign.id) means \(name).")
    }
  }

  /// `fettle connection test NAME`
  struct Test: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "test",
      abstract: "Try whether a connection works.",
      discussion: "Exit status 1 when it does not. Nothing is changed on the other side.")

    @Argument(help: "The connection.")
    var name: String

    @Option(help: "The address to ask, for connections of web services.")
    var url: String?

    @OptionGroup var options: StoreOptions

    func run() async throws {
      let workshop = try Workshop(options, creating: false)
      guard let found = try await workshop.connection(named: name) else {
        throw CommandFailure.usage(
          "there is no connection '\(name)'; fettle connection lists them")
      }
      do throws(ModuleError) {
        let open = try await workshop.connections.open(found)
        Console.say(
          "\(name): \(try await ConnectionTest(connections: workshop.connections).run(open, url: url))"
        )
      } catch {
        throw CommandFailure(message: "\(name): \(error.type): \(error.message)", status: 1)
      }
    }
  }

  /// `fettle connection kinds`
  struct Kinds: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "kinds",
      abstract: "List what each kind of connection is made of.")

    @Argument(help: "The kind; all when it is left out.")
    var kind: String?

    func run() throws {
      let kinds = ConnectionKind.all.filter { kind == nil || $0.name == kind }
      guard !kinds.isEmpty else {
        throw CommandFailure.usage(
          "there is no kind '\(kind ?? "")'; there are "
            + ConnectionKind.all.map(\.name).joined(separator: ", "))
      }
      for kind in kinds {
        Console.say("\(kind.name): \(kind.summary)")
        for field in kind.settings { Console.say("  --set \(field.name)=…  \(Self.line(field))") }
        for field in kind.secrets { Console.say("  --secret \(field.name)  \(Self.line(field))") }
        if kind.name == "app" { Console.say("  and what the description of the app names") }
      }
    }

    private static func line(_ field: ConnectionKind.Field) -> String {
      field.summary + (field.isRequired ? " (required)" : "")
    }
  }

  /// `fettle connection list`
  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "list", abstract: "List connections. Secrets are never shown.")

    @Flag(help: "Print them as JSON.")
    var json = false

    @OptionGroup var options: StoreOptions

    func run() async throws {
      let connections = try await connections()
      if json { return Console.say(.array(connections.map(\.json))) }
      if connections.isEmpty {
        Console.say("No connections. Add one: fettle connection add --help")
      }
      for connection in connections {
        let settings = connection.settings.fields.map {
          "\($0.name)=\(Coercion.text($0.value) ?? "")"
        }
        let secrets = connection.secrets.sorted { $0.key < $1.key }.map {
          "\($0.key): \($0.value.place)"
        }
        Console.say(
          ([connection.name, connection.kind] + settings + secrets).joined(separator: "  "))
      }
    }

    /// Where there is no store yet, there is none.
    private func connections() async throws -> [Connection] {
      let workshop = try Workshop.ifThere(options)
      return try await reporting { () async throws(StoreError) in
        try await workshop?.store.connections() ?? []
      }
    }
  }
}

extension Workshop {
  /// The connection of that name; nil when there is none.
  func connection(named name: String) async throws(CommandFailure) -> Connection? {
    try await reporting { () async throws(StoreError) in
      try await store.connection(named: name)
    }
  }

  /// Remembers which connection an identity means.
  func remember(_ foreign: ForeignConnection, means name: String) async throws {
    guard try await connection(named: name) != nil else {
      throw CommandFailure.usage(
        "there is no connection '\(name)'; add it with 'fettle connection add \(name) …'")
    }
    try await reporting { () async throws(StoreError) in
      try await store.remember(ConnectionMeaning(foreign, means: name))
    }
  }
}

extension Connection {
  fileprivate var json: Value {
    [
      "name": .text(name), "kind": .text(kind), "settings": .collection(settings),
      "secrets": .collection(
        Collection(secrets.sorted { $0.key < $1.key }.map { ($0, .text($1.place)) })),
    ]
  }
}
