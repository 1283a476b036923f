import FettleCore

/// What is typed behind `/`: free words, `status:`, `error:` and `scenario:`.
struct ListFilter: Hashable, Sendable {
  private(set) var text: String
  private(set) var records: RecordFilter
  /// What was not understood; the records are those of the part that was.
  private(set) var problem: SafeText?

  /// Everything that is still to be mended.
  static let open = ListFilter("", scenarios: [:])

  /// Reads a filter.
  /// - Parameter scenarios: the scenarios seen so far, by name.
  init(_ text: String, scenarios: [String: ScenarioID]) {
    self.text = text
    records = RecordFilter()
    var words: [Substring] = []
    for term in text.split(separator: " ") {
      guard let colon = term.firstIndex(of: ":") else {
        words.append(term)
        continue
      }
      let values = term[term.index(after: colon)...].split(separator: ",").map(String.init)
      switch term[..<colon].lowercased() {
      case "status", "state": for value in values { addStatus(value) }
      case "error": for value in values { addError(value) }
      case "scenario": for value in values { addScenario(value, known: scenarios) }
      default: words.append(term)
      }
    }
    records.text = words.joined(separator: " ")
  }

  private mutating func addStatus(_ value: String) {
    let wanted = value.lowercased()
    if wanted == "all" { return records.states = Set(IncompleteState.allCases) }
    let states = IncompleteState.allCases.filter {
      !wanted.isEmpty
        && ($0.word.lowercased().hasPrefix(wanted) || $0.name.lowercased().hasPrefix(wanted))
    }
    if states.isEmpty { problem = "no status \"\(value)\": open, wait, run, done, bin, all" }
    records.states.formUnion(states)
  }

  private mutating func addError(_ value: String) {
    let wanted = value.lowercased()
    let types = ErrorType.table.map(\.type).filter {
      $0.shortName.lowercased().hasPrefix(wanted) || $0.rawValue.lowercased().hasPrefix(wanted)
    }
    // The set of types is open: a name the table does not know may still be in the store.
    records.errorTypes.formUnion(types.isEmpty ? [ErrorType(value)] : types)
  }

  private mutating func addScenario(_ value: String, known: [String: ScenarioID]) {
    let wanted = value.lowercased()
    let found = known.filter { $0.key.lowercased().contains(wanted) }.map(\.value)
    if found.isEmpty { problem = "no scenario \"\(value)\" in the list so far" }
    records.scenarios.formUnion(found)
  }
}
