import ArgumentParser
import FettleCore
import FettleEngine
import FettleProgram
import FettleSQLite
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
    let path = try options.path()
    guard plain || Self.speaksInLines else {
      return try await Terminal.show(storeAt: path, appearance.options)
    }
    try await Self.converse(path, appearance.options)
  }

  /// The same with nothing asked for. This is what is typed most; it does without the parser, which
  /// takes longer than the first picture.
  static func runAsUsual() async throws {
    let path = try StoreOptions.path(of: nil)
    guard speaksInLines else { return try await Terminal.show(storeAt: path, .usual) }
    try await converse(path, .usual)
  }

  private static var speaksInLines: Bool {
    getenv("TERM").map { String(cString: $0) } == "dumb" && isatty(STDIN_FILENO) == 1
  }

  private static func converse(_ path: String, _ options: TerminalOptions) async throws {
    let workshop = try Workshop(at: path, isReadOnly: options.isReadOnly)
    if let remark = workshop.store.access.remark { Console.complain("\(path): \(remark)") }
    let asks = isatty(STDIN_FILENO) == 1
    let reader = LineReader()
    var options = options
    options.scenarioLimit = Settings.environment.limits.scenarioBytes
    let isDone = await LineMode.run(
      desk: workshop.desk, storeName: path, options: options,
      isASCII: options.ascii ?? !Console.usesUTF8,
      ask: { prompt in
        if asks {
          reader.forgetInterruptions()
          print(prompt, terminator: "")
          fflush(nil)
        }
        let line = reader.next()
        if line == nil, asks { print() }
        return line
      }, isStopped: { LineReader.isInterrupted }, say: { print($0) })
    await workshop.runner.finishCalled()
    // As the shell tells of a program that Ctrl-C ended.
    if LineReader.isInterrupted { throw ExitCode(128 + SIGINT) }
    if !isDone { throw ExitCode(1) }
  }
}
