import FettleCore
import FettleEngine

/// The record that is open in the line mode, with the changes that are not saved yet.
struct PlainRecord: Sendable {
  private(set) var record: IncompleteExecution
  /// The bundles and the variables, as one more of them.
  private var bundles: VisibleBundles
  /// The same at the failure.
  private let originals: VisibleBundles
  private var edits: [BundleEdit] = []
  private var undone: [BundleEdit] = []
  private let mapped: MappedFields
  private let descriptor: ModuleDescriptor?

  /// Why something cannot be done with it.
  struct Refusal: Error {
    let text: SafeText
  }

  init(_ record: IncompleteExecution, desk: OperatorDesk) {
    self.record = record
    bundles = record.editable
    originals = record.originalEditable
    descriptor = record.failedModule.flatMap(desk.descriptor)
    mapped = MappedFields(record.failedModule, descriptor: descriptor)
  }

  var isChanged: Bool { !edits.isEmpty }

  /// What of the values of secret fields may stand in other words.
  var mask: SecretMask { SecretMask(bundles, mapped, input: record.mappedInput.collection) }

  /// The record after a move that leaves its data as it is.
  mutating func take(_ record: IncompleteExecution) { self.record = record }

  // MARK: Looking

  func head(zone: DisplayZone) -> [SafeText] {
    let summary = record.summary
    return [
      "\(summary.id.text), \(summary.state.name), \(summary.scenarioName), stored "
        + zone.long(summary.created),
      "\(summary.errorType.rawValue) at module \(summary.failer.number) \(summary.failerTitle): "
        + "\(mask.masked(summary.reason))",
      summary.nextRetry.map { "next retry " + zone.long($0) } ?? "no automatic retry",
    ]
  }

  var chain: [SafeText] {
    ChainDiagram(record, isSpaced: false).lines.map {
      $0.prefix + $0.text + ($0.note.isEmpty ? "" : "   " + $0.note)
    }
  }

  /// A line a field, the outermost first.
  func fields(below path: String) throws(Refusal) -> [SafeText] {
    let roots: [ValuePath]
    if path.isEmpty {
      roots = bundles.entries.map { ValuePath(module: $0.module) }
        .filter { !$0.isVariable || record.hasVariables }
    } else {
      roots = [try parsed(path)]
    }
    var lines: [SafeText] = []
    for root in roots {
      guard let value = bundles.value(at: root) else {
        throw Refusal(text: "there is nothing at \(root.description)")
      }
      add(root, value, to: &lines)
    }
    return lines
  }

  private func add(_ path: ValuePath, _ value: Value, to lines: inout [SafeText]) {
    let change: SafeText =
      value == originals.value(at: path) ? "" : ", changed"
    lines.append(
      "\(path.description): " + ValueText.typed(value, isSecret: mapped.isSecret(path), mask: mask)
        + change)
    switch value {
    case .collection(let fields):
      for (position, name) in fields.names.enumerated() {
        add(path.appending(.field(name)), fields[at: position], to: &lines)
      }
    case .array(let elements):
      for (index, element) in elements.enumerated() {
        add(path.appending(.element(index + 1)), element, to: &lines)
      }
    default: break
    }
  }

  func input(_ desk: OperatorDesk) -> [SafeText] {
    let check = desk.check(record, bundles: bundles.withoutVariables)
    guard let input = check.input else { return problems(of: check) }
    return input.names.enumerated().map { position, name in
      "\(name): "
        + ValueText.typed(
          input[at: position], isSecret: mapped.isSecret(input: [.field(name)]), mask: mask)
    } + problems(of: check)
  }

  private func problems(of check: ResumeCheck) -> [SafeText] {
    check.problems.map { "does not fit: \(mask.masked($0.message))" }
  }

  var changes: [SafeText] {
    let changes = BundleDiff(from: originals, to: bundles).changes
    guard !changes.isEmpty else { return ["nothing differs from the failure"] }
    return changes.map { change in
      let isSecret = mapped.isSecret(change.path)
      return "\(change.path.description): "
        + ValueText.typed(change.old, isSecret: isSecret, mask: mask)
        + " -> "
        + (change.new == nil
          ? "taken away" : ValueText.typed(change.new, isSecret: isSecret, mask: mask))
    }
  }

  func check(_ desk: OperatorDesk) -> [SafeText] {
    let check = desk.check(record, bundles: bundles.withoutVariables)
    func names(_ modules: [ModuleID]) -> SafeText {
      modules.isEmpty
        ? "nothing"
        : modules.map { "\($0.number) \(record.blueprint.module($0)?.title ?? "")" as SafeText }
          .joined(separator: ", ")
    }
    return changes + (check.problems.isEmpty ? ["fits the module"] : problems(of: check)) + [
      "will run: " + names(check.willRun), "not repeated: " + names(check.notRepeated),
    ]
      + check.owed.map {
        "then \($0.count) more of " + names([$0.module]) + ": " + names($0.willRun)
      }
      + check.effects.filter(\.mayHaveHappened).map {
        "may have arrived already: " + names([$0.module])
      }
  }

  func history(zone: DisplayZone) -> [SafeText] {
    let attempts = record.attempts.map { attempt -> (Instant, SafeText) in
      (
        attempt.started,
        "try \(attempt.number), \(attempt.trigger.rawValue): " + Self.words(attempt.outcome, mask)
      )
    }
    let edits = record.edits.map { edit -> (Instant, SafeText) in
      let isSecret = mapped.isSecret(edit.path)
      return (
        edit.date,
        "\(edit.author) changed \(edit.path.description): "
          + ValueText.typed(edit.old, isSecret: isSecret, mask: mask) + " -> "
          + ValueText.typed(edit.new, isSecret: isSecret, mask: mask)
      )
    }
    let all = (attempts + edits).sorted { $0.0 < $1.0 }
    return all.isEmpty ? ["nothing since it was stored"] : all.map { zone.long($0.0) + " " + $0.1 }
  }

  /// What a retry came to.
  static func outcome(_ report: ResumeReport, _ mask: SecretMask = SecretMask()) -> SafeText {
    words(report.outcome, mask) + " in " + Quantity.seconds(milliseconds: report.milliseconds)
      + ", run \(String(report.execution.id.prefix(8)))"
  }

  private static func words(_ outcome: Attempt.Outcome, _ mask: SecretMask) -> SafeText {
    switch outcome {
    case .resolved: "resolved"
    case .interrupted: "interrupted"
    case .failed(let error): "failed again: \(error.type.rawValue): \(mask.masked(error.message))"
    case .failedElsewhere(let error, let module, let record):
      "went on and failed at module \(module.number): \(error.type.rawValue): \(mask.masked(error.message))"
        + (record.map { ", stored as \($0.short)" } ?? "")
    }
  }

  // MARK: Changing

  /// What the module wants of the field that a place is copied to.
  private func field(fedBy path: ValuePath) -> FieldDescriptor? {
    guard let use = mapped.use(of: path), use.isPlain, use.source == path,
      case .field(let name)? = use.input.first
    else { return nil }
    return descriptor?.fields.first { $0.name == name }
  }

  private func parsed(_ path: String) throws(Refusal) -> ValuePath {
    do { return try ValuePath(parsing: path) } catch { throw Refusal(text: "\(error.description)") }
  }

  mutating func set(
    _ path: String, to text: String, isJSON: Bool, _ desk: OperatorDesk
  ) throws(Refusal) -> [SafeText] {
    let path = try parsed(path)
    let value: Value
    if isJSON {
      do { value = try JSONReader.read(text) } catch {
        throw Refusal(text: "no JSON: \(error.description)")
      }
    } else {
      let editor = ValueEditor(
        path: path, original: bundles.value(at: path), field: field(fedBy: path),
        isSecret: mapped.isSecret(path))
      switch editor.value(of: text) {
      case .success(let typed): value = typed
      case .failure(let problem): throw Refusal(text: problem.text)
      }
    }
    return try change(path, value, desk)
  }

  mutating func remove(_ path: String, _ desk: OperatorDesk) throws(Refusal) -> [SafeText] {
    try change(try parsed(path), nil, desk)
  }

  private mutating func change(
    _ path: ValuePath, _ value: Value?, _ desk: OperatorDesk
  ) throws(Refusal) -> [SafeText] {
    do {
      edits.append(try desk.edit(value, at: path, of: &bundles))
    } catch {
      throw Refusal(text: "\(error.description)")
    }
    undone = []
    return told(path, desk)
  }

  private func told(_ path: ValuePath, _ desk: OperatorDesk) -> [SafeText] {
    let value = bundles.value(at: path).map {
      ValueText.typed($0, isSecret: mapped.isSecret(path), mask: mask)
    }
    return ["\(path.description): " + (value ?? "taken away")]
      + problems(of: desk.check(record, bundles: bundles.withoutVariables))
  }

  mutating func undo(_ desk: OperatorDesk) throws(Refusal) -> [SafeText] {
    guard let last = edits.popLast() else { throw Refusal(text: "nothing was changed") }
    undone.append(last)
    rebuild()
    return told(last.path, desk)
  }

  mutating func redo(_ desk: OperatorDesk) throws(Refusal) -> [SafeText] {
    guard let last = undone.popLast() else { throw Refusal(text: "nothing was taken back") }
    edits.append(last)
    rebuild()
    return told(last.path, desk)
  }

  mutating func revert() {
    edits = []
    undone = []
    rebuild()
  }

  private mutating func rebuild() {
    bundles = record.editable
    // They were made on these very bundles.
    for edit in edits { try? bundles.apply(edit) }
  }

  /// Saves the changes.
  /// - Returns: whether there were any.
  mutating func save(_ desk: OperatorDesk) async throws(StoreError) -> Bool {
    guard isChanged else { return false }
    _ = try await desk.append(edits, to: record.id, version: record.summary.version)
    self = PlainRecord(try await desk.record(record.id), desk: desk)
    return true
  }
}
