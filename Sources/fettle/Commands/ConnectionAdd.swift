import ArgumentParser
import FettleConnectors
import FettleCore
import FettleProgram
import FettleSQLite

extension ConnectionCommand {
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

    @Flag(
      help:
        "Change the connection of this name: what is not named stays, --set NAME= takes a setting away."
    )
    var replace = false

    @OptionGroup var options: StoreOptions

    func run() async throws {
      guard let known = ConnectionKind.named(kind) else {
        throw CommandFailure.usage(
          "there is no kind '\(kind)'; there are "
            + ConnectionKind.all.map(\.name).joined(separator: ", "))
      }
      let there = replace ? try Workshop.ifThere(options) : nil
      // One of another kind has nothing to keep.
      let former = try await there?.connection(named: name).flatMap { $0.kind == kind ? $0 : nil }
      var connection = former ?? Connection(name: name, kind: kind)
      if let app {
        for field in try login(of: app, known).fields {
          connection.settings[field.name] = field.value
        }
      }
      for text in settings {
        let (name, value) = try pair(text, "--set")
        let isFile = known.settings.contains { $0.name == name && $0.form == .file }
        connection.settings[name] =
          value.isEmpty ? nil : .text(isFile ? InputFile.absolute(value) : value)
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
      let workshop = try there ?? Workshop(options, creating: true)
      let isFree = try await workshop.connection(named: name) == nil
      guard replace || isFree else {
        throw CommandFailure.usage(
          "there is a connection '\(name)' already; --replace changes what is named of it")
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
      let done =
        former == nil ? "Added \(name)." : "Changed \(name).\(kept(of: former, in: finished))"
      Console.say(
        isForLogin
          ? "\(done) Log in with 'fettle connection login \(name)'."
          : "\(done) Try it with 'fettle connection test \(name)'.")
    }

    /// What is as it was.
    private func kept(of former: Connection?, in finished: Connection) -> String {
      guard let former else { return "" }
      let names =
        former.settings.names.filter { former.settings[$0] == finished.settings[$0] }
        + former.secrets.keys.sorted().filter { former.secrets[$0] == finished.secrets[$0] }
      return names.isEmpty ? "" : " Left as it was: \(names.joined(separator: ", "))."
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
}
