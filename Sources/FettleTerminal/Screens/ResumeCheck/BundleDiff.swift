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
    guard old != new else { return }
    for entry in new.entries {
      compare(
        old[entry.module].map(Value.collection), .collection(entry.bundle),
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
    diff.compare(old, new, at: path)
    return diff.changes
  }

  private mutating func compare(_ old: Value?, _ new: Value?, at path: ValuePath) {
    if old == new { return }
    let before = changes.count
    switch (old, new) {
    case (.collection(let before)?, .collection(let after)?):
      for field in after.fields {
        compare(before[field.name], field.value, at: path.appending(.field(field.name)))
      }
      for field in before.fields where after[field.name] == nil {
        changes.append(
          Change(path: path.appending(.field(field.name)), old: field.value, new: nil))
      }
    case (.array(let before)?, .array(let after)?) where before.count == after.count:
      for index in after.indices {
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
