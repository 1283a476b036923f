import ArgumentParser
import FettleCore
import FettleEngine
import FettleProgram
import FettleTerminal

/// `fettle` without a subcommand: the terminal.
struct Open: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "open", abstract: "Open the terminal (the default).")

  @OptionGroup var options: StoreOptions
  @OptionGroup var appearance: AppearanceOptions

  func run() async throws {
    try requireTerminal()
    let workshop = try Workshop(options, creating: false)
    try workshop.openTerminal(named: try options.path(), appearance)
  }
}
