/// What can stand at a place of a filter that is being typed: keys, values that were seen, and paths
/// in the bundles.
public struct FilterCompletion: Hashable, Sendable {
  /// What could stand there, in the order it is offered.
  public let candidates: [String]
  /// Which characters a candidate replaces, counted from 0.
  public let range: Range<Int>

  /// What is known of the records.
  public struct Known: Hashable, Sendable {
    let scenarios: [String]
    let modules: [String]
    let errors: [String]
    let bundles: VisibleBundles

    /// Values that were seen; they may repeat.
    public init(
      scenarios: [String], modules: [String], errors: [String], bundles: VisibleBundles
    ) {
      self.scenarios = scenarios
      self.modules = modules
      self.errors = errors
      self.bundles = bundles
    }
  }

  /// What can stand at a cursor of a filter of records.
  /// - Parameter cursor: how many characters stand before it.
  public init(_ text: String, cursor: Int, known: Known) {
    self.init(
      text, cursor: cursor, keys: { Self.keys(beginning: $0, known) },
      values: { Self.values(of: $0, known) })
  }

  /// What can stand at a cursor of a filter with other keys.
  /// - Parameters:
  ///   - cursor: how many characters stand before it.
  ///   - values: the values that were seen for a key, or that there are; they may repeat.
  public init<Key: FilterKeys>(
    _ text: String, cursor: Int, of keys: Key.Type, values: (Key) -> [String]
  ) {
    self.init(
      text, cursor: cursor,
      keys: { start in
        Key.named.map { $0.name + ":" }.filter { $0.hasPrefix(start.lowercased()) }
      },
      values: { name in
        (Key.named.first { $0.name == name }?.key ?? Key.synonyms[name]).map(values) ?? []
      })
  }

  private init(
    _ text: String, cursor: Int, keys: (String) -> [String], values: (String) -> [String]
  ) {
    let before = Array(text.prefix(cursor))
    var start = before.count
    var isQuoted = before.filter { $0 == "\"" }.count % 2 == 1
    // Back to the beginning of the word; a space in quotes belongs to it.
    while start > 0 {
      let character = before[start - 1]
      if character == "\"" { isQuoted.toggle() }
      if !isQuoted, character.isWhitespace || character == "(" { break }
      start -= 1
    }
    if start < before.count, before[start] == "-" { start += 1 }
    let word = Array(before[start...])
    guard let colon = word.firstIndex(of: ":") else {
      range = start..<before.count
      candidates = keys(String(word))
      return
    }
    let key = String(word[..<colon]).lowercased()
    var value = colon + 1
    if let comma = word.lastIndex(of: ","), comma > colon { value = comma + 1 }
    range = (start + value)..<before.count
    candidates = Self.fitting(values(key), String(word[value...]))
  }

  /// The text with what is clear: the only candidate, or as much as all of them begin with.
  public func applied(to text: String) -> (text: String, cursor: Int) {
    guard let first = candidates.first else { return (text, range.upperBound) }
    let characters = Array(text)
    var shared = first
    for candidate in candidates.dropFirst() {
      shared = String(zip(shared, candidate).prefix { $0 == $1 }.map(\.0))
    }
    let typed = String(characters[range])
    // Candidates may differ from what was typed in case alone.
    if shared.count < typed.count { shared = typed }
    if candidates.count == 1, !shared.hasSuffix(":"), !shared.hasSuffix(".") { shared += " " }
    let result = String(characters[..<range.lowerBound]) + shared
    return (result + String(characters[range.upperBound...]), result.count)
  }

  private static func keys(beginning start: String, _ known: Known) -> [String] {
    let lower = start.lowercased()
    if lower.hasPrefix("bundle.") {
      return paths(beginning: String(start.dropFirst("bundle.".count)), known.bundles).map {
        "bundle." + $0
      }
    }
    return (FilterKey.named.map { $0.name + ":" } + ["bundle."]).filter { $0.hasPrefix(lower) }
  }

  private static func values(of key: String, _ known: Known) -> [String] {
    switch key {
    case "status", "state": ["open", "wait", "run", "done", "bin", "all"]
    case "error": known.errors + ErrorType.table.map(\.type.shortName)
    case "scenario": known.scenarios
    case "module": known.modules
    case "auto": ["yes", "no"]
    case "created": ["today", "yesterday"]
    default: []
    }
  }

  /// The values that begin so, as they are typed.
  private static func fitting(_ values: [String], _ start: String) -> [String] {
    let bare = start.hasPrefix("\"") ? String(start.dropFirst()) : start
    var seen: Set<String> = []
    return values.filter { seen.insert($0).inserted }
      .filter { $0.lowercased().hasPrefix(bare.lowercased()) }
      .map { FilterValue.text($0, isQuoted: false).description }
  }

  private static func paths(beginning start: String, _ bundles: VisibleBundles) -> [String] {
    let parts = start.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    var values = bundles.entries.map { Value.collection($0.bundle) }
    if parts.count > 1, let module = Int(parts[0]) {
      values = bundles.entries.filter { $0.module.number == module }.map { .collection($0.bundle) }
    }
    for part in parts.dropLast().drop(while: { Int($0) != nil }) {
      values = values.flatMap { fields(of: $0) }
        .filter { part == "*" || BundlePattern([.name($0.name)]).description == part }.map(\.value)
    }
    let lead = parts.dropLast().map { $0 + "." }.joined()
    let last = parts.last ?? ""
    var seen: Set<String> = []
    return values.flatMap { fields(of: $0) }.compactMap { field in
      let name = BundlePattern([.name(field.name)]).description
      guard name.lowercased().hasPrefix(last.lowercased()), seen.insert(name).inserted else {
        return nil
      }
      let isInner = !fields(of: field.value).isEmpty
      return lead + name + (isInner ? "." : ":")
    }
  }

  private static func fields(of value: Value) -> [Collection.Field] {
    switch value {
    case .collection(let collection): collection.fields
    case .array(let elements): elements.first.map { fields(of: $0) } ?? []
    default: []
    }
  }
}
