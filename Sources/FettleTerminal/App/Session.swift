import Glibc

/// A program an operator types in: the terminal it is in, and a number no other program has.
struct Session: Hashable, Sendable {
  /// As it is kept.
  let name: String

  init(_ name: String) { self.name = name }

  /// A session of a program that was started just now.
  static func new(in terminal: String) -> Session {
    Session("\(terminal)#" + String(UInt64.random(in: 0...UInt64.max), radix: 16))
  }

  /// The terminal of standard input; empty when there is none.
  static var terminal: String {
    guard let name = ttyname(STDIN_FILENO).map({ String(cString: $0) }) else { return "" }
    return name.hasPrefix("/dev/") ? String(name.dropFirst(5)) : name
  }

  /// The terminal, as `terminal` tells it; empty when it is not known.
  var terminal: String { String(name.prefix { $0 != "#" }) }

  /// The terminal, to be told to its operator; nil when it is not known.
  var terminalName: SafeText? { terminal.isEmpty ? nil : SafeText(terminal) }

  /// Whether it was in the same terminal as a session.
  func isHere(as other: Session) -> Bool { !terminal.isEmpty && terminal == other.terminal }

  /// Whether it was in another terminal than a session.
  func isElsewhere(than other: Session) -> Bool {
    !terminal.isEmpty && !other.terminal.isEmpty && terminal != other.terminal
  }
}
