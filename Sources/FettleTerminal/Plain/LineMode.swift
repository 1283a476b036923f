import FettleCore
public import FettleEngine

/// The terminal as a conversation in lines, for screen readers, terminals that cannot draw, and
/// scripts.
public enum LineMode {
  /// Talks until `quit` or until nothing more is said.
  /// - Parameters:
  ///   - isASCII: whether only ASCII is written.
  ///   - ask: writes a prompt and reads a line; nil when there is none left.
  ///   - isStopped: whether it was asked, since the last line, that what is being done with many
  ///     records ends; what was begun is finished.
  ///   - say: writes a line that is safe for any terminal.
  /// - Returns: whether everything that was asked for could be done.
  public static func run(
    desk: OperatorDesk, storeName: String, options: TerminalOptions, isASCII: Bool,
    ask: (String) -> String?, isStopped: @escaping @Sendable () -> Bool = { false },
    say: (String) -> Void
  ) async -> Bool {
    var session = PlainSession(
      desk: desk,
      surroundings: Surroundings(
        storeName: storeName, isReadOnly: options.isReadOnly, isASCII: isASCII,
        zone: options.utcOffset.map { .fixed($0) } ?? .local,
        scenarioLimit: options.scenarioLimit), isStopped: isStopped)
    func text(_ line: SafeText) -> String { (isASCII ? line.ascii : line).text }
    for line in await session.obey("list") { say(text(line)) }
    say("help lists what can be said")
    while !session.hasEnded, let line = ask(text(session.prompt)) {
      for answer in await session.obey(line) { say(text(answer)) }
    }
    // Nothing more is said: what was not saved must not go with it.
    for answer in await session.end() { say(text(answer)) }
    return !session.hasFailed
  }

  /// What can be said, with what it does: for the manual.
  public static var reference: [(words: String, help: String)] {
    PlainCommand.allCases.map {
      ($0.arguments.isEmpty ? $0.rawValue : "\($0.rawValue) \($0.arguments)", $0.help)
    }
  }
}
