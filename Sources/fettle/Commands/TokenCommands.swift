import ArgumentParser
import FettleCore
import FettleEngine
import FettleProgram
import FettleSQLite

/// `fettle token`
struct TokenCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "token",
    abstract: "Tokens for the API that fettled answers.",
    discussion: """
      A call carries its token in the header: Authorization: Token fettle_… Scopes are \
      \(AccessScope.allCases.map(\.rawValue).joined(separator: ", ")).
      """,
    subcommands: [Add.self, List.self, Remove.self])

  struct Add: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "add",
      abstract: "Make a token and print it. It is shown this once and kept nowhere.")

    @Argument(help: "What it is called; changes made with it stand under this name.")
    var name: String

    @Option(help: "What it allows; may be repeated. Default: to read.")
    var scope: [String] = []

    @Flag(help: "It allows everything.")
    var all = false

    @OptionGroup var options: StoreOptions

    func validate() throws {
      for name in scope where AccessScope(rawValue: name) == nil {
        throw ValidationError(
          "'\(name)' is no scope; they are "
            + "\(AccessScope.allCases.map(\.rawValue).joined(separator: ", ")).")
      }
      if name.isEmpty { throw ValidationError("A token has a name.") }
    }

    func run() async throws {
      let workshop = try Workshop(options, creating: true)
      var scopes = Set(scope.compactMap(AccessScope.init(rawValue:)))
      if scopes.isEmpty {
        scopes = Set(AccessScope.allCases.filter { $0.rawValue.hasSuffix("read") })
      }
      if all { scopes = Set(AccessScope.allCases) }
      let (secret, name, allowed) = (AccessToken.secret(), name, scopes)
      _ = try await reporting { () async throws(StoreError) in
        try await workshop.store.addToken(
          named: name, digest: AccessToken.digest(of: secret), scopes: allowed,
          created: workshop.runner.clock.now())
      }
      Console.say(secret)
    }
  }

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "list", abstract: "List tokens, without the tokens.")

    @OptionGroup var options: StoreOptions

    func run() async throws {
      let workshop = try Workshop(options, creating: false)
      let tokens = try await reporting { () async throws(StoreError) in
        try await workshop.store.tokens()
      }
      if tokens.isEmpty { return Console.say("There is no token; the API refuses everybody.") }
      for token in tokens {
        Console.say("\(token.name)  made \(token.created.iso8601.prefix(19))Z")
        Console.say("    \(token.scopes.sorted().map(\.rawValue).joined(separator: " "))")
      }
    }
  }

  struct Remove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "remove",
      abstract: "Remove a token; whoever holds it is refused from now on.")

    @Argument(help: "Its name.")
    var name: String

    @OptionGroup var options: StoreOptions

    func run() async throws {
      let workshop = try Workshop(options, creating: false)
      let name = name
      try await reporting { () async throws(StoreError) in
        try await workshop.store.removeToken(named: name)
      }
      Console.say("token \(name) removed")
    }
  }
}
