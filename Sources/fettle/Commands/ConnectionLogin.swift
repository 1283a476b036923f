import ArgumentParser
import FettleConnectors
import FettleCore
import FettleProgram
import FettleSQLite
import Glibc
import Synchronization

extension ConnectionCommand {
  /// `fettle connection login NAME`
  struct Login: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "login",
      abstract: "Log in for a connection of the kind oauth2, in a browser.",
      discussion: """
        The address to open is printed. The browser comes back to this machine; what it brings is \
        sealed in the store. Where the browser is on another machine, --paste asks for the address \
        it ends at, which it cannot show.
        """)

    @Argument(help: "The connection, with the settings authorize-url, token-url and client-id.")
    var name: String

    @Flag(help: "Ask for the address the browser ends at instead of waiting for it.")
    var paste = false

    @Option(help: "How long to wait for the browser, in seconds.")
    var wait = 300

    @OptionGroup var options: StoreOptions

    func run() async throws {
      let workshop = try Workshop(options, creating: false)
      let found = try await reporting { () async throws(StoreError) in
        try await workshop.store.connection(named: name)
      }
      guard var connection = found else {
        throw CommandFailure.usage("there is no connection '\(name)'; fettle connection lists them")
      }
      guard connection.kind == "oauth2" else {
        throw CommandFailure.usage(
          "'\(name)' is of the kind \(connection.kind); one logs in for oauth2 alone")
      }
      // What is about to be replaced need not be there any more.
      connection.secrets["refresh-token"] = nil
      connection.secrets["access-token"] = nil
      let secrets: OAuthLogin.Secrets
      do throws(ModuleError) {
        let open = try await workshop.connections.open(connection)
        secrets = try await paste ? pasted(open) : redirected(open)
      } catch {
        throw CommandFailure(message: "\(name): \(error.type): \(error.message)", status: 1)
      }
      for (secret, text) in secrets {
        do throws(SealingError) {
          connection.secrets[secret] = try workshop.connections.seal(text, secret, of: name)
        } catch { throw CommandFailure.usage(error.description) }
      }
      let finished = connection
      try await reporting { () async throws(StoreError) in
        try await workshop.store.keep(finished)
      }
      Console.say("Logged in for \(name). Try it with 'fettle connection test \(name)'.")
    }

    private static func port(_ open: OpenConnection) throws(ModuleError) -> UInt16 {
      guard let text = open.setting("redirect-port") else { return 0 }
      guard let port = UInt16(text) else {
        throw ModuleError(
          .invalidConfiguration, "redirect-port of \"\(open.connection.name)\" is no port: \(text)")
      }
      return port
    }

    private func pasted(_ open: OpenConnection) async throws(ModuleError) -> OAuthLogin.Secrets {
      let port = try Self.port(open)
      let login = try OAuthLogin(
        open, redirect: "http://127.0.0.1:\(port == 0 ? 8081 : port)/callback")
      Console.say("Open this address:")
      Console.say(login.address)
      // Who waits for a person must have said so.
      fflush(nil)
      let answer: String
      do throws(CommandFailure) {
        answer = try SecretInput.read("the address the browser ends at")
      } catch { throw ModuleError(.invalidAccessToken, error.message) }
      return try await login.finish(answer)
    }

    private func redirected(
      _ open: OpenConnection
    ) async throws(ModuleError) -> OAuthLogin.Secrets {
      let (targets, arrivals) = AsyncStream.makeStream(of: String.self)
      // It has the port in it, so it begins when the port is known.
      let begun = Mutex<OAuthLogin?>(nil)
      let server: SmallServer
      do {
        server = try await SmallServer(port: try Self.port(open)) { request in
          // Browsers ask for an icon, too.
          guard request.path.first?.hasPrefix("callback") == true else {
            return SmallServer.Answer(status: 404, phrase: "Not Found", body: [:])
          }
          // A visit of another login, or of somebody who guesses, ends nothing: the one that is waited
          // for may still come.
          guard begun.withLock({ $0?.isAnswered(by: request.target) }) == true else {
            return SmallServer.Answer(
              status: 400, phrase: "Bad Request",
              body: ["fettle": "This is not the login that waits here. Open its address again."])
          }
          return SmallServer.Answer(
            status: 200, phrase: "OK",
            body: ["fettle": "It goes on in the terminal. This page can be closed."],
            whenSent: { arrivals.yield(request.target) })
        }
      } catch let error as ModuleError { throw error } catch {
        throw ModuleError(.connection, "this machine cannot be listened at: \(error)")
      }
      defer { server.stop() }
      let login = try OAuthLogin(open, redirect: "http://127.0.0.1:\(server.port)/callback")
      begun.withLock { $0 = login }
      Console.say("Open this address in a browser on this machine:")
      Console.say(login.address)
      Console.say(
        "Waiting for it, \(max(1, wait)) s at most. Where the browser is on another machine, stop this "
          + "with Ctrl-C and say --paste.")
      // Who waits for a person must have said so.
      fflush(nil)
      let limit = Task {
        try await Task.sleep(for: .seconds(max(1, wait)))
        arrivals.finish()
      }
      defer { limit.cancel() }
      for await target in targets { return try await login.finish(target) }
      throw ModuleError(.moduleTimeout, "nobody logged in within \(wait) s")
    }
  }
}
