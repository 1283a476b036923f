import ArgumentParser

/// Measures what Fettle promises about speed. Every figure stands beside a floor measured in the same
/// run, round by round in turn, and is read as a ratio: absolute numbers of a busy machine mean
/// nothing.
@main
struct FettleBench: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fettle-bench",
    abstract: "Performance as ratios against floors measured in the same run.",
    discussion: "Build it for release: swift run -c release fettle-bench expressions",
    subcommands: [
      Expressions.self, JSON.self, Engine.self, Pages.self, TextIndex.self, Soak.self,
      ServiceCommand.self,
      TerminalBench.self,
    ])
}

/// What every part takes.
struct Effort: ParsableArguments {
  @Option(help: "Rounds of each pair; the median of their ratios is printed.")
  var rounds = 7

  @Option(help: "Milliseconds each side runs in a round.")
  var milliseconds = 150

  func validate() throws {
    guard rounds > 0, milliseconds > 0 else {
      throw ValidationError("--rounds and --milliseconds are at least 1.")
    }
  }
}
