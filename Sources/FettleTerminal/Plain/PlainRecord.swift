import FettleCore
import FettleEngine

/// The record that is open in the line mode, with the changes that are not saved yet.
struct PlainRecord: Sendable {
  private(set) var record: IncompleteExecution
  /// The bundles and the variables, as one more of them.
  private(set) var bundles: VisibleBundles
  /// The same at the failure.
  private let originals: VisibleBundles
  private(set) var edits: [BundleEdit] = []
  private var undone: [BundleEdit] = []
  let mapped: MappedFields
  /// Secret places that are shown because it was asked for.
  private var revealed: Set<ValuePath> = []
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
    var lines: [SafeText] = [
      "\(summary.id.text), \(summary.state.name), \(summary.scenarioName), stored "
        + zone.long(summary.created),
      "\(summary.errorType.rawValue) at module \(summary.failer.number) \(summary.failerTitle): "
        + "\(mask.masked(summary.reason))",
      summary.nextRetry.map { "next retry " + zone.long($0) } ?? "no automatic retry",
    ]
    if let id = record.predecessor {
      lines.append("it continues \(id.short); linked opens that")
    }
    if let id = record.successor {
      lines.append("it is continued by \(id.short); linked opens that")
    }
    if isInDoubt { lines.append(doubt) }
    return lines
  }

  /// What is to be decided where what the failed module was sending may have arrived.
  var doubt: SafeText {
    "what module \(record.summary.failer.number) was sending may have arrived: resume again sends it "
      + "again, output JSON goes on with what came back"
  }

  /// Whether what the failed module was sending may have arrived.
  var isInDoubt: Bool {
    record.error.stage == .inDoubt
      && [.unresolved, .pending].contains(record.summary.state)
  }

  var chain: [SafeText] {
    ChainDiagram(record, isSpaced: false).lines.map(Self.text)
  }

  /// A line of a chain.
  static func text(_ line: ChainDiagram.Line) -> SafeText {
    line.prefix + line.text + (line.note.isEmpty ? "" : "   " + line.note)
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
    let isSecret = mapped.isSecret(path) && !revealed.contains(path)
    lines.append(
      "\(path.description): "
        + ValueText.typed(
          value, isSecret: isSecret, mask: revealed.contains(path) ? SecretMask() : mask)
        + change)
    switch value {
    case .collection(let fields):
      // The place in a list is not the operator's.
      for (position, name) in fields.names.enumerated() where !name.hasPrefix("__IMT") {
        add(path.appending(.field(name)), fields[at: position], to: &lines)
      }
    case .array(let elements):
      for (index, element) in elements.enumerated() {
        add(path.appending(.element(index + 1)), element, to: &lines)
      }
    default: break
    }
  }

  /// All of one value, a line for each of its lines.
  func whole(_ text: String) throws(Refusal) -> [SafeText] {
    let path = try parsed(text)
    guard let value = bundles.value(at: path) else {
      throw Refusal(text: "there is nothing at \(path.description)")
    }
    guard !mapped.isSecret(path) || revealed.contains(path) else {
      throw Refusal(
        text: "\(path.description) is secret: reveal shows it, and the audit keeps that")
    }
    guard let content = value.text, !revealed.contains(path) else {
      return [ValueText.typed(value, mask: revealed.contains(path) ? SecretMask() : mask)]
    }
    return mask.masked(content).split(separator: "\n", omittingEmptySubsequences: false).map {
      SafeText(String($0), limit: .max)
    }
  }

  /// Shows a secret from now on.
  mutating func reveal(_ text: String) throws(Refusal) -> ValuePath {
    let path = try parsed(text)
    guard mapped.isSecret(path) else { throw Refusal(text: "\(path.description) is no secret") }
    guard bundles.value(at: path) != nil else {
      throw Refusal(text: "there is nothing at \(path.description)")
    }
    revealed.insert(path)
    return path
  }

  /// The mapping of the failed module, a line a field.
  var mapping: [SafeText] {
    guard let module = record.failedModule else { return ["the blueprint has no such module"] }
    let mapper = module.document["mapper"]?.collection
    guard let mapper, mapper.count > 0 else { return ["nothing is mapped into it"] }
    return mapper.fields.map { field in
      "\(field.name): "
        + ValueText.typed(mapped.shown(field.value, input: [.field(field.name)]), mask: mask)
    }
  }

  /// Where a field of the input comes from.
  func way(_ field: String) throws(Refusal) -> [SafeText] {
    let steps = field.split(separator: ".").map { ValuePath.Step.field(String($0)) }
    guard let module = record.failedModule, !steps.isEmpty else {
      throw Refusal(text: "way FIELD, a field that mapping lists")
    }
    let place = ValuePath(module: module.id, steps: steps)
    guard let template = record.blueprint.mapping(at: place) else {
      throw Refusal(text: "\(field) is not mapped; mapping lists what is")
    }
    let sources = mapped.sources(ofInput: steps)
    return ["\(field): " + ValueText.typed(mapped.shown(template, input: steps), mask: mask)]
      + sources.map { source in
        "from \(source.description): "
          + ValueText.typed(
            bundles.value(at: source), isSecret: mapped.isSecret(source), mask: mask)
      }
      + (sources.isEmpty ? ["from nothing: it stands so in the blueprint"] : [])
  }

  /// Whether the template of a mapping can be read, and where it would be put.
  func mappingPlace(_ field: String, _ template: String) throws(Refusal) -> ValuePath {
    guard let module = record.failedModule else {
      throw Refusal(text: "the blueprint has no such module")
    }
    if let problem = Template(template).problems.first(where: { $0.severity == .error }) {
      throw Refusal(text: "\(problem.message), at character \(problem.position)")
    }
    return ValuePath(
      module: module.id, steps: field.split(separator: ".").map { .field(String($0)) })
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

  mutating func rename(
    _ text: String, to name: String, _ desk: OperatorDesk
  ) throws(Refusal) -> [SafeText] {
    let path = try parsed(text)
    let parent = ValuePath(module: path.module, steps: Array(path.steps.dropLast()))
    guard case .field(let old)? = path.steps.last,
      var collection = bundles.value(at: parent)?.collection,
      let position = collection.position(of: old)
    else { throw Refusal(text: "there is no field at \(text)") }
    guard !name.isEmpty, !name.contains("`") else {
      throw Refusal(text: "rename PATH NAME; a name cannot hold a back-quote")
    }
    guard collection.position(of: name) == nil else {
      throw Refusal(text: "there is a field of that name already")
    }
    collection.rename(at: position, to: name)
    return try change(parent, .collection(collection), desk)
  }

  mutating func move(
    _ text: String, _ step: Int, _ desk: OperatorDesk
  ) throws(Refusal) -> [SafeText] {
    let path = try parsed(text)
    let parent = ValuePath(module: path.module, steps: Array(path.steps.dropLast()))
    let atTheEnd = Refusal(text: "it has no neighbour there")
    switch (path.steps.last, bundles.value(at: parent)) {
    case (.element(let number)?, .array(var elements)?):
      guard elements.indices.contains(number - 1), elements.indices.contains(number - 1 + step)
      else { throw atTheEnd }
      elements.swapAt(number - 1, number - 1 + step)
      return try change(parent, .array(elements), desk)
    case (.field(let name)?, .collection(let fields)?):
      guard let position = fields.position(of: name),
        (0..<fields.count).contains(position + step)
      else { throw atTheEnd }
      var order = fields.fields.map { ($0.name, $0.value) }
      order.swapAt(position, position + step)
      return try change(parent, .collection(Collection(order)), desk)
    default: throw Refusal(text: "only a field or an element of a bundle can be moved")
    }
  }

  /// Puts the content of a file at a place: a text stays a text where the file is one.
  mutating func put(
    file: String, at text: String, _ desk: OperatorDesk
  ) throws(Refusal) -> [SafeText] {
    let path = try parsed(text)
    let bytes: [UInt8]
    switch FileContent.read(file) {
    case .success(let content): bytes = content
    case .failure(let trouble): throw Refusal(text: "\(trouble.description)")
    }
    var value = Value.buffer(Buffer(bytes))
    if case .text? = bundles.value(at: path), let text = String(validating: bytes, as: UTF8.self) {
      value = .text(text)
    }
    return try change(path, value, desk)
  }

  /// The changes, as they are made in other records: the saved ones and those that are not.
  var changesForOthers: [GroupChange] {
    GroupChange.changes(
      record.edits.map { Draft(path: $0.path, value: $0.new) } + unsaved, of: originals)
  }

  /// Those that are not saved.
  var unsaved: [Draft] { edits.map { Draft(path: $0.path, value: $0.new) } }

  /// Takes the record as it is now and makes the unsaved changes again, where nobody else changed the
  /// same.
  /// - Returns: the changes that were not made, with what stands there now.
  mutating func reload(
    _ fresh: IncompleteExecution, _ desk: OperatorDesk
  ) -> [SafeText] {
    let mine = edits
    let before = record.editable
    self = PlainRecord(fresh, desk: desk)
    var refused: [SafeText] = []
    for edit in mine {
      let isSecret = mapped.isSecret(edit.path)
      guard fresh.editable.value(at: edit.path) == before.value(at: edit.path),
        (try? change(edit.path, edit.new, desk)) != nil
      else {
        refused.append(
          "\(edit.path.description) was changed too, to "
            + ValueText.typed(bundles.value(at: edit.path), isSecret: isSecret, mask: mask)
            + "; yours was " + ValueText.typed(edit.new, isSecret: isSecret, mask: mask)
            + "; set it again to keep yours")
        continue
      }
    }
    return refused
  }

  /// Makes changes that were kept.
  /// - Returns: what could not be made.
  mutating func make(_ drafts: [Draft], _ desk: OperatorDesk) -> [SafeText] {
    drafts.compactMap { draft in
      guard draft.target == .bundle, (try? change(draft.path, draft.value, desk)) != nil else {
        return "\(draft.path.description) could not be changed again"
      }
      return nil
    }
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
