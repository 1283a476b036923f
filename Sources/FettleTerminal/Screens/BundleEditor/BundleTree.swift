import FettleCore
import FettleEngine

/// A place in the tree: in the input of the failed module, or in a bundle.
enum TreePlace: Hashable, Sendable {
  case input([ValuePath.Step])
  case bundle(ValuePath)

  /// The place one level up; nil at a root.
  var parent: TreePlace? {
    switch self {
    case .input(let steps): steps.isEmpty ? nil : .input(Array(steps.dropLast()))
    case .bundle(let path):
      path.steps.isEmpty
        ? nil : .bundle(ValuePath(module: path.module, steps: Array(path.steps.dropLast())))
    }
  }

  func appending(_ step: ValuePath.Step) -> TreePlace {
    switch self {
    case .input(let steps): .input(steps + [step])
    case .bundle(let path): .bundle(path.appending(step))
    }
  }
}

/// The input of the failed module and the bundles it is mapped from, as lines.
struct BundleTree: Equatable, Sendable {
  /// One line. Notes stand under the row they belong to and never have the cursor.
  struct Line: Equatable, Sendable {
    let place: TreePlace
    var isNote = false
    let depth: Int
    let name: SafeText
    var kind: SafeText = ""
    var value: SafeText = ""
    /// What the failed module expects of it.
    var expectation: SafeText = ""
    var isFoldable = false
    var isUnfolded = false
    var isChanged = false
    var isProblem = false
  }

  private(set) var lines: [Line] = []

  private let detail: DetailState
  private let missing: [ValuePath]
  private let changes: [ValuePath: BundleDiff.Change]

  init(_ detail: DetailState) {
    self.detail = detail
    missing = detail.mapped.missing(in: detail.bundles)
    let diff = BundleDiff(from: detail.record.originalBundles, to: detail.bundles)
    changes = Dictionary(diff.changes.map { ($0.path, $0) }, uniquingKeysWith: { $1 })
    addInput()
    for entry in detail.bundles.entries {
      let root = ValuePath(module: entry.module)
      let module = detail.record.blueprint.module(entry.module)
      var name: SafeText = "\(entry.module.number) \(module?.title ?? "bundle")"
      if entry.module == detail.record.summary.failer { name += " (failed)" }
      add(.collection(entry.bundle), at: .bundle(root), depth: 0, name: name)
    }
  }

  /// The rows the cursor can stand on.
  static func places(_ lines: [Line]) -> [TreePlace] { lines.filter { !$0.isNote }.map(\.place) }

  private mutating func addInput() {
    let input = detail.check.input.map(Value.collection) ?? detail.record.mappedInput
    let failer = detail.record.summary
    add(input, at: .input([]), depth: 0, name: "INPUT of \(failer.failer.number) as mapped")
    let whole = detail.check.problems.filter { $0.field == nil }
    for problem in whole {
      lines.append(
        Line(
          place: .input([]), isNote: true, depth: 1, name: "! \(problem.message)", isProblem: true))
    }
    guard detail.unfolded.contains(.input([])), let fields = input.collection else { return }
    // What the module requires and nobody maps is not in the input, and still has to be seen.
    for field in detail.opened.descriptor?.fields ?? []
    where field.isRequired && fields[field.name] == nil {
      add(nil, at: .input([.field(field.name)]), depth: 1, name: "\(field.name)")
    }
  }

  private mutating func add(_ value: Value?, at place: TreePlace, depth: Int, name: SafeText) {
    var line = Line(place: place, depth: depth, name: name)
    let isSecret = isSecret(place)
    line.kind = value?.kind.short ?? "—"
    line.value = ValueText.line(value, isSecret: isSecret)
    line.expectation = expectation(place)
    if value?.collection != nil || value?.array != nil {
      line.isFoldable = true
      line.isUnfolded = detail.unfolded.contains(place)
    }
    let problems = problems(place)
    line.isProblem = !problems.isEmpty || value == nil
    let change = change(at: place)
    line.isChanged = change != nil
    lines.append(line)
    if let change {
      let was =
        change.old == nil ? "added" : "was  " + ValueText.typed(change.old, isSecret: isSecret)
      lines.append(Line(place: place, isNote: true, depth: depth + 1, name: was))
    }
    for problem in problems {
      lines.append(
        Line(place: place, isNote: true, depth: depth + 1, name: "\(problem)", isProblem: true))
    }
    if line.isUnfolded, let value { addChildren(of: value, at: place, depth: depth + 1) }
  }

  private mutating func addChildren(of value: Value, at place: TreePlace, depth: Int) {
    switch value {
    case .collection(let collection):
      for field in collection.fields where !field.name.hasPrefix("__IMT") {
        add(
          field.value, at: place.appending(.field(field.name)), depth: depth,
          name: field.name.isEmpty ? "(no name)" : "\(field.name)")
      }
      addMissing(below: place, depth: depth)
    case .array(let elements):
      for (index, element) in elements.enumerated() {
        add(element, at: place.appending(.element(index + 1)), depth: depth, name: "\(index + 1)")
      }
    default: break
    }
    if case .bundle(let path) = place {
      for change in changes.values
      where change.new == nil && change.path.module == path.module
        && Array(change.path.steps.dropLast()) == path.steps && !missing.contains(change.path)
      {
        lines.append(
          Line(
            place: place, isNote: true, depth: depth,
            name: "~ \(Self.name(of: change.path)) taken away, was "
              + ValueText.typed(change.old, isSecret: detail.mapped.isSecret(change.path)),
            isChanged: true))
      }
    }
  }

  /// Fields the failed module reads and the bundle does not have: to be seen, and to be filled in.
  private mutating func addMissing(below place: TreePlace, depth: Int) {
    guard case .bundle(let parent) = place else { return }
    let level = parent.steps.count
    var seen: Set<ValuePath.Step> = []
    for path in missing where path.module == parent.module && path.steps.count > level {
      guard Array(path.steps.prefix(level)) == parent.steps, seen.insert(path.steps[level]).inserted
      else { continue }
      // Of several levels that are missing, the first stands for the rest.
      let next = parent.appending(path.steps[level])
      guard detail.bundles.value(at: next) == nil else { continue }
      let rest = ValuePath(module: path.module, steps: Array(path.steps.dropFirst(level)))
      let name = String(rest.description.drop { $0 != "." }.dropFirst())
      add(nil, at: .bundle(path), depth: depth, name: "\(name)")
    }
  }

  private static func name(of path: ValuePath) -> String {
    switch path.steps.last {
    case .field(let name)?: name
    case .element(let index)?: String(index)
    case nil: "bundle"
    }
  }

  private func change(at place: TreePlace) -> BundleDiff.Change? {
    guard case .bundle(let path) = place, let change = changes[path], change.new != nil else {
      return nil
    }
    return change
  }

  private func isSecret(_ place: TreePlace) -> Bool {
    switch place {
    case .input(let steps): detail.mapped.isSecret(input: steps)
    case .bundle(let path): detail.mapped.isSecret(path)
    }
  }

  private func descriptor(_ place: TreePlace) -> FieldDescriptor? {
    let name: String?
    switch place {
    case .input(let steps):
      if steps.count == 1, case .field(let field)? = steps.first {
        name = field
      } else {
        name = nil
      }
    case .bundle(let path): name = detail.mapped.input(fedBy: path)
    }
    return name.flatMap { name in detail.opened.descriptor?.fields.first { $0.name == name } }
  }

  private func expectation(_ place: TreePlace) -> SafeText {
    if case .bundle(let path) = place, let name = detail.mapped.input(fedBy: path) {
      let expected = descriptor(place)?.expectation ?? ""
      return expected.isEmpty ? "→ \(name)" : "→ \(name): \(expected)"
    }
    return descriptor(place).map { "\($0.expectation)" } ?? ""
  }

  private func problems(_ place: TreePlace) -> [String] {
    guard case .input(let steps) = place, steps.count == 1, case .field(let name)? = steps.first
    else { return [] }
    var messages = detail.check.problems.filter { $0.field == name }.map(\.message)
    // The failure as it happened, as long as nothing was changed.
    let error = detail.record.error
    if messages.isEmpty, error.field == name, !detail.isChanged { messages.append(error.message) }
    return messages
  }

  static func == (left: BundleTree, right: BundleTree) -> Bool { left.lines == right.lines }
}
