/// What could stand at the cursor of a line that is typed. There may be more than a line of the screen has
/// room for; Tab turns to the next ones, and behind the last to the first again.
struct Candidates: Hashable, Sendable {
  private let words: [SafeText]
  /// How often Tab was pressed since they were asked for.
  private var turn = 0

  /// More than this nobody turns through; typing a letter is quicker.
  private static let most = 2000

  init(_ words: [String]) {
    self.words = words.prefix(Self.most).map { SafeText($0, limit: 200) }
  }

  /// A sentence instead of words.
  init(told: SafeText) { words = [told] }

  /// Shows those behind the ones that are shown.
  mutating func turnOn() { turn += 1 }

  /// All of them.
  var text: String { words.map(\.text).joined(separator: "  ") }

  /// Whether another one has the same words.
  func isOf(_ other: Candidates) -> Bool { words == other.words }

  /// Those that are shown on a line, with which part of all of them that is.
  func line(columns: Int) -> SafeText {
    let whole = words.joined(separator: "  ")
    guard whole.width > columns else { return whole }
    // Room for ` · Tab 12/345`.
    let room = max(8, columns - 14)
    var parts: [SafeText] = []
    for word in words {
      if let last = parts.last, last.width + 2 + word.width <= room {
        parts[parts.count - 1] = last + "  " + word
      } else {
        parts.append(word.clipped(to: room))
      }
    }
    let index = turn % parts.count
    return parts[index] + " · Tab \(index + 1)/\(parts.count)"
  }
}
