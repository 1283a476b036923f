import FettleCore

/// What was done to one record, as it is done to others that hold other data: a field is renamed there with
/// the value it has there, an element is taken away from the array that is there.
enum GroupChange: Hashable, Sendable {
  /// A value is put into a place, or what stands there is taken away.
  case write(Draft)
  /// A collection is made for what is written into it, where there is none.
  case open(ValuePath)
  case append(Value, to: ValuePath)
  /// Neighbours in an array change places.
  case swap(ValuePath, ValuePath)
  case rename(String, to: String, in: ValuePath)
  case order([String], in: ValuePath)

  /// Why it cannot be done to a record.
  struct Misfit: Error, Hashable, Sendable { let text: String }

  /// What was done, from what was written for it.
  /// - Parameter before: the bundles it was done to.
  static func changes(_ drafts: [Draft], of before: VisibleBundles) -> [GroupChange] {
    var bundles = before
    var changes: [GroupChange] = []
    var index = 0
    while index < drafts.count {
      let draft = drafts[index]
      let next = index + 1 < drafts.count ? drafts[index + 1] : nil
      if let next, bundles.isMove([draft, next]) {
        changes.append(.swap(draft.path, next.path))
        bundles.note([draft, next])
        index += 2
        continue
      }
      changes.append(change(draft, next, in: bundles))
      bundles.note([draft])
      index += 1
    }
    guard changes.allSatisfy(\.isPlain) else { return changes }
    // What was changed again counts as it was left, and what was changed back was not changed.
    return changes.enumerated().filter { offset, change in
      guard case .write(let draft) = change, draft.target == .bundle else { return true }
      let isAgain = changes[(offset + 1)...].contains {
        if case .write(let later) = $0 { later.path == draft.path } else { false }
      }
      return !isAgain && bundles.value(at: draft.path) != before.value(at: draft.path)
    }.map(\.element)
  }

  /// Whether every place is the same before and after it.
  private var isPlain: Bool {
    switch self {
    case .open: true
    case .write(let draft):
      if draft.value == nil, case .element? = draft.path.steps.last { false } else { true }
    default: false
    }
  }

  private static func change(
    _ draft: Draft, _ next: Draft?, in bundles: VisibleBundles
  ) -> GroupChange {
    let old = bundles.value(at: draft.path)
    guard let value = draft.value else { return .write(draft) }
    if value == .collection([:]), old == nil || old?.isNull == true, let next,
      next.path.module == draft.path.module, next.path.steps.count > draft.path.steps.count,
      next.path.steps.starts(with: draft.path.steps)
    {
      return .open(draft.path)
    }
    if case .element? = draft.path.steps.last, old == nil {
      return .append(value, to: draft.path.parent)
    }
    guard let before = old?.collection, let after = value.collection, before.count == after.count
    else { return .write(draft) }
    let others = (0..<before.count).filter { before.fields[$0].name != after.fields[$0].name }
    if others.count == 1, let position = others.first,
      (0..<before.count).allSatisfy({ before[at: $0] == after[at: $0] })
    {
      return .rename(
        before.fields[position].name, to: after.fields[position].name, in: draft.path)
    }
    if !others.isEmpty, before.fields.allSatisfy({ after[$0.name] == $0.value }) {
      return .order(after.fields.map(\.name), in: draft.path)
    }
    return .write(draft)
  }

  /// What is written for it in other bundles.
  func drafts(in bundles: VisibleBundles) throws(Misfit) -> [Draft] {
    switch self {
    case .write(let draft): return [draft]
    case .open(let path):
      let value = bundles.value(at: path)
      guard value == nil || value?.isNull == true else { return [] }
      return [Draft(path: path, value: .collection([:]))]
    case .append(let value, let parent):
      guard let elements = bundles.value(at: parent)?.array else {
        throw Misfit(text: "\(parent) is no array")
      }
      return [Draft(path: parent.appending(.element(elements.count + 1)), value: value)]
    case .swap(let one, let other):
      guard
        let (left, right) = bundles.value(at: one).flatMap({ left in
          bundles.value(at: other).map { (left, $0) }
        })
      else { throw Misfit(text: "\(one) and \(other) are not both there") }
      return [Draft(path: one, value: right), Draft(path: other, value: left)]
    case .rename(let old, let new, let parent):
      guard var fields = bundles.value(at: parent)?.collection,
        let position = fields.position(of: old)
      else { throw Misfit(text: "there is no \(parent.appending(.field(old)))") }
      guard fields.position(of: new) == nil else {
        throw Misfit(text: "there is a \(parent.appending(.field(new))) already")
      }
      fields.rename(at: position, to: new)
      return [Draft(path: parent, value: .collection(fields))]
    case .order(let names, let parent):
      guard let fields = bundles.value(at: parent)?.collection else {
        throw Misfit(text: "\(parent) is no collection")
      }
      // Fields that only this one has stay behind the others.
      let known = names.compactMap { name in fields[name].map { (name, $0) } }
      let others = fields.fields.filter { !names.contains($0.name) }.map { ($0.name, $0.value) }
      return [Draft(path: parent, value: .collection(Collection(known + others)))]
    }
  }

  /// What it does to other bundles, in words.
  /// - Parameter typed: what of a value at a place may be shown.
  func text(
    in bundles: VisibleBundles, typed: (Value?, Draft) -> SafeText
  ) -> SafeText? {
    switch self {
    case .write(let draft):
      return "\(draft.path.description)  " + typed(bundles.value(at: draft.path), draft) + "  →  "
        + (draft.value == nil ? "taken away" : typed(draft.value, draft))
    case .open: return nil
    case .append(let value, let parent):
      return "\(parent.description)  one more: " + typed(value, Draft(path: parent, value: value))
    case .swap(let one, let other):
      return "\(one.description) and \(other.description) change places"
    case .rename(let old, let new, let parent):
      let path = parent.appending(.field(old))
      let value = bundles.value(at: path)
      return "\(path.description)  is named \(ValuePath.written(new)), "
        + typed(value, Draft(path: path, value: value))
    case .order(_, let parent): return "\(parent.description)  its fields in another order"
    }
  }
}

extension VisibleBundles {
  /// Whether what is written lets neighbours in an array change places.
  func isMove(_ drafts: [Draft]) -> Bool {
    guard drafts.count == 2, let one = drafts.first, let other = drafts.last,
      one.target == .bundle, other.target == .bundle,
      case .element(let position)? = one.path.steps.last,
      case .element(let neighbour)? = other.path.steps.last, abs(position - neighbour) == 1,
      one.path.parent == other.path.parent, let moved = one.value, let left = other.value
    else { return false }
    return value(at: other.path) == moved && value(at: one.path) == left
  }

  /// Writes what can be written.
  fileprivate mutating func note(_ drafts: [Draft]) {
    for draft in drafts where draft.target == .bundle { put(draft) }
  }

  /// Writes a value of a bundle, where it can be written.
  /// - Returns: whether it can.
  @discardableResult
  mutating func put(_ draft: Draft) -> Bool {
    (try? write(draft.value, at: draft.path, author: "", date: Instant(milliseconds: 0))) != nil
  }

  /// What each key did, of changes of which only the order is known: a move is two in a row.
  func steps(of drafts: [Draft]) -> [[Draft]] {
    var bundles = self
    var steps: [[Draft]] = []
    for draft in drafts {
      if let last = steps.last, last.count == 1, bundles.isMove(last + [draft]) {
        steps[steps.count - 1].append(draft)
        bundles.note(last + [draft])
        continue
      }
      if let last = steps.last, last.count == 1 { bundles.note(last) }
      steps.append([draft])
    }
    return steps
  }
}

extension ValuePath {
  /// The place one step up; of a whole bundle the bundle itself.
  var parent: ValuePath { ValuePath(module: module, steps: Array(steps.dropLast())) }
}
