import FettleCore

/// What differs between two states of the bundles and variables, field by field.
struct BundleDiff: Equatable, Sendable {
  /// One field that differs.
  struct Change: Hashable, Sendable {
    let path: ValuePath
    let old: Value?
    let new: Value?
    /// Whether only the order of the fields is another one.
    var isOrder = false
  }

  private(set) var changes: [Change] = []

  init(from old: VisibleBundles, to new: VisibleBundles) {
    for entry in new.entries {
      let before = old[entry.module]
      guard before != entry.bundle else { continue }
      compare(
        before.map(Value.collection), .collection(entry.bundle),
        at: ValuePath(module: entry.module))
    }
    for entry in old.entries where new[entry.module] == nil {
      changes.append(
        Change(
          path: ValuePath(module: entry.module), old: .collection(entry.bundle), new: nil))
    }
  }

  private init() {}

  /// What differs between two values at a place.
  static func changes(from old: Value?, to new: Value?, at path: ValuePath) -> [Change] {
    var diff = BundleDiff()
    if old != new { diff.compare(old, new, at: path) }
    return diff.changes
  }

  /// Compares two values that differ: large ones are not gone through once more to find that out.
  private mutating func compare(_ old: Value?, _ new: Value?, at path: ValuePath) {
    let before = changes.count
    switch (old, new) {
    case (.collection(let before)?, .collection(let after)?):
      for field in after.fields {
        let old = before[field.name]
        // Of many fields few differ: no path is made for the others.
        guard old != field.value else { continue }
        compare(old, field.value, at: path.appending(.field(field.name)))
      }
      for field in before.fields where after[field.name] == nil {
        changes.append(
          Change(path: path.appending(.field(field.name)), old: field.value, new: nil))
      }
    case (.array(let before)?, .array(let after)?) where before.count == after.count:
      for index in after.indices where before[index] != after[index] {
        compare(before[index], after[index], at: path.appending(.element(index + 1)))
      }
    default: changes.append(Change(path: path, old: old, new: new))
    }
    // Variables have names and no order.
    if changes.count == before, !(path.isVariable && path.steps.isEmpty) {
      changes.append(Change(path: path, old: old, new: new, isOrder: true))
    }
  }
}

extension BundleDiff.Change {
  /// What is in it, where its own line tells only how many values there are: which elements an array lost
  /// and got, what a collection holds that was put there.
  /// - Parameter most: how many changes are told at most; one more says that there are more.
  func inside(most: Int) -> [Self] {
    guard !isOrder, let new else { return [] }
    var inside: [Self] = []
    switch (old, new) {
    case (.array(let before)?, .array(let after)):
      let both = min(before.count, after.count)
      var start = 0
      while start < both, before[start] == after[start] { start += 1 }
      var end = 0
      while end < both - start, before[before.count - 1 - end] == after[after.count - 1 - end] {
        end += 1
      }
      let (left, come) = (before[start..<before.count - end], after[start..<after.count - end])
      for position in 0..<max(left.count, come.count) where inside.count <= most {
        let place = path.appending(.element(start + position + 1))
        let old = position < left.count ? left[start + position] : nil
        let new = position < come.count ? come[start + position] : nil
        if old != new { inside.append(Self(path: place, old: old, new: new)) }
      }
    case (.collection?, .collection):
      inside = BundleDiff.changes(from: old, to: new, at: path).filter { $0.path != path }
    default: Self.add(new, at: path, most: most, to: &inside)
    }
    return inside
  }

  /// Every value inside another that holds none itself.
  private static func add(_ value: Value, at path: ValuePath, most: Int, to inside: inout [Self]) {
    func child(_ value: Value, _ step: ValuePath.Step) {
      let place = path.appending(step)
      switch value {
      case .collection(let fields) where fields.count > 0:
        add(value, at: place, most: most, to: &inside)
      case .array(let elements) where !elements.isEmpty:
        add(value, at: place, most: most, to: &inside)
      default: inside.append(Self(path: place, old: nil, new: value))
      }
    }
    switch value {
    case .collection(let fields):
      for field in fields.fields where inside.count <= most {
        child(field.value, .field(field.name))
      }
    case .array(let elements):
      for (index, element) in elements.enumerated() {
        guard inside.count <= most else { break }
        child(element, .element(index + 1))
      }
    default: break
    }
  }
}
