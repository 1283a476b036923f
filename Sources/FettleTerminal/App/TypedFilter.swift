import FettleCore

/// What is typed behind `/`, and what `--filter` takes.
struct TypedFilter<Key: FilterKeys>: Hashable, Sendable {
  let text: String
  let expression: FilterTree<Key>

  /// The filter that lets everything through.
  static var everything: TypedFilter { TypedFilter(.everything) }

  init(_ expression: FilterTree<Key>) {
    self.expression = expression
    text = expression.description
  }

  /// Reads a filter; what was typed is kept as it was.
  init(_ text: String) throws(FilterError) {
    expression = try FilterTree(text)
    self.text = text.trimmed
  }

  static func == (left: TypedFilter, right: TypedFilter) -> Bool {
    left.expression == right.expression
  }

  func hash(into hasher: inout Hasher) { hasher.combine(expression) }
}

extension State {
  /// Whether a filter is typed.
  var isFiltering: Bool {
    switch typing?.purpose {
    case .filter, .historyFilter, .auditFilter: true
    default: false
    }
  }

  /// Reads the filter as it is typed; what it lets through is shown when typing pauses. What is not
  /// understood keeps the last good one.
  mutating func filterTyped(_ text: String) -> [Effect] {
    do throws(FilterError) {
      switch typing?.purpose {
      case .historyFilter: _ = try TypedFilter<ExecutionKey>(text)
      case .auditFilter: _ = try TypedFilter<AuditKey>(text)
      default: _ = try ListFilter(text)
      }
      list.settling += 1
      return [.list(.settle(list.settling))]
    } catch {
      typing?.problem = "\(error.description)"
      typing?.problemRange = error.range
      return []
    }
  }

  /// Shows what the filter that is typed lets through, where it can be read.
  mutating func applyTypedFilter() -> [Effect] {
    guard let text = typing?.line.text else { return [] }
    switch typing?.purpose {
    case .historyFilter:
      return (try? TypedFilter<ExecutionKey>(text)).map { setHistoryFilter($0) } ?? []
    case .auditFilter: return (try? TypedFilter<AuditKey>(text)).map { setAuditFilter($0) } ?? []
    default: return (try? ListFilter(text)).map { setFilter($0) } ?? []
    }
  }

  /// What can stand at the cursor of the filter: completes as far as it is clear.
  mutating func completeFilter() -> [Effect] {
    guard let typing else { return [] }
    let (text, cursor) = (typing.line.text, typing.line.cursor)
    let completion: FilterCompletion
    switch typing.purpose {
    case .historyFilter:
      completion = FilterCompletion(
        text, cursor: cursor, of: ExecutionKey.self, values: historyValues)
    case .auditFilter:
      completion = FilterCompletion(text, cursor: cursor, of: AuditKey.self, values: auditValues)
    default: completion = FilterCompletion(text, cursor: cursor, known: knownRecords)
    }
    guard !completion.candidates.isEmpty else {
      notice = "nothing is known that could stand here"
      return []
    }
    let (completed, place) = completion.applied(to: text)
    self.typing?.line = LineEditor(completed, cursor: place)
    notice =
      SafeText(own: completion.candidates.count == 1 ? "" : " ")
      + SafeText(completion.candidates.prefix(40).joined(separator: "  "))
    return filterTyped(completed)
  }
}

/// The keys that lists in the store share with the list of incomplete executions.
extension KeyMap {
  static let storedList: [KeyBinding] = [
    KeyBinding([.character("s")], "", "Sort by the next column", .sortByNext),
    KeyBinding([.character("S")], "", "Turn the order round", .sortReversed),
    KeyBinding([.character("p")], "", "Hold it as it is, or let it live again", .hold),
    KeyBinding([.character("y")], "", "Copy the id or the line under the cursor", .copy),
  ]
}
