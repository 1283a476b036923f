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

  /// `fettle connection add NAME KIND`
  struct Add: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "add",
      abstract: "Add a connection.",
      discussion: """
        A secret stays where it is with --secret-env, --secret-file and --secret-command. With \
        --secret it is asked for without being shown, or read from standard input, one line each, \
        and sealed in the store; the key is in FETTLE_KEY_FILE, comes from FETTLE_KEY_COMMAND, or \
        is made in fettle/key in the XDG config home.

        Kinds, of which 'fettle connection kinds' tells the settings and secrets:
        \(ConnectionKind.all.map { "  \($0.name): \($0.summary)" }.joined(separator: "\n"))
        """)

    @Argument(help: "What it is called here.")
    var name: String

    @Argument(help: "What it is for, such as basic, bearer, api-key, smtp, imap, ftp, sftp.")
    var kind: String

    @Option(name: .customLong("set"), help: "A setting, as name=value.")
    var settings: [String] = []

    @Option(help: "A secret to ask for and seal, by its name.")
    var secret: [String] = []

    @Option(name: .customLong("secret-env"), help: "A secret in the environment, name=VARIABLE.")
    var secretEnvironment: [String] = []

    @Option(name: .customLong("secret-file"), help: "A secret in a file, name=PATH.")
    var secretFile: [String] = []

    @Option(name: .customLong("secret-command"), help: "A secret a command prints, name=COMMAND.")
    var secretCommand: [String] = []

    @Option(help: "The app it is for: its file says where one logs in and gets tokens.")
    var app: String?

    @Flag(help: "Put it in the place of a connection with this name.")
    var replace = false

    @OptionGroup var options: StoreOptions

    func run() async throws {
      guard let known = ConnectionKind.named(kind) else {
        throw CommandFailure.usage(
          "there is no kind '\(kind)'; there are "
            + ConnectionKind.all.map(\.name).joined(separator: ", "))
      }
      var connection = Connection(name: name, kind: kind)
      if let app { connection.settings = try login(of: app, known) }
      for text in settings {
        let (name, value) = try pair(text, "--set")
        let isFile = known.settings.contains { $0.name == name && $0.form == .file }
        connection.settings[name] = .text(isFile ? InputFile.absolute(value) : value)
      }
      for text in secretEnvironment {
        let (name, value) = try pair(text, "--secret-env")
        connection.secrets[name] = .environment(value)
      }
      for text in secretFile {
        let (name, value) = try pair(text, "--secret-file")
        connection.secrets[name] = .file(InputFile.absolute(value))
      }
      for text in secretCommand {
        let (name, value) = try pair(text, "--secret-command")
        connection.secrets[name] = .command(value)
      }
      // What is missing is said before anything secret is asked for.
      for name in secret { connection.secrets[name] = .sealed([]) }
      let problems = known.problems(of: connection)
      guard problems.isEmpty else {
        throw CommandFailure.usage(problems.joined(separator: "; "))
      }
      let workshop = try Workshop(options, creating: true)
      let isThere = try await reporting { () async throws(StoreError) in
        try await workshop.store.connection(named: name) != nil
      }
      guard replace || !isThere else {
        throw CommandFailure.usage(
          "there is a connection '\(name)' already; --replace puts this one in its place")
      }
      for name in secret {
        let text = try SecretInput.read("\(name) of \(self.name)")
        do throws(SealingError) {
          connection.secrets[name] = try workshop.connections.seal(text, name, of: self.name)
        } catch { throw CommandFailure.usage(error.description) }
      }
      let finished = connection
      try await reporting { () async throws(StoreError) in
        try await workshop.store.keep(finished)
      }
      let isForLogin =
        finished.settings["authorize-url"] != nil && finished.secrets["refresh-token"] == nil
      Console.say(
        isForLogin
          ? "Added \(name). Log in with 'fettle connection login \(name)'."
          : "Added \(name). Try it with 'fettle connection test \(name)'.")
    }

    /// What the file of an app says of logins.
    private func login(of app: String, _ kind: ConnectionKind) throws(CommandFailure) -> Collection
    {
      guard let found = Apps(folders: Apps.folders).apps.first(where: { $0.name == app }) else {
        throw .usage("no app '\(app)' is described; fettle check says which a blueprint needs")
      }
      guard kind.name == "oauth2", !found.login.isEmpty else {
        throw .usage("the description of \(app) says nothing of logins for the kind \(kind.name)")
      }
      return found.login
    }

    private func pair(_ text: String, _ option: String) throws(CommandFailure) -> (String, String) {
      guard let sign = text.firstIndex(of: "="), sign > text.startIndex else {
        throw .usage("\(option) takes name=value")
      }
      return (String(text[..<sign]), String(text[text.index(after: sign)...]))
    }
  }

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
      let found = try await reporting { () async throws(StoreError) in
        try await workshop.store.connection(named: name)
      }
      guard let found else {
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
      let path = try options.path()
      do throws(StoreError) {
        return try await Workshop(path: path, creating: false).store.connections()
      } catch {
        guard case .missing = error else { throw CommandFailure(error) }
        return []
      }
    }
  }
}

extension Workshop {
  /// Remembers which connection an identity means.
  func remember(_ foreign: ForeignConnection, means name: String) async throws {
    let isThere = try await reporting { () async throws(StoreError) in
      try await store.connection(named: name) != nil
    }
    guard isThere else {
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
