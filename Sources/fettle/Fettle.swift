import ArgumentParser
import FettleCore
import FettleTerminal

/// The command. Without a subcommand it opens the terminal.
@main
struct Fettle: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fettle",
    abstract: "Run automation scenarios, see what failed, mend the data, resume.",
    discussion: """
      Without a command the terminal is opened; 'fettle help open' tells its options, such as --store, \
      --read-only and --plain.

      Exit status: 0 done; 1 the execution failed; 2 usage or bad input; \
      3 done, but incomplete executions were stored.
      """,
    version: "0.1.0",
    subcommands: [
      Open.self, Run.self, Check.self, List.self, Show.self, Edit.self, Retry.self,
      History.self, Log.self, Prune.self, Scenarios.self, ScheduleCommand.self, Start.self,
      Stop.self, Acknowledge.self, HookCommand.self, TokenCommand.self, Import.self,
      ConnectionCommand.self,
      KeyCommand.self,
      Eval.self, Demo.self, Manual.self,
    ],
    defaultSubcommand: Open.self)

  /// Parses and runs, and is the only place that ends the process.
  static func main() async {
    do {
      if CommandLine.arguments.count <= 1 { return try await Open.runAsUsual() }
      if let open = onlyOptions { return try await open.run() }
      var command = try parseAsRoot()
      if var asynchronous = command as? any AsyncParsableCommand {
        try await asynchronous.run()
      } else {
        try command.run()
      }
    } catch let failure as CommandFailure {
      Console.complain(failure.message, beneath: failure.lines)
      exit(withError: ExitCode(failure.status))
    } catch let code as ExitCode {
      exit(withError: code)
    } catch {
      let isRequest = exitCode(for: error) == .success
      if isRequest { exit(withError: error) }
      Console.complain(unknownCommand ?? misplacedOptions ?? message(for: error))
      Console.complain("Try 'fettle \(subcommand)--help'.")
      exit(withError: ExitCode(2))
    }
  }
}

extension Fettle {
  /// The terminal with the options that were given, where there is nothing but options for it. The parser
  /// of the whole command would look at every command there is first, which takes longer than the first
  /// picture; what is no such option, as `--help`, is left to it.
  private static var onlyOptions: Open? {
    let arguments = CommandLine.arguments.dropFirst()
    guard arguments.first?.hasPrefix("-") == true else { return nil }
    return try? Open.parse(Array(arguments))
  }

  /// The subcommands that were named, each with a blank behind it.
  private static var subcommand: String { named.words }

  /// What is to be said where a word stands in the place of a subcommand and is none. The parser takes
  /// it for an argument too many of the standard one.
  private static var unknownCommand: String? {
    let (words, subcommands, rest) = named
    guard let word = rest.first, !word.hasPrefix("-"), !subcommands.isEmpty else { return nil }
    return "there is no command '\(words)\(word)'"
      + (subcommands.nearest(to: word).map { "; did you mean '\(words)\($0)'?" } ?? "")
  }

  /// What is to be said where options stand before the command they are for.
  private static var misplacedOptions: String? {
    let (words, subcommands, rest) = named
    guard words.isEmpty, rest.first?.hasPrefix("-") == true,
      let position = rest.firstIndex(where: subcommands.contains)
    else { return nil }
    let right = [rest[position]] + rest[..<position] + rest[(position + 1)...]
    return "options stand behind the command: fettle \(right.joined(separator: " "))"
  }

  private static var named: (words: String, subcommands: [String], rest: ArraySlice<String>) {
    var (here, words) = (configuration, "")
    var rest = CommandLine.arguments.dropFirst()
    while let argument = rest.first,
      let next = here.subcommands.first(where: { $0._commandName == argument })
    {
      here = next.configuration
      words += argument + " "
      rest = rest.dropFirst()
    }
    return (words, here.subcommands.map { $0._commandName }, rest)
  }
}

/// A command could not do what it was asked to.
struct CommandFailure: Error {
  /// One line that says what happened and what to do next.
  let message: String
  /// 1 when an execution failed, 2 for usage and bad input.
  let status: Int32
  /// What stands beneath that line, such as the place of what is wrong.
  var lines: [String] = []

  /// Usage or bad input.
  static func usage(_ message: String, beneath lines: [String] = []) -> CommandFailure {
    CommandFailure(message: message, status: 2, lines: lines)
  }
}
