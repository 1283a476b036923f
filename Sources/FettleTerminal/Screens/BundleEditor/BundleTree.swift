import FettleCore
import FettleEngine

/// The input of the failed module, the bundles it is mapped from and the variables, as lines.
///
/// Long runs of children that are all one line are not made into lines before they are drawn, so that
/// an array of 100,000 elements costs no more than what of it is seen.
struct BundleTree: Equatable, Sendable {
  /// One line. Notes stand under the row they belong to and never have the cursor.
  struct Line: Equatable, Sendable {
    let place: TreePlace
    var isNote = false
    /// A whole bundle.
    var isRoot = false
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

  /// Neighbours that are one line each, from a position of their parent on.
  private struct Run: Equatable, Sendable {
    let parent: TreePlace
    let children: Value
    let first: Int
    let count: Int
    let depth: Int

    func place(_ offset: Int) -> TreePlace {
      switch children {
      case .collection(let fields): parent.appending(.field(fields.fields[first + offset].name))
      default: parent.appending(.element(first + offset + 1))
      }
    }

    func value(_ offset: Int) -> Value {
      switch children {
      case .collection(let fields): fields[at: first + offset]
      case .array(let elements): elements[first + offset]
      default: .null
      }
    }
  }

  private enum Part: Equatable, Sendable {
    case line(Line)
    case run(Run)

    var count: Int {
      if case .run(let run) = self { return run.count }
      return 1
    }
  }

  private var parts: [Part] = []
  private var starts: [Int] = []
  /// The number of lines.
  private(set) var count = 0
  private let facts: TreeFacts?

  /// From this many children on they are not all made into lines.
  private static let manyChildren = 200

  /// Nothing.
  init() { facts = nil }

  init(_ facts: TreeFacts) {
    self.facts = facts
    addInput(facts)
    append(
      Line(place: .input([]), isNote: true, depth: 0, name: "mapped from", isProblem: false))
    for entry in facts.bundles.entries {
      let root = ValuePath(module: entry.module)
      if root.isVariable {
        guard facts.hasVariables else { continue }
        append(Line(place: .bundle(root), isNote: true, depth: 0, name: "read with Get variable"))
        add(
          .collection(entry.bundle), at: .bundle(root), depth: 0, name: "var variables", facts,
          isRoot: true)
        continue
      }
      var name: SafeText = "\(entry.module.number) \(facts.title(of: entry.module) ?? "bundle")"
      if entry.module == facts.failer { name += " (failed)" }
      add(.collection(entry.bundle), at: .bundle(root), depth: 0, name: name, facts, isRoot: true)
    }
  }

  // MARK: Reading

  /// The line at a position.
  subscript(position: Int) -> Line {
    let index = part(at: position)
    switch parts[index] {
    case .line(let line): return line
    case .run(let run):
      let offset = position - starts[index]
      let place = run.place(offset)
      return facts?.line(
        run.value(offset), at: place, depth: run.depth, name: Self.name(of: place))
        ?? Line(place: place, depth: run.depth, name: "")
    }
  }

  /// Where the row of a place is.
  func position(of place: TreePlace) -> Int? {
    for (index, part) in parts.enumerated() {
      switch part {
      case .line(let line):
        if !line.isNote, line.place == place { return starts[index] }
      case .run(let run):
        guard place.parent == run.parent, let child = Self.index(of: place, in: run.children),
          child >= run.first, child < run.first + run.count
        else { continue }
        return starts[index] + child - run.first
      }
    }
    return nil
  }

  /// The next row the cursor can stand on, that many rows away; the last one when there are not so
  /// many.
  func place(_ distance: Int, from position: Int) -> TreePlace? {
    guard count > 0 else { return nil }
    var position = min(max(-1, position), count)
    var reached: TreePlace?
    var left = distance
    let step = distance < 0 ? -1 : 1
    while left != 0 {
      position += step
      guard (0..<count).contains(position) else { break }
      // A run is passed without looking at its lines.
      let index = part(at: position)
      if case .run(let run) = parts[index] {
        let room = step > 0 ? run.count - (position - starts[index]) : position - starts[index] + 1
        let taken = min(room, abs(left))
        position += step * (taken - 1)
        left -= step * taken
        reached = run.place(position - starts[index])
        continue
      }
      if case .line(let line) = parts[index], !line.isNote {
        reached = line.place
        left -= step
      }
    }
    return reached
  }

  /// The next row with a problem, in a direction, around the end.
  func problem(_ step: Int, from position: Int) -> TreePlace? {
    let found = parts.indices.compactMap { index -> (Int, TreePlace)? in
      guard case .line(let line) = parts[index], line.isProblem, !line.isNote else { return nil }
      return (starts[index], line.place)
    }
    if step > 0 { return (found.first { $0.0 > position } ?? found.first)?.1 }
    return (found.last { $0.0 < position } ?? found.last)?.1
  }

  private func part(at position: Int) -> Int {
    var low = 0
    var high = starts.count - 1
    while low < high {
      let middle = (low + high + 1) / 2
      if starts[middle] <= position { low = middle } else { high = middle - 1 }
    }
    return low
  }

  private static func index(of place: TreePlace, in children: Value) -> Int? {
    switch (place.step, children) {
    case (.field(let name)?, .collection(let fields)): fields.position(of: name)
    case (.element(let number)?, .array): number - 1
    default: nil
    }
  }

  private static func name(of place: TreePlace) -> SafeText {
    switch place.step {
    case .field(let name)?: name.isEmpty ? "(no name)" : SafeText(name, limit: 200)
    case .element(let index)?: "\(index)"
    case nil: ""
    }
  }

  // MARK: Building

  private mutating func append(_ part: Part) {
    parts.append(part)
    starts.append(count)
    count += part.count
  }

  private mutating func append(_ line: Line) { append(.line(line)) }

  private mutating func addInput(_ facts: TreeFacts) {
    for message in facts.wholeProblems {
      append(
        Line(
          place: .input([]), isNote: true, depth: 0, name: "! " + message, isProblem: true))
    }
    let input = facts.input
    addChildren(of: .collection(input), at: .input([]), depth: 0, facts)
    // What the module requires and nobody maps is not in the input, and still has to be seen.
    for field in facts.descriptor?.fields ?? [] where field.isRequired && input[field.name] == nil {
      add(nil, at: .input([.field(field.name)]), depth: 0, name: "\(field.name)", facts)
    }
  }

  private mutating func add(
    _ value: Value?, at place: TreePlace, depth: Int, name: SafeText, _ facts: TreeFacts,
    isRoot: Bool = false
  ) {
    var line = facts.line(value, at: place, depth: depth, name: name)
    line.isRoot = isRoot
    append(line)
    for part in facts.wrapped(value, at: place, depth: depth) {
      append(Line(place: place, isNote: true, depth: depth + 1, name: part))
    }
    if let was = facts.was(at: place) {
      append(
        Line(place: place, isNote: true, depth: depth + 1, name: was, isChanged: true))
    }
    for message in facts.problems(at: place) {
      append(
        Line(place: place, isNote: true, depth: depth + 1, name: message, isProblem: true))
    }
    if line.isUnfolded, let value { addChildren(of: value, at: place, depth: depth + 1, facts) }
  }

  private mutating func addChildren(
    of value: Value, at place: TreePlace, depth: Int, _ facts: TreeFacts
  ) {
    switch value {
    case .collection(let collection):
      if collection.count > Self.manyChildren {
        addMany(value, count: collection.count, at: place, depth: depth, facts)
      } else {
        for field in collection.fields where !field.name.hasPrefix("__IMT") {
          let child = place.appending(.field(field.name))
          add(field.value, at: child, depth: depth, name: Self.name(of: child), facts)
        }
      }
      addMissing(below: place, depth: depth, facts)
    case .array(let elements):
      if elements.count > Self.manyChildren {
        addMany(value, count: elements.count, at: place, depth: depth, facts)
      } else {
        for (index, element) in elements.enumerated() {
          add(
            element, at: place.appending(.element(index + 1)), depth: depth, name: "\(index + 1)",
            facts)
        }
      }
    default: break
    }
    for note in facts.takenAway(from: place) {
      append(Line(place: place, isNote: true, depth: depth, name: note, isChanged: true))
    }
  }

  /// Children of which only a few are more than one line: those are found by what is known of them,
  /// not by looking at every one.
  private mutating func addMany(
    _ value: Value, count: Int, at place: TreePlace, depth: Int, _ facts: TreeFacts
  ) {
    let special = Set(
      facts.special.compactMap { other -> Int? in
        guard let child = Self.child(of: place, above: other) else { return nil }
        return Self.index(of: child, in: value).flatMap { (0..<count).contains($0) ? $0 : nil }
      }
    ).sorted()
    var next = 0
    func run(to end: Int) -> Part? {
      end > next
        ? .run(Run(parent: place, children: value, first: next, count: end - next, depth: depth))
        : nil
    }
    for index in special {
      if let part = run(to: index) { append(part) }
      let single = Run(parent: place, children: value, first: index, count: 1, depth: depth)
      let child = single.place(0)
      add(single.value(0), at: child, depth: depth, name: Self.name(of: child), facts)
      next = index + 1
    }
    if let part = run(to: count) { append(part) }
  }

  /// The child of a place through which another place lies; nil when it does not lie below.
  private static func child(of place: TreePlace, above other: TreePlace) -> TreePlace? {
    switch (place, other) {
    case (.input(let parent), .input(let steps))
    where steps.count > parent.count && steps.starts(with: parent):
      .input(Array(steps.prefix(parent.count + 1)))
    case (.bundle(let parent), .bundle(let path))
    where parent.module == path.module && path.steps.count > parent.steps.count
      && path.steps.starts(with: parent.steps):
      .bundle(
        ValuePath(module: path.module, steps: Array(path.steps.prefix(parent.steps.count + 1))))
    default: nil
    }
  }

  /// Fields the failed module reads and the bundle does not have: to be seen, and to be filled in.
  private mutating func addMissing(below place: TreePlace, depth: Int, _ facts: TreeFacts) {
    guard case .bundle(let parent) = place else { return }
    let level = parent.steps.count
    var seen: Set<ValuePath.Step> = []
    for path in facts.missing where path.module == parent.module && path.steps.count > level {
      guard Array(path.steps.prefix(level)) == parent.steps, seen.insert(path.steps[level]).inserted
      else { continue }
      // Of several levels that are missing, the first stands for the rest.
      let next = parent.appending(path.steps[level])
      guard facts.bundles.value(at: next) == nil else { continue }
      let rest = ValuePath(module: path.module, steps: Array(path.steps.dropFirst(level)))
      let name = String(rest.description.drop { $0 != "." }.dropFirst())
      add(nil, at: .bundle(path), depth: depth, name: "\(name)", facts)
    }
  }
}
