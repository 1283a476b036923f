import FettleCore

/// The field that is being edited: where it stands, and the type its text is read as.
struct ValueEditor: Hashable, Sendable {
  let path: ValuePath
  var kind: ValueKind
  /// What stood there when the editing began; nil when nothing did.
  let original: Value?
  let isSecret: Bool
  /// The only values the module takes, when it says so.
  let choices: [String]

  /// The types that can be typed in, in the order Ctrl-T goes through them.
  static let kinds: [ValueKind] = [.text, .number, .boolean, .date, .null, .collection, .array]

  /// Longer texts are not edited in one line.
  static let longestText = 20_000

  init(
    path: ValuePath, original: Value?, expected: ValueKind?, isSecret: Bool, choices: [String]
  ) {
    self.path = path
    self.original = original
    self.isSecret = isSecret
    self.choices = choices
    if let original, !original.isNull {
      kind = original.kind
    } else {
      // Something is to be typed where nothing is: what the module wants, else a text.
      kind = expected.flatMap { Self.kinds.contains($0) ? $0 : nil } ?? .text
      if kind == .null || kind == .array || kind == .collection { kind = .text }
    }
  }

  /// The text to begin with.
  var initialText: String {
    switch original {
    case .text(let text)?: text
    case .number(let number)?: number.text
    case .boolean(let boolean)?: boolean ? "true" : "false"
    case .date(let date)?: date.iso8601
    default: kind == .boolean ? "false" : ""
    }
  }

  /// Why a value cannot be edited as a line.
  static func refusal(_ value: Value?) -> SafeText? {
    switch value {
    case .buffer?: "a file cannot be typed; it is shown only"
    case .text(let text)? where text.utf8.count > longestText:
      "the text is too long for one line (\(Quantity.bytes(text.utf8.count)))"
    case .collection?, .array?: "unfold it and edit what is inside; + adds, - takes away"
    default: nil
    }
  }

  /// What the typed text means, or why it means nothing.
  func value(of text: String) -> Result<Value, Problem> {
    switch kind {
    case .text: return .success(.text(text))
    case .number:
      guard let number = Number(json: text.trimmed) else {
        return .failure(Problem("not a number: write 12, -0.5 or 1e6; Ctrl-T changes the type"))
      }
      return .success(.number(number))
    case .boolean:
      switch text.trimmed.lowercased() {
      case "true", "yes", "1": return .success(.boolean(true))
      case "false", "no", "0": return .success(.boolean(false))
      default: return .failure(Problem("true or false; Space flips it"))
      }
    case .date:
      guard let date = Instant(iso8601: text.trimmed) else {
        return .failure(Problem("not a date yet: 2026-09-21 or 2026-09-21T14:02:00+02:00"))
      }
      return .success(.date(date))
    case .null: return .success(.null)
    case .collection: return .success(.collection([:]))
    case .array: return .success(.array([]))
    case .buffer: return .failure(Problem("a file cannot be typed"))
    }
  }

  struct Problem: Error, Hashable, Sendable {
    let text: SafeText
    init(_ text: SafeText) { self.text = text }
  }

  /// The next type; what is typed stays.
  mutating func changeType() {
    let position = Self.kinds.firstIndex(of: kind) ?? 0
    kind = Self.kinds[(position + 1) % Self.kinds.count]
  }

  /// What to say beside the field while it is typed.
  func hint(for text: String) -> SafeText {
    switch (kind, value(of: text)) {
    case (_, .failure(let problem)): problem.text
    case (.date, .success(.date(let date))): "\(date.iso8601)"
    case (.null, _): "null takes no text"
    case (.collection, _): "becomes an empty collection; + adds fields"
    case (.array, _): "becomes an empty array; + adds elements"
    case (.boolean, _): "Space flips it"
    default: ""
    }
  }
}

extension String {
  var trimmed: String {
    String(drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed())
  }
}

extension ValueKind {
  /// The type in at most five letters.
  var short: SafeText {
    switch self {
    case .null: "null"
    case .text: "text"
    case .number: "num"
    case .boolean: "bool"
    case .date: "date"
    case .buffer: "file"
    case .array: "array"
    case .collection: "coll"
    }
  }
}
