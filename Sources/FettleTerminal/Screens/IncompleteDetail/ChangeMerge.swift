import FettleCore

/// Changes made here, made again on what others made of the bundles meanwhile: an element that was
/// appended is appended behind theirs, a field that was renamed is renamed with the value it has there.
///
/// What both touched is not decided here. Elements are known by their number: where others took one
/// away, everything behind it counts as touched.
struct ChangeMerge: Equatable, Sendable {
  /// The bundles as they were seen here, with the changes that were gone through.
  private var mine: VisibleBundles
  /// The bundles of others, with the changes that were made in them.
  private(set) var now: VisibleBundles
  private let touched: [Touch]
  /// What others did. What was done here just the same is done once.
  private var theirs: [GroupChange]
  /// The elements of arrays that were lengthened, shortened or put in another order here, at their
  /// places here.
  private var elements: [ValuePath: [Element]] = [:]

  /// Where an element of an array is elsewhere.
  private struct Element: Equatable, Sendable {
    /// Where it was before anything was changed, counted from 1; nil when it was added here.
    var origin: Int?
    /// Where it is in the bundles of others; nil when it is not there.
    var now: Int?
  }

  /// What a change needs to stay as it is.
  fileprivate enum Touch: Equatable, Sendable {
    /// All that is at a place and inside it.
    case value(ValuePath)
    /// What comes behind the last element of an array.
    case end(ValuePath)
    /// The order of the fields of a collection.
    case order(ValuePath)
    /// An element of an array and all behind it.
    case behind(ValuePath, Int)
  }

  /// Why a change cannot be made by itself.
  private struct Collision: Error {}

  /// - Parameters:
  ///   - before: the bundles both began with.
  ///   - edits: what others wrote since, in order; nil when it is not known.
  ///   - theirs: what they are now.
  init(from before: VisibleBundles, edits: [BundleEdit]?, to theirs: VisibleBundles) {
    mine = before
    now = theirs
    var drafts = edits?.map { Draft(path: $0.path, value: $0.new) } ?? []
    var check = before
    for draft in drafts { check.put(draft) }
    if check != theirs {
      drafts = BundleDiff(from: before, to: theirs).changes.map {
        Draft(path: $0.path, value: $0.new)
      }
      self.theirs = drafts.map(GroupChange.write)
    } else {
      self.theirs = GroupChange.changes(drafts, of: before)
    }
    touched = self.theirs.flatMap { change -> [Touch] in
      guard case .write(let draft) = change, draft.value == nil,
        case .element(let number)? = draft.path.steps.last
      else { return Self.touches(change) }
      return [.behind(draft.path.parent, number)]
    }
  }

  /// Makes the changes of keys, one after the other.
  /// - Parameter given: what others made of these places shall stand; what one key did is given up as a
  ///   whole: half a move would leave a value twice and lose another.
  /// - Returns: what is written for them, key by key, and what has no place any more.
  mutating func make(
    _ steps: [[Draft]], leavingOut given: [Draft] = []
  ) -> (steps: [[Draft]], lost: [Draft]) {
    var made: [[Draft]] = []
    var lost: [Draft] = []
    for step in steps {
      if let written = make(step) {
        // What is given up is nothing that fits by itself, but for mappings.
        let kept = written.filter { draft in
          draft.target == .bundle || !given.contains { $0.isSamePlace(as: draft) }
        }
        made.append(kept)
      } else if step.contains(where: { draft in given.contains { $0.isSamePlace(as: draft) } }) {
        leaveOut(step)
      } else {
        let forced = force(step)
        made.append(forced.written)
        lost += forced.lost
      }
    }
    return (made.filter { !$0.isEmpty }, lost)
  }

  /// Makes the change of one key where nobody else touched the same.
  /// - Returns: what is written for it; nil, changing nothing, when both touched the same.
  mutating func make(_ step: [Draft]) -> [Draft]? {
    var copy = self
    guard let written = try? copy.carry(step, isForced: false) else { return nil }
    self = copy
    return written
  }

  /// Makes the change of one key although others touched the same.
  mutating func force(_ step: [Draft]) -> (written: [Draft], lost: [Draft]) {
    var copy = self
    // Nobody's element is written over for one that was appended here.
    if let written = try? copy.carry(step, isForced: true) {
      self = copy
      return (written, [])
    }
    // What was shown as made here is what is written.
    var written: [Draft] = []
    var lost: [Draft] = []
    for draft in step {
      guard draft.target == .bundle else {
        written.append(draft)
        continue
      }
      if let place = located(draft.path, \.now), now.put(Draft(path: place, value: draft.value)) {
        written.append(Draft(path: place, value: draft.value))
      } else {
        lost.append(draft)
      }
    }
    for change in GroupChange.changes(step.filter { $0.target == .bundle }, of: mine) {
      note(change, isMade: true)
    }
    return (written, lost)
  }

  /// Goes on without the change of one key.
  private mutating func leaveOut(_ step: [Draft]) {
    for change in GroupChange.changes(step.filter { $0.target == .bundle }, of: mine) {
      note(change, isMade: false)
    }
  }

  // MARK: One key

  private mutating func carry(_ step: [Draft], isForced: Bool) throws(Collision) -> [Draft] {
    var written: [Draft] = []
    for change in GroupChange.changes(step.filter { $0.target == .bundle }, of: mine) {
      if isForced {
        switch change {
        case .append, .open: break
        default: throw Collision()
        }
      } else if isSame(change) {
        note(change, isMade: true)
        continue
      } else if collides(change) {
        throw Collision()
      }
      guard let moved = located(change), let drafts = try? moved.drafts(in: now) else {
        throw Collision()
      }
      for draft in drafts {
        guard now.put(draft) else { throw Collision() }
      }
      note(change, isMade: true)
      written += drafts
    }
    return written + step.filter { $0.target == .mapping }
  }

  /// Whether others did just the same, which is not done again.
  private mutating func isSame(_ change: GroupChange) -> Bool {
    // A value that is written twice is the same once more, unless it was written over meanwhile.
    if case .write(let draft) = change {
      guard draft.value == nil, case .element? = draft.path.steps.last else { return false }
    }
    guard let same = theirs.firstIndex(of: change) else { return false }
    theirs.remove(at: same)
    return true
  }

  private func collides(_ change: GroupChange) -> Bool {
    // Elements inside what goes elsewhere as a whole are not followed there.
    if let parent = change.shuffled {
      if elements.keys.contains(where: { $0 != parent && $0.isInside(parent) }) { return true }
    }
    return Self.touches(change).contains { own in
      guard let own = own.moved({ located($0, \.origin) }) else { return false }
      return touched.contains { own.collides(with: $0) }
    }
  }

  private static func touches(_ change: GroupChange) -> [Touch] {
    switch change {
    case .write(let draft): [.value(draft.path)]
    case .open: []
    case .append(_, let parent): [.end(parent)]
    case .swap(let one, let other): [.value(one), .value(other)]
    case .rename(let old, let new, let parent):
      [.value(parent.appending(.field(old))), .value(parent.appending(.field(new)))]
    case .order(_, let parent): [.order(parent)]
    }
  }

  // MARK: Where elements are

  /// A place here, elsewhere; nil where it is not there.
  private func located(_ path: ValuePath, _ side: (Element) -> Int?) -> ValuePath? {
    guard !elements.isEmpty else { return path }
    var (walked, place) = (ValuePath(module: path.module), ValuePath(module: path.module))
    for step in path.steps {
      var moved = step
      if case .element(let number) = step, let known = elements[walked],
        known.indices.contains(number - 1)
      {
        guard let other = side(known[number - 1]) else { return nil }
        moved = .element(other)
      }
      walked = walked.appending(step)
      place = place.appending(moved)
    }
    return place
  }

  /// A change as it is made in the bundles of others; nil where its place is not there.
  private func located(_ change: GroupChange) -> GroupChange? {
    func there(_ path: ValuePath) -> ValuePath? { located(path, \.now) }
    switch change {
    case .write(let draft):
      return there(draft.path).map { .write(Draft(path: $0, value: draft.value)) }
    case .open(let path): return there(path).map { .open($0) }
    case .append(let value, let parent): return there(parent).map { .append(value, to: $0) }
    case .swap(let one, let other):
      guard let one = there(one), let other = there(other), one.isNeighbour(of: other) else {
        return nil
      }
      return .swap(one, other)
    case .rename(let old, let new, let parent):
      return there(parent).map { .rename(old, to: new, in: $0) }
    case .order(let names, let parent): return there(parent).map { .order(names, in: $0) }
    }
  }

  /// Follows a change made here.
  /// - Parameter isMade: whether it was made in the bundles of others too.
  private mutating func note(_ change: GroupChange, isMade: Bool) {
    func known(_ parent: ValuePath) -> [Element] {
      if let known = elements[parent] { return known }
      let count = mine.value(at: parent)?.array?.count ?? 0
      return (0..<count).map { Element(origin: $0 + 1, now: $0 + 1) }
    }
    switch change {
    case .append(let value, let parent):
      let place = isMade ? located(parent, \.now) : nil
      let position = place.flatMap { now.value(at: $0)?.array?.lastIndex(of: value) }
      elements[parent] = known(parent) + [Element(origin: nil, now: position.map { $0 + 1 })]
    case .write(let draft):
      if draft.value == nil, case .element(let number)? = draft.path.steps.last {
        let parent = draft.path.parent
        var left = known(parent)
        guard left.indices.contains(number - 1) else { break }
        let gone = left.remove(at: number - 1)
        if isMade, let place = gone.now {
          for index in left.indices {
            if let now = left[index].now, now > place { left[index].now = now - 1 }
          }
        }
        forgetElements(in: draft.path.parent)
        elements[parent] = left
      } else {
        forgetElements(in: draft.path)
      }
    case .swap(let one, let other):
      if !isMade, case .element(let left)? = one.steps.last,
        case .element(let right)? = other.steps.last
      {
        var swapped = known(one.parent)
        swapped.swapAt(left - 1, right - 1)
        elements[one.parent] = swapped
      }
    case .open, .rename, .order: break
    }
    for draft in (try? change.drafts(in: mine)) ?? [] { mine.put(draft) }
  }

  /// What is at a place is another value.
  private mutating func forgetElements(in place: ValuePath) {
    guard !elements.isEmpty else { return }
    elements = elements.filter { !$0.key.isInside(place) }
  }
}

extension ChangeMerge.Touch {
  /// The same elsewhere; nil where its place is not there.
  fileprivate func moved(_ located: (ValuePath) -> ValuePath?) -> Self? {
    switch self {
    case .value(let path): located(path).map { .value($0) }
    case .end(let path): located(path).map { .end($0) }
    case .order(let path): located(path).map { .order($0) }
    case .behind(let path, let number): located(path).map { .behind($0, number) }
    }
  }

  /// Whether both cannot be had.
  /// - Parameter other: what others touched.
  fileprivate func collides(with other: Self) -> Bool {
    switch (self, other) {
    case (_, .behind(let parent, let number)):
      guard place.isInside(parent), place != parent else {
        return parent.isInside(place) && !isStructure
      }
      guard case .element(let own) = place.steps[parent.steps.count] else { return false }
      return own >= number
    case (.value(let own), .value(let other)): return own.isInside(other) || other.isInside(own)
    case (.value(let own), .end(let other)), (.value(let own), .order(let other)):
      return other.isInside(own)
    case (.end(let own), .value(let other)), (.order(let own), .value(let other)):
      return own.isInside(other)
    case (.order(let own), .order(let other)): return own == other
    default: return false
    }
  }

  private var place: ValuePath {
    switch self {
    case .value(let path), .end(let path), .order(let path), .behind(let path, _): path
    }
  }

  /// Whether what is inside its place may be anything.
  private var isStructure: Bool {
    if case .value = self { false } else { true }
  }
}

extension GroupChange {
  /// What is in another place, or under another name, after it.
  fileprivate var shuffled: ValuePath? {
    switch self {
    case .write(let draft):
      if draft.value == nil, case .element? = draft.path.steps.last {
        draft.path.parent
      } else {
        nil
      }
    case .swap(let one, _): one.parent
    case .rename(_, _, let parent): parent
    case .open, .append, .order: nil
    }
  }
}

extension Draft {
  fileprivate func isSamePlace(as other: Draft) -> Bool {
    path == other.path && target == other.target
  }
}

extension ValuePath {
  /// Whether it is a place or one inside it.
  func isInside(_ other: ValuePath) -> Bool {
    module == other.module && steps.starts(with: other.steps)
  }

  fileprivate func isNeighbour(of other: ValuePath) -> Bool {
    guard parent == other.parent, case .element(let one)? = steps.last,
      case .element(let two)? = other.steps.last
    else { return false }
    return abs(one - two) == 1
  }
}
