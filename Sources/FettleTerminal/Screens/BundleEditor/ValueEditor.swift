import FettleCore

/// The field that is being edited: where it stands, and the type its text is read as.
struct ValueEditor: Hashable, Sendable {
  /// Where the value is written.
  let path: ValuePath
  /// What `path` is a place in.
  let target: Draft.Target
  /// Where it is seen: a field of the input that is a copy of the path is edited where it stands.
  let place: TreePlace
  var kind: ValueKind
  /// What stood there when the editing began; nil when nothing did.
  let original: Value?
  let isSecret: Bool
  /// What the module expects of it; nil when it says nothing.
  let field: FieldDescriptor?
  /// Whether it is written in a box of several lines.
  let isBox: Bool

  /// The types that can be typed in, in the order Ctrl-T goes through them.
  static let kinds: [ValueKind] = [.text, .number, .boolean, .date, .null, .collection, .array]

  /// Longer texts are edited in `$EDITOR` only, in bytes.
  static let longestText = 65_536
  /// Longer texts, and those with several lines, are edited in a box.
  static let longestLine = 200

  init(
    path: ValuePath, in target: Draft.Target = .bundle, seenAt place: TreePlace? = nil,
    original: Value?, field: FieldDescriptor? = nil, isSecret: Bool = false
  ) {
    self.path = path
    self.target = target
    self.place = place ?? .bundle(path)
    self.original = original
    self.isSecret = isSecret
    self.field = field
    if let original, !original.isNull {
      kind = original.kind
    } else {
      // Something is to be typed where nothing is: what the module wants, else a text.
      kind = field?.kind.flatMap { Self.kinds.contains($0) ? $0 : nil } ?? .text
      if kind == .null || kind == .array || kind == .collection { kind = .text }
    }
    let text = original?.text ?? ""
    isBox = text.utf8.count > Self.longestLine || text.utf8.contains(0x0A)
  }

  /// Whether it is read as a date.
  var isDate: Bool { kind == .date }

  /// The only values the module takes, when it says so.
  var choices: [String] { field?.choices ?? [] }

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

  /// Why a value cannot be edited as text here.
  static func refusal(_ value: Value?) -> SafeText? {
    switch value {
    case .buffer(let buffer)?:
      SafeText(
        own: "\(buffer.contentType), \(buffer.bytes.count) bytes, SHA-256 "
          + "\(buffer.sha256.prefix(16))…: read only; W puts a file in its place")
    case .text(let text)? where text.utf8.count > longestText:
      "the text has " + Quantity.bytes(text.utf8.count) + ": Ctrl-E opens it in $EDITOR"
    case .collection?, .array?: "unfold it and edit what is inside; + adds, - takes away, P pastes"
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

  /// What the module would say of a value; nil when it fits, or when nothing is known.
  func misfit(_ value: Value) -> SafeText? {
    guard let field else { return nil }
    let descriptor = ModuleDescriptor(type: "", kind: .action, effect: .pure, fields: [field])
    return descriptor.fitted([field.name: value]).misfits.first.map { "\($0.message)" }
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
  /// - Parameter isShort: whether what is seen elsewhere is left out.
  func hint(for text: String, in zone: DisplayZone, isShort: Bool = false) -> SafeText {
    switch value(of: text) {
    case .failure(let problem): return problem.text
    case .success(let value):
      var hint: SafeText =
        switch (kind, value) {
        case (.date, .date(let date)):
          isShort ? TypedDate.here(date, in: zone) : TypedDate.told(date, in: zone)
        case (.null, _): text.isEmpty ? "becomes null" : "becomes null; the text goes"
        case (.collection, _): "becomes an empty collection; + adds fields"
        case (.array, _): "becomes an empty array; + adds elements"
        case (.boolean, _): "Space flips it"
        default: ""
        }
      if let misfit = misfit(value) {
        hint = "! " + misfit + (hint.isEmpty ? "" : "  ·  " + hint)
      } else if let field, !field.expectation.isEmpty {
        hint = "ok (\(field.expectation))" + (hint.isEmpty ? "" : "  ·  " + hint)
      }
      return hint
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
