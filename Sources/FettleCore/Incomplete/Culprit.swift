/// A field whose value made a module fail, and how that is known.
public struct Culprit: Hashable, Sendable {
  /// The field of the module's input, as the way down from the mapper.
  public let input: [ValuePath.Step]
  /// The places it is read from that are to blame, the likeliest first; empty when it is mapped from
  /// no bundle.
  public let sources: [ValuePath]
  /// How it is known.
  public let evidence: Evidence
  /// One sentence.
  public let message: String

  /// How a culprit is known, the surest first.
  public enum Evidence: Int, Hashable, Sendable, Comparable, CaseIterable {
    /// The module said so when it failed.
    case raised
    /// The input does not fit what the module expects.
    case misfit
    /// The service named the field in its answer.
    case named
    /// It is mapped from something that is missing or empty.
    case missing

    /// Surer is less.
    public static func < (left: Evidence, right: Evidence) -> Bool {
      left.rawValue < right.rawValue
    }
  }
}

extension Lineage {
  /// The fields that made the module fail, the surest first, each once.
  /// - Parameters:
  ///   - error: the failure.
  ///   - misfits: fields that do not fit the module, by name and sentence, as a check found them.
  ///   - input: what the module was given, or would be given now.
  ///   - bundles: the bundles it is mapped from.
  public func culprits(
    of error: ModuleError, misfits: [(field: String, message: String)], input: Collection,
    bundles: VisibleBundles
  ) -> [Culprit] {
    var culprits: [Culprit] = []
    func add(
      _ input: [ValuePath.Step], _ evidence: Culprit.Evidence, _ message: String,
      blaming first: [ValuePath] = []
    ) {
      guard !culprits.contains(where: { $0.input == input && $0.evidence <= evidence }) else {
        return
      }
      var sources = first
      for origin in origins(of: input) where !sources.contains(origin.source) {
        sources.append(origin.source)
      }
      let known = sources.filter { bundles[$0.module] != nil }
      // What the message blames stays in front; of the rest, what is empty is likelier to be wrong.
      let rest = known.filter { !first.contains($0) }
      culprits.append(
        Culprit(
          input: input,
          sources: known.filter { first.contains($0) }
            + rest.filter { bundles.isEmpty(at: $0) } + rest.filter { !bundles.isEmpty(at: $0) },
          evidence: evidence, message: message))
    }
    // A service may name a field of its own; that is no field of the module, but a name to look for.
    if let field = error.field,
      error.stage != .service || input[field] != nil || !origins(of: [.field(field)]).isEmpty
    {
      add([.field(field)], .raised, error.message)
    }
    for misfit in misfits { add([.field(misfit.field)], .misfit, misfit.message) }
    if error.stage == .service {
      let words = NamedFields(error)
      for origin in origins {
        guard let name = origin.source.name, words.names(name) else { continue }
        let blamed = origins.filter { $0.input == origin.input }
          .map(\.source).filter { $0.name.map(words.names) == true }
        add(origin.input, .named, words.sentence(about: name), blaming: blamed)
      }
      for path in Self.leaves(of: input) {
        guard case .field(let name)? = path.last, words.names(name) else { continue }
        add(path, .named, words.sentence(about: name))
      }
    }
    if culprits.isEmpty {
      for origin in origins
      where bundles[origin.source.module] != nil && bundles.isEmpty(at: origin.source) {
        let isMissing = bundles.value(at: origin.source) == nil
        add(
          origin.input, .missing,
          "it is mapped from \(origin.source), which is \(isMissing ? "missing" : "empty")",
          blaming: [origin.source])
      }
    }
    return culprits.sorted { $0.evidence < $1.evidence }
  }

  /// The fields inside an input, down to a bounded depth and number.
  private static func leaves(of input: Collection) -> [[ValuePath.Step]] {
    var found: [[ValuePath.Step]] = []
    func walk(_ value: Value, _ path: [ValuePath.Step]) {
      guard found.count < 2000, path.count < 8 else { return }
      switch value {
      case .collection(let fields):
        for field in fields.fields.prefix(200) {
          found.append(path + [.field(field.name)])
          walk(field.value, path + [.field(field.name)])
        }
      case .array(let elements):
        for (index, element) in elements.prefix(50).enumerated() {
          walk(element, path + [.element(index + 1)])
        }
      default: break
      }
    }
    walk(.collection(input), [])
    return found
  }
}

extension VisibleBundles {
  /// Whether there is nothing, null or an empty text at a place.
  public func isEmpty(at path: ValuePath) -> Bool {
    guard let value = value(at: path) else { return true }
    return value.isNull || value == .text("")
  }
}

/// The words a failure uses that may be names of fields.
struct NamedFields {
  private var quoted: [String: String] = [:]
  private var plain: [String: String] = [:]

  /// Words of every message that say nothing about a field unless they are quoted.
  private static let everyday: Set<String> = [
    "data", "error", "errors", "message", "type", "status", "code", "value", "body", "url",
    "method",
    "id", "name", "field", "fields", "text", "number", "date", "request", "response", "result",
    "server", "must", "not", "is", "be", "the", "a", "an", "of", "in", "to", "for", "and", "or",
    "required", "invalid", "missing", "empty", "found", "http", "json", "detail", "title",
  ]

  private init() {}

  init(_ error: ModuleError) {
    if let field = error.field { add("\"\(field)\"") }
    // The service's own words are surer than ours about them.
    for text in error.suberrors + [error.detail, error.message].compactMap({ $0 }) {
      add(String(text.prefix(8000)))
    }
  }

  /// Takes in the words of a text. Those in quotes, and those on a path such as `customer.name` or
  /// `/items/0/sku`, are meant as names.
  private mutating func add(_ text: String) {
    var word = ""
    var run: [String] = []
    var before: Character = " "
    var opening: Character = " "
    func isQuote(_ character: Character) -> Bool { "\"'`“”‘’".contains(character) }
    for character in text + " " {
      if character.isLetter || character.isNumber || "_-$".contains(character) {
        if word.isEmpty, run.isEmpty { opening = before }
        word.append(character)
      } else {
        if !word.isEmpty { run.append(word) }
        word = ""
        if !run.isEmpty, "./[]".contains(character) {
          before = character
          continue
        }
        let isName = isQuote(opening) && isQuote(character)
        for (position, name) in run.enumerated() {
          let key = Self.normalised(name)
          if isName || run.count > 1 && position == run.count - 1 {
            quoted[key] = Self.better(quoted[key], text)
          } else {
            plain[key] = Self.better(plain[key], text)
          }
        }
        run = []
      }
      before = character
    }
  }

  /// Whether a text is nothing to read: a whole document, or a name and no more.
  private static func isBare(_ text: String) -> Bool {
    "{[<".contains(text.first ?? "{") || !text.contains(" ")
  }

  /// What came first, unless it cannot be read and the other can.
  private static func better(_ known: String?, _ text: String) -> String {
    guard let known else { return text }
    return isBare(known) && !isBare(text) ? text : known
  }

  private static func normalised(_ name: String) -> String {
    String(name.lowercased().filter { $0.isLetter || $0.isNumber })
  }

  /// Whether the failure names a field of that name, however it is spelled: `dueDate`, `due_date`.
  func names(_ name: String) -> Bool {
    let key = Self.normalised(name)
    guard key.count > 1 else { return false }
    if quoted[key] != nil { return true }
    return plain[key] != nil && !Self.everyday.contains(key)
  }

  /// What the failure says about it, in one line.
  func sentence(about name: String) -> String {
    let key = Self.normalised(name)
    let known = [quoted[key], plain[key]].compactMap { $0 }
    guard let whole = known.first(where: { !Self.isBare($0) }) else {
      return "the answer names \"\(name)\""
    }
    // What the service said about it stands at the end: "422 … from POST …: email must not be empty".
    var text = whole
    while let mark = text.firstRange(of: ": ") {
      let rest = String(text[mark.upperBound...])
      var words = NamedFields()
      words.add(rest)
      guard words.quoted[key] != nil || words.plain[key] != nil else { break }
      text = rest
    }
    return text.count <= 160 ? text : "\(text.prefix(157))…"
  }
}
