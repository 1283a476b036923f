import ArgumentParser
import FettleCore
import FettleEngine
import FettleProgram
import FettleTerminal
import Glibc

/// `fettle` without a subcommand: the terminal.
struct Open: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "open", abstract: "Open the terminal (the default).")

  @Flag(
    help: """
      A conversation in lines instead of screens: for screen readers, scripts and terminals that \
      cannot draw. The default where TERM is dumb.
      """)
  var plain = false

  @OptionGroup var options: StoreOptions
  @OptionGroup var appearance: AppearanceOptions

  func run() async throws {
    if plain || (getenv("TERM").map { String(cString: $0) } == "dumb" && isatty(STDIN_FILENO) == 1)
    {
      return try await converse()
    }
    try requireTerminal()
    let workshop = try Workshop(options, creating: false)
    try await workshop.openTerminal(named: try options.path(), appearance)
  }

  private func converse() async throws {
    let workshop = try Workshop(options, creating: false)
    let asks = isatty(STDIN_FILENO) == 1
    let isDone = await LineMode.run(
      desk: workshop.desk, storeName: try options.path(), options: appearance.options,
      isASCII: appearance.ascii || !Console.usesUTF8,
      ask: { prompt in
        if asks {
          print(prompt, terminator: "")
          fflush(nil)
        }
        return readLine()
      }, say: { print($0) })
    if !isDone { throw ExitCode(1) }
  }
}
