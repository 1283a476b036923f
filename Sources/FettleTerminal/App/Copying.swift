import FettleCore
import Glibc

/// Where copies go.
public enum Clipboard: Sendable, Hashable {
  /// To a program that takes it on its standard input, run by the shell.
  case program(String)
  /// To whatever draws the terminal, by its sequence 52. It is only used when it is asked for: a
  /// terminal elsewhere need not be let onto this clipboard.
  case terminal
  /// Nowhere: none was found.
  case none

  /// What is there: the one of the terminal multiplexer or of the desktop.
  /// - Parameter wish: `osc52`, or a command; nil takes what the environment offers.
  public static func found(wish: String?) -> Clipboard {
    if let wish, !wish.isEmpty { return wish == "osc52" ? .terminal : .program(wish) }
    for (variable, command) in [
      ("TMUX", "tmux load-buffer -"), ("WAYLAND_DISPLAY", "wl-copy"),
      ("DISPLAY", "xclip -selection clipboard"),
    ] where getenv(variable).map({ $0.pointee != 0 }) == true && isInstalled(command) {
      return .program(command)
    }
    return .none
  }

  private static func isInstalled(_ command: String) -> Bool {
    let name = command.prefix { $0 != " " }
    let path = getenv("PATH").map { String(cString: $0) } ?? ""
    return path.split(separator: ":").contains { access("\($0)/\(name)", X_OK) == 0 }
  }

  static let terminalSays: SafeText = "copied, if the terminal lets programs copy"

  /// Hands a text over.
  /// - Returns: what became of it, for people.
  func take(_ text: String) -> SafeText {
    guard case .program(let command) = self else {
      return "nothing here takes a copy; --copy osc52 asks the terminal, --copy COMMAND a program"
    }
    guard let pipe = popen(command, "w") else { return "\(command) could not be started" }
    let bytes = Array(text.utf8)
    let written = fwrite(bytes, 1, bytes.count, pipe)
    guard pclose(pipe) == 0, written == bytes.count else { return "\(command) took no copy" }
    return "copied \(Quantity.bytes(bytes.count))"
  }

  /// Text as it may leave the program: lines stay lines, what would drive a terminal it is pasted
  /// into is made visible.
  static func harmless(_ text: String) -> String {
    text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
      line.split(separator: "\t", omittingEmptySubsequences: false).map {
        SafeText(String($0), limit: .max).text
      }.joined(separator: "\t")
    }.joined(separator: "\n")
  }
}

/// The keys of the question what to copy.
extension KeyMap {
  static let copying = KeyBinding(
    [.character("y")], "", "Copy the value, its path, the id or JSON", .copy, unavailable: noRecord)

  static let copyingLine = KeyBinding(
    [.character("y")], "", "Copy the id of the execution, or what it is as JSON", .copy)

  static let questionCopy: [KeyBinding] = [
    KeyBinding([.character("v")], "value", "Copy the value under the cursor", .copyValue),
    KeyBinding([.character("p")], "path", "Copy its path, as a mapping writes it", .copyPath),
    KeyBinding([.character("i")], "id", "Copy the id of the record", .copyID),
    KeyBinding([.character("j")], "JSON", "Copy the value under the cursor as JSON", .copyJSON),
  ]
}

extension State {
  /// Copies what a key of the question asks for.
  mutating func copy(_ command: Command) -> [Effect] {
    if detail == nil, screenContext != .list {
      guard let line = lineToCopy else {
        notice = "there is nothing here to copy"
        return []
      }
      switch command {
      case .copyID: return [.copy(Clipboard.harmless(line.id))]
      case .copyJSON: return [.copy(Clipboard.harmless(JSONWriter.text(line.line, indented: true)))]
      case .copyValue: return [.copy(Clipboard.harmless(JSONWriter.text(line.line)))]
      case .copyPath: return notHere("a path")
      default: return []
      }
    }
    guard let id = selectedID else { return [] }
    switch command {
    case .copyID: return [.copy(id.text)]
    case .copyPath:
      guard let place = fieldToCopy else { return notHere("a path") }
      return [.copy(Clipboard.harmless(place.path))]
    case .copyValue, .copyJSON:
      guard let place = fieldToCopy, let value = place.value else { return notHere("a value") }
      guard !place.isSecret else {
        notice = "the field is secret; it is not copied"
        return []
      }
      if command == .copyValue, let text = value.text { return [.copy(Clipboard.harmless(text))] }
      return [.copy(Clipboard.harmless(JSONWriter.text(value, indented: true)))]
    default: return []
    }
  }

  private mutating func notHere(_ what: SafeText) -> [Effect] {
    notice = what + " is copied from an open record, with the cursor on a field"
    return []
  }

  /// The field under the cursor, of a bundle or of the input of the failed module, which is named as
  /// `fettle edit --mapping` takes it; on the list there is none.
  private var fieldToCopy: (path: String, value: Value?, isSecret: Bool)? {
    guard let detail else { return nil }
    switch detail.cursor {
    case .bundle(let path):
      // Where a secret is within it, the rest is copied as it is shown.
      let value = detail.bundles.value(at: path).map { HiddenSecrets(detail).hidden($0, at: path) }
      return (path.description, value, detail.mapped.isSecret(path))
    case .input(let steps):
      guard !steps.isEmpty else { return nil }
      let value = detail.value(at: detail.cursor).map { HiddenSecrets(detail).hidden($0, at: nil) }
      let path = ValuePath(module: detail.record.summary.failer, steps: steps)
      return (path.description, value, detail.mapped.isSecret(input: steps))
    }
  }
}
