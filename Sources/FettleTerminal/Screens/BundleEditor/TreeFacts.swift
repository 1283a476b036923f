import FettleCore
import FettleEngine

/// What is known about the places of a tree: what they are compared with, what the module expects of
/// them, what is wrong with them, what of them may be shown.
struct TreeFacts: Equatable, Sendable {
  let failer: ModuleID
  /// The bundles and the variables, as one more of them.
  let bundles: VisibleBundles
  /// Whether the variables are of interest.
  let hasVariables: Bool
  let input: Collection
  let descriptor: ModuleDescriptor?
  let mapped: MappedFields
  let mask: SecretMask
  let missing: [ValuePath]
  private let titles: [ModuleID: String]
  /// The modules that set variables and ran.
  private let setters: [ModuleID]
  private let unfolded: Set<TreePlace>
  private let revealed: Set<TreePlace>
  private let changes: [ValuePath: BundleDiff.Change]
  private let mappingChanges: [ValuePath: (old: Value?, new: Value?)]
  /// Fields of the input that are mapped from what was changed.
  private let changedInputs: Set<[ValuePath.Step]>
  private let blamed: Set<ValuePath>
  private let messages: [TreePlace: [SafeText]]
  /// The columns of the pane, where long values are wrapped.
  private let wrapWidth: Int?
  /// Why the whole input is none.
  let wholeProblems: [SafeText]

  init(_ detail: DetailState) {
    failer = detail.record.summary.failer
    bundles = detail.bundles
    hasVariables = detail.record.hasVariables
    input = detail.check.input ?? detail.record.mappedInput.collection ?? [:]
    descriptor = detail.opened.descriptor
    mapped = detail.mapped
    mask = detail.mask
    missing = detail.mapped.missing(in: detail.bundles)
    let modules = detail.record.blueprint.allModules
    titles = Dictionary(modules.map { ($0.id, $0.title) }, uniquingKeysWith: { $1 })
    setters = modules.filter { $0.setsVariables && detail.record.hasRun($0.id) }.map(\.id)
    unfolded = detail.unfolded
    revealed = detail.revealed
    changes = Dictionary(
      detail.dataChanges.map { ($0.path, $0) }, uniquingKeysWith: { $1 })
    mappingChanges = detail.mappingChanges
    let changed = changes.keys
    changedInputs = Set(
      (detail.mapped.lineage?.origins ?? []).filter { origin in
        changed.contains {
          $0.module == origin.source.module
            && ($0.steps.starts(with: origin.source.steps)
              || origin.source.steps.starts(with: $0.steps))
        }
      }.map(\.input))
    blamed = Set(detail.culprits.compactMap(\.sources.first))
    var messages: [TreePlace: [SafeText]] = [:]
    for culprit in detail.culprits {
      messages[.input(culprit.input), default: []].append(
        SafeText(detail.mask.masked(culprit.message), limit: 400))
    }
    self.messages = messages
    wrapWidth = detail.wrapWidth
    wholeProblems = detail.check.problems.filter { $0.field == nil }.map {
      SafeText(detail.mask.masked($0.message), limit: 400)
    }
  }

  static func == (left: TreeFacts, right: TreeFacts) -> Bool {
    left.bundles == right.bundles && left.input == right.input && left.unfolded == right.unfolded
      && left.revealed == right.revealed && left.changes == right.changes
      && left.messages == right.messages && left.failer == right.failer
      && left.wrapWidth == right.wrapWidth
      && left.mappingChanges.keys == right.mappingChanges.keys && left.mapped == right.mapped
  }

  func title(of module: ModuleID) -> String? { titles[module] }

  /// Places that are, or may be, more than one plain line.
  var special: [TreePlace] {
    Array(unfolded) + Array(revealed) + changes.keys.map(TreePlace.bundle)
      + blamed.map(TreePlace.bundle) + Array(messages.keys)
  }

  func isSecret(_ place: TreePlace) -> Bool {
    mapped.isSecret(place) && !revealed.contains(place)
  }

  func problems(at place: TreePlace) -> [SafeText] { messages[place] ?? [] }

  /// What is masked in the value of a place: nothing where it was asked for.
  private func mask(at place: TreePlace) -> SecretMask {
    revealed.contains(place) ? SecretMask() : mask
  }

  /// The row of a value.
  func line(
    _ value: Value?, at place: TreePlace, depth: Int, name: SafeText
  ) -> BundleTree.Line {
    var line = BundleTree.Line(place: place, depth: depth, name: name)
    line.kind = value?.kind.short ?? "—"
    line.value = ValueText.line(value, isSecret: isSecret(place), mask: mask(at: place))
    line.expectation = expectation(place, value)
    if value?.collection != nil || value?.array != nil {
      line.isFoldable = true
      line.isUnfolded = unfolded.contains(place)
    }
    switch place {
    case .input(let steps):
      line.isProblem = messages[place] != nil || value == nil
      line.isChanged =
        mappingChanges[ValuePath(module: failer, steps: steps)] != nil
        || changedInputs.contains(steps)
    case .bundle(let path):
      line.isProblem = value == nil || blamed.contains(path)
      line.isChanged = changes[path] != nil
    }
    return line
  }

  /// The most lines of one value; an editor shows the rest.
  private static let mostWrapped = 40

  /// The whole of a text or number that its column is too narrow for, in lines; none where values are not
  /// wrapped.
  func wrapped(_ value: Value?, at place: TreePlace, depth: Int) -> [SafeText] {
    guard let wrapWidth, !isSecret(place) else { return [] }
    let text: String
    switch value {
    case .text(let whole)?: text = whole
    case .number(let number)?: text = number.text
    default: return []
    }
    let columns = TreeColumns(width: wrapWidth)
    let room = max(8, wrapWidth - columns.indent(depth + 1) - 1)
    // Only what is shown is looked at, however long the value is.
    let head = String(text.prefix(Self.mostWrapped * room))
    let mask = mask(at: place)
    let shown = SafeText(mask.isEmpty ? head : mask.masked(head), limit: Self.mostWrapped * room)
    guard shown.width + 2 > columns.valueWidth || text.contains(where: \.isNewline) else {
      return []
    }
    var lines: [SafeText] = []
    for part in Self.lines(of: shown) where lines.count < Self.mostWrapped {
      lines += part.wrapped(to: room, lines: Self.mostWrapped - lines.count)
    }
    if head.utf8.count < text.utf8.count {
      let rest = Quantity.bytes(text.utf8.count - head.utf8.count)
      lines.append("… " + rest + " more; Ctrl-E shows all of it")
    }
    return lines
  }

  /// A text whose line ends are pictures, broken behind them.
  private static func lines(of text: SafeText) -> [SafeText] {
    var lines: [SafeText] = []
    var line = SafeText()
    for glyph in text.glyphs {
      line += SafeText(glyphs: [glyph])
      if glyph.scalar == "⏎" {
        lines.append(line)
        line = SafeText()
      }
    }
    return line.isEmpty ? lines : lines + [line]
  }

  /// What stood at a place before, when something else did.
  func was(at place: TreePlace) -> SafeText? {
    switch place {
    case .bundle(let path):
      guard let change = changes[path], change.new != nil else { return nil }
      return change.old == nil
        ? "added"
        : "was  " + ValueText.typed(change.old, isSecret: isSecret(place), mask: mask(at: place))
    case .input(let steps):
      guard let change = mappingChanges[ValuePath(module: failer, steps: steps)] else { return nil }
      guard !isSecret(place), !mapped.holdsSecret(place) else { return "mapping changed" }
      return "mapping was  " + ValueText.mapping(change.old) + "  →  "
        + ValueText.mapping(change.new)
    }
  }

  /// What was taken away from a bundle or from something inside it.
  func takenAway(from place: TreePlace) -> [SafeText] {
    guard case .bundle(let path) = place else { return [] }
    return changes.values.filter { change in
      change.new == nil && change.path.module == path.module && !change.path.steps.isEmpty
        && Array(change.path.steps.dropLast()) == path.steps && !missing.contains(change.path)
    }.sorted { $0.path.description < $1.path.description }.map { change in
      let name: SafeText =
        switch change.path.steps.last {
        case .field(let name)?: "\(name)"
        case .element(let index)?: "\(index)"
        case nil: "bundle"
        }
      return "~ " + name + " taken away, was "
        + ValueText.typed(change.old, isSecret: mapped.isSecret(change.path), mask: mask)
    }
  }

  private func field(_ input: [ValuePath.Step]) -> FieldDescriptor? {
    guard case .field(let name)? = input.first, input.count == 1 else { return nil }
    return descriptor?.fields.first { $0.name == name }
  }

  private func expectation(_ place: TreePlace, _ value: Value?) -> SafeText {
    switch place {
    case .input(let steps):
      if let field = field(steps), !field.expectation.isEmpty { return "\(field.expectation)" }
    case .bundle(let path):
      if path.isVariable, path.steps.isEmpty {
        let numbers = setters.map { "\($0.number)" as SafeText }
        return numbers.isEmpty ? "" : "set by " + numbers.joined(separator: ", ")
      }
      if path.steps.isEmpty {
        let count = mapped.count(ofModule: path.module)
        return count == 0 ? "" : "mapped: \(count) \(count == 1 ? "field" : "fields")"
      }
      if let use = mapped.use(of: path), case .field(let name)? = use.input.first {
        let expected = use.isPlain && use.source == path ? field(use.input)?.expectation ?? "" : ""
        return expected.isEmpty ? "→ \(name)" : "→ \(name): \(expected)"
      }
    }
    return ValueText.measure(value)
  }
}
