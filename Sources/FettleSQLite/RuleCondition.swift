import FettleCore
import GRDB

/// A condition of a query with its arguments.
struct RuleCondition {
  var sql: String
  var arguments = StatementArguments()

  static func all(_ conditions: [RuleCondition]) -> RuleCondition {
    joined(conditions, " AND ", empty: "1")
  }

  static func joined(_ parts: [RuleCondition], _ word: String, empty: String) -> RuleCondition {
    guard !parts.isEmpty else { return RuleCondition(sql: empty) }
    return RuleCondition(
      sql: "(" + parts.map(\.sql).joined(separator: word) + ")",
      arguments: parts.reduce(into: StatementArguments()) { $0 += $1.arguments })
  }
}

extension RuleCondition {
  /// The condition of a rule, where somebody says what its tests are.
  init<Test>(_ rule: FilterRule<Test>, _ test: (Test) -> RuleCondition) {
    switch rule {
    case .all(let parts): self = .all(parts.map { RuleCondition($0, test) })
    case .any(let parts):
      self = .joined(parts.map { RuleCondition($0, test) }, " OR ", empty: "0")
    case .not(let part):
      let inner = RuleCondition(part, test)
      self.init(sql: "NOT \(inner.sql)", arguments: inner.arguments)
    case .test(let one): self = test(one)
    }
  }

  /// Numbers between two ends.
  static func within(_ range: NumberRange, _ expression: String) -> RuleCondition {
    var parts: [RuleCondition] = []
    if let low = range.low {
      parts.append(RuleCondition(sql: "\(expression) >= ?", arguments: [low]))
    }
    if let high = range.high {
      parts.append(RuleCondition(sql: "\(expression) <= ?", arguments: [high]))
    }
    return .all(parts)
  }

  /// Texts in lower case that begin so; an index of the column finds them.
  static func begins(_ column: String, with start: String) -> RuleCondition {
    RuleCondition(
      sql: "(\(column) >= ? AND \(column) < ?)", arguments: [start, start + "\u{7F}"])
  }

  /// Texts that a pattern fits.
  static func matches(_ pattern: TextPattern, _ expression: String) -> RuleCondition {
    RuleCondition(
      sql: "\(TextPattern.function)(?, \(expression))", arguments: [pattern.encoded])
  }

  /// One of some values that stand in the statement itself, as an index by them needs it.
  static func isOne(written values: [String], _ column: String) -> RuleCondition {
    RuleCondition(sql: values.isEmpty ? "0" : "\(column) IN (\(values.joined(separator: ", ")))")
  }

  /// One of some words that stand in the statement itself.
  static func isOne<Word: RawRepresentable>(
    written words: some Sequence<Word>, _ column: String
  ) -> RuleCondition where Word.RawValue == String {
    isOne(written: words.map { "'\($0.rawValue)'" }.sorted(), column)
  }
}

extension RuleCondition {
  /// The condition of a rule that reads no data.
  /// - Parameter indexed: the last record the index of texts has come to.
  init(_ rule: RecordRule, indexed: Int64) {
    self.init(rule) { RuleCondition($0, indexed: indexed) }
  }

  private init(_ test: RecordTest, indexed: Int64) {
    switch test {
    case .state(let states): self = .isOne(of: states.map(\.rawValue), column: "state")
    case .errorType(let types): self = .isOne(of: types.map(\.rawValue), column: "error_type")
    case .text(let field, .begins(let start)):
      let matching = RuleCondition.begins(field.column, with: start.lowercased())
      // As a set of records, so that the index of identities is used and not that of the list.
      self.init(
        sql: field == .id
          ? "number IN (SELECT number FROM record WHERE \(matching.sql))" : matching.sql,
        arguments: matching.arguments)
    case .text(let field, let pattern): self = .matches(pattern, field.column)
    case .number(let field, let range):
      self = .all([
        RuleCondition(sql: "\(field.column) IS NOT NULL"), .within(range, field.column),
      ])
    case .retriesItself(let wanted):
      self.init(
        sql: "((next_retry IS NOT NULL AND state IN ('pending', 'inProgress')) = ?)",
        arguments: [wanted])
    case .group(let fingerprint):
      self.init(sql: "(fingerprint = ?)", arguments: [fingerprint])
    case .words(let text): self = .words(text, indexed: indexed)
    case .data: self.init(sql: "1")
    }
  }

  private static func isOne(of values: [String], column: String) -> RuleCondition {
    guard !values.isEmpty else { return RuleCondition(sql: "0") }
    let places = values.map { _ in "?" }.joined(separator: ", ")
    return RuleCondition(sql: "(\(column) IN (\(places)))", arguments: StatementArguments(values))
  }

  /// Words anywhere in a condition; at its top `RecordPages` has a faster way.
  private static func words(_ text: String, indexed: Int64) -> RuleCondition {
    let reading = reading(text, alsoBundles: true)
    guard text.unicodeScalars.count >= 3 else { return Self.reading(text, alsoBundles: false) }
    return RuleCondition(
      sql: """
        (number IN (SELECT rowid FROM record_text WHERE record_text MATCH ?)
          OR (number > ? AND \(reading.sql)))
        """, arguments: [phrase(text), indexed] + reading.arguments)
  }

  /// A text as the index of texts is asked for it.
  static func phrase(_ text: String) -> String {
    "\"" + text.replacing("\"", with: "\"\"") + "\""
  }

  /// Reads the columns, and the bundles where nothing has indexed them yet.
  static func reading(_ text: String, alsoBundles: Bool) -> RuleCondition {
    let pattern =
      "%"
      + text.replacing("\\", with: "\\\\").replacing("%", with: "\\%").replacing("_", with: "\\_")
      + "%"
    let bundles =
      alsoBundles
      ? " OR EXISTS (SELECT 1 FROM content WHERE content.record = record.number"
        + " AND instr(content.bundles, CAST(? AS BLOB)) > 0)" : ""
    var arguments: StatementArguments = [pattern, pattern, pattern, pattern, pattern]
    if alsoBundles { arguments += [text] }
    return RuleCondition(
      sql: """
        (reason LIKE ? ESCAPE '\\' OR scenario_name LIKE ? ESCAPE '\\' \
        OR failer_title LIKE ? ESCAPE '\\' OR error_type LIKE ? ESCAPE '\\' \
        OR id LIKE ? ESCAPE '\\'\(bundles))
        """, arguments: arguments)
  }
}

extension RecordTest.TextField {
  fileprivate var column: String {
    switch self {
    case .scenario: "scenario_name"
    case .module: "failer_title"
    case .errorType: "error_type"
    case .execution: "execution"
    case .id: "id"
    }
  }
}

extension RecordTest.NumberField {
  fileprivate var column: String {
    switch self {
    case .module: "failer"
    case .attempts: "attempts"
    case .size: "size"
    case .created: "created"
    case .nextRetry: "next_retry"
    }
  }
}

extension TextPattern {
  /// The name under which the database calls `matches`.
  static let function = "fettle_matches"

  /// Makes it known to a connection: SQLite itself folds the case of ASCII letters only, and its
  /// regular expressions are none.
  static func register(in database: Database) {
    database.add(
      function: DatabaseFunction(function, argumentCount: 2, pure: true) { values in
        guard let pattern = String.fromDatabaseValue(values[0]).flatMap(TextPattern.init(encoded:)),
          let text = String.fromDatabaseValue(values[1])
        else { return false }
        return pattern.matches(text)
      })
  }

  var encoded: String {
    switch self {
    case .contains(let text): "c" + text
    case .begins(let text): "b" + text
    case .exactly(let text): "x" + text
    case .equals(let text): "e" + text
    case .shape(let text): "s" + text
    case .regular(let text, let ignoresCase): (ignoresCase ? "i" : "r") + text
    }
  }

  init?(encoded: String) {
    let text = String(encoded.dropFirst())
    switch encoded.first {
    case "c": self = .contains(text)
    case "b": self = .begins(text)
    case "x": self = .exactly(text)
    case "e": self = .equals(text)
    case "s": self = .shape(text)
    case "i": self = .regular(text, ignoresCase: true)
    case "r": self = .regular(text, ignoresCase: false)
    default: return nil
    }
  }
}
