import FettleCore
import FettleEngine

/// One record, opened: its chain, its bundles, and what was changed in them and not saved yet.
struct DetailState: Equatable, Sendable {
  enum Pane: Hashable, Sendable { case chain, bundles }

  private(set) var opened: OpenedRecord
  private(set) var mapped: MappedFields
  /// The bundles of the record and its variables, as one more of them, with the drafts applied.
  private(set) var bundles: VisibleBundles
  /// The blueprint of the record with the drafts applied.
  private(set) var blueprint: Blueprint
  /// Changes that are not saved, oldest first, each with all that is written for it: what one key did is
  /// undone by one.
  private(set) var steps: [[Draft]] = []
  /// Changes that were undone, the last one last.
  private(set) var undone: [[Draft]] = []
  /// The changes there were before everything was put back, while that can be undone as a whole.
  private var beforeRevert: [[Draft]]?
  /// How many fields and mappings differ from what is saved.
  private(set) var changedCount = 0
  /// What differs from the failure in the bundles and the variables, saved or not.
  private(set) var dataChanges: [BundleDiff.Change] = []
  /// The bundles as they were at the failure, and as they are saved. Both are made of all edits, and
  /// compared once for every change, not for every question about it: they may be large.
  private var original: VisibleBundles
  private var saved: VisibleBundles
  private var isCompared = false
  /// What made the module fail, or would as things are now.
  private(set) var culprits: [Culprit] = []
  private(set) var mask = SecretMask()
  var check: ResumeCheck
  var checkToken = 0
  var pane = Pane.bundles
  var chain: ChainState
  var cursor: TreePlace
  var treeTop = 0
  var unfolded: Set<TreePlace>
  /// Secret fields whose values were asked for.
  var revealed: Set<TreePlace> = []
  var isZoomed = false
  /// What is looked for in its data; empty when nothing is.
  var words = ""
  /// The search that runs.
  var search: RunningSearch?
  /// Whether long values take several lines.
  var wraps = false
  /// The columns they are wrapped to; nil when they are not.
  var wrapWidth: Int? {
    didSet { if wrapWidth != oldValue { rebuild() } }
  }
  /// Whether changes of mappings are made in the scenario of today too; nil until it was asked.
  var changesScenario: Bool?
  /// Another place to go on at, when one was chosen.
  var restart: ModuleID?
  /// Whether it shall go on with the blueprint the scenario has today.
  var usesTodaysBlueprint = false {
    didSet { if usesTodaysBlueprint != oldValue { replay() } }
  }
  /// The output of the failed module, when the operator gives it instead of running it.
  var substitute: Bundle?
  /// What it was read from.
  var substituteText = ""
  /// What follows once the drafts are saved.
  var afterSaving: AfterSaving?
  /// The version that was made here last, by what was done to the record as a whole.
  var ownVersion: Int?
  /// Whether it was opened just now: what was left of it is gone on with then, not in the middle of
  /// something else.
  var takesDraft = true
  /// What is told of drafts that stay where they are.
  var otherDrafts: [SafeText] = []
  /// Goes up with every change that is kept against a crash.
  var draftSequence = 0
  /// The tree as it is now; built when something in it changes, not for every key.
  private(set) var tree = BundleTree()

  enum AfterSaving: Hashable, Sendable { case stay, resume, leave, quit }

  var record: IncompleteExecution { opened.record }

  /// All that is written for the changes that are not saved, oldest first.
  var drafts: [Draft] { Array(steps.joined()) }

  /// The blueprint the drafts are made in: the stored one, or that of today.
  private var base: Blueprint {
    usesTodaysBlueprint ? opened.today?.blueprint ?? record.blueprint : record.blueprint
  }

  /// The bundles alone, which mappings read.
  var mappable: VisibleBundles { bundles.withoutVariables }

  /// The record as it would be with the drafts, for checks.
  var draftedRecord: IncompleteExecution {
    var record = opened.record
    record.blueprint = blueprint
    if let restart {
      record.continuation = record.continuation(from: restart)
      record.summary.failer = restart
    }
    return record
  }

  /// What is to be written before it is resumed.
  var changes: RecordChanges {
    RecordChanges(
      drafts: changesToSave, isInScenario: changesScenario == true,
      takesTodaysBlueprint: usesTodaysBlueprint, restart: restart)
  }

  /// Whether what a resume runs differs from the failure, saved or not.
  var isChanged: Bool {
    !dataChanges.isEmpty || !record.mappingEdits.isEmpty
      || drafts.contains { $0.target == .mapping }
  }

  init(_ opened: OpenedRecord) {
    self.opened = opened
    let record = opened.record
    mapped = MappedFields(record.failedModule, descriptor: opened.descriptor)
    original = record.originalEditable
    saved = record.editable
    bundles = saved
    blueprint = record.blueprint
    check = opened.check
    chain = ChainState(opened.drawn, today: opened.today?.blueprint)
    var unfolded: Set<TreePlace> = [.input([])]
    for entry in bundles.entries where entry.bundle.count <= 40 {
      unfolded.insert(.bundle(ValuePath(module: entry.module)))
    }
    self.unfolded = unfolded
    cursor = .input([])
    find()
    if let culprit = culprits.first {
      let place = culprit.sources.first.map(TreePlace.bundle) ?? .input(culprit.input)
      reveal(place)
      cursor = place
    }
    for culprit in culprits { reveal(.input(culprit.input)) }
    rebuild()
  }

  /// Takes the record as it is now; drafts that still fit are kept.
  /// - Parameter others: other changes than those there are, key by key.
  /// - Returns: the drafts that do not fit any more.
  mutating func take(_ opened: OpenedRecord, replaying others: [[Draft]]? = nil) -> [Draft] {
    let known = self.opened
    self.opened = opened
    // A record that was read again comes without its companions; they are asked for anew.
    if opened.today == nil { self.opened.today = known.today }
    if opened.restarts.isEmpty { self.opened.restarts = known.restarts }
    if opened.retryVisits.isEmpty { self.opened.retryVisits = known.retryVisits }
    mapped = MappedFields(opened.record.failedModule, descriptor: opened.descriptor)
    chain.take(self.opened.drawn, today: self.opened.today?.blueprint)
    let kept = others ?? steps
    steps = []
    undone = []
    beforeRevert = nil
    original = record.originalEditable
    saved = record.editable
    bundles = saved
    isCompared = false
    blueprint = base
    var lost: [Draft] = []
    for step in kept { lost += make(step).map(\.draft) }
    check = opened.check
    rebuild()
    return lost
  }

  /// Takes what is shown beside the record.
  mutating func join(_ companions: Companions) {
    opened.today = companions.today
    opened.restarts = companions.restarts
    opened.retryVisits = companions.retryVisits
    chain.take(opened.drawn, today: companions.today?.blueprint)
  }

  /// Forgets the drafts, which have been saved.
  mutating func forgetDrafts() {
    steps = []
    undone = []
    beforeRevert = nil
    changedCount = 0
  }

  /// The drafts as they are to be written: two values for one place in a row are one change.
  var changesToSave: [Draft] {
    drafts.reduce(into: []) { kept, draft in
      if let last = kept.last, last.path == draft.path, last.target == draft.target,
        last.value != nil, draft.value != nil
      {
        kept.removeLast()
      }
      kept.append(draft)
    }
  }

  /// The mappings that differ from those of the failure: what they were and what they are.
  var mappingChanges: [ValuePath: (old: Value?, new: Value?)] {
    var changes: [ValuePath: (old: Value?, new: Value?)] = [:]
    for edit in record.mappingEdits {
      changes[edit.path] = (changes[edit.path]?.old ?? edit.old, edit.new)
    }
    for draft in drafts where draft.target == .mapping {
      let old = changes[draft.path]?.old ?? record.blueprint.mapping(at: draft.path)
      changes[draft.path] = (old, draft.value)
    }
    return changes.filter { $0.value.old != $0.value.new }
  }

  /// Makes a change, which is undone as a whole.
  /// - Returns: why there is no such place, when there is none.
  mutating func change(_ drafts: Draft...) -> String? { change(drafts) }

  /// Makes a change, which is undone as a whole.
  /// - Returns: why there is no such place, when there is none.
  mutating func change(_ drafts: [Draft]) -> String? {
    undone = []
    beforeRevert = nil
    let refused = make(drafts)
    rebuild()
    return refused.first?.problem
  }

  /// Makes one change of what is written for it.
  /// - Returns: what cannot be written, and why.
  private mutating func make(_ drafts: [Draft]) -> [(draft: Draft, problem: String)] {
    var step: [Draft] = []
    var refused: [(draft: Draft, problem: String)] = []
    for draft in drafts {
      if let problem = apply(draft, to: &step) { refused.append((draft, problem)) }
    }
    if !step.isEmpty { steps.append(step) }
    return refused
  }

  private mutating func apply(_ draft: Draft, to step: inout [Draft]) -> String? {
    switch draft.target {
    case .mapping:
      if draft.value?.holdsMask == true, mapped.holdsSecret(.input(draft.path.steps)) {
        return SecretMask.refusal
      }
      do {
        blueprint = try blueprint.replacingMapping(at: draft.path, with: draft.value)
        step.append(draft)
        mapped = MappedFields(
          blueprint.module(record.summary.failer), descriptor: opened.descriptor)
      } catch { return "\(error)" }
    case .bundle:
      isCompared = false
      for draft in openingParents(of: draft) + [draft] {
        do {
          _ = try bundles.write(
            draft.value, at: draft.path, author: "", date: Instant(milliseconds: 0))
          step.append(draft)
        } catch {
          return error.description
        }
      }
    }
    return nil
  }

  /// The collections that have to be there before a field can be written into them.
  private func openingParents(of draft: Draft) -> [Draft] {
    guard draft.value != nil else { return [] }
    var path = ValuePath(module: draft.path.module)
    var drafts: [Draft] = []
    for step in draft.path.steps.dropLast() {
      path = path.appending(step)
      let value = bundles.value(at: path)
      if value == nil || value?.isNull == true {
        drafts.append(Draft(path: path, value: .collection([:])))
      }
    }
    return drafts
  }

  /// Where a change is seen.
  func place(of draft: Draft) -> TreePlace {
    draft.target == .mapping ? .input(draft.path.steps) : .bundle(draft.path)
  }

  /// Whether there is something for `undo`.
  var canUndo: Bool { !steps.isEmpty || beforeRevert != nil }

  /// Takes the last change back, or that everything was put back.
  /// - Returns: its place.
  mutating func undo() -> TreePlace? {
    if let before = beforeRevert {
      beforeRevert = nil
      steps = before
      replay()
      return before.last?.last.map { place(of: $0) } ?? cursor
    }
    guard let last = steps.popLast() else { return nil }
    replay()
    undone.append(last)
    // A value that moved was written where it went first: it is where it came from.
    return last.last.map { place(of: $0) }
  }

  /// Makes the change again that was undone last.
  mutating func redo() -> TreePlace? {
    guard let step = undone.popLast() else { return nil }
    beforeRevert = nil
    let isMoved = bundles.isMove(step)
    _ = make(step)
    rebuild()
    return (isMoved ? step.first : step.last).map { place(of: $0) }
  }

  private mutating func replay() {
    let kept = steps
    steps = []
    bundles = saved
    isCompared = false
    blueprint = base
    mapped = MappedFields(
      blueprint.module(record.summary.failer), descriptor: opened.descriptor)
    for step in kept { _ = make(step) }
    rebuild()
  }

  /// Takes changes that were dropped, to be made again with `redo`.
  mutating func offer(_ dropped: [[Draft]]) { undone = dropped.reversed() }

  /// Changes everything back to how it was at the failure. That is a change too and can be undone.
  mutating func revertAll() {
    let before = steps
    defer { beforeRevert = before }
    if record.edits.isEmpty, record.mappingEdits.isEmpty {
      steps = []
      undone = []
      replay()
    } else {
      let data = dataChanges.map { Draft(path: $0.path, value: $0.old) }
      let mappings = mappingChanges.sorted { $0.key.description < $1.key.description }.map {
        Draft(path: $0.key, value: $0.value.old, in: .mapping)
      }
      _ = make(data + mappings)
    }
    rebuild()
  }

  /// Unfolds everything above a place.
  mutating func reveal(_ place: TreePlace) {
    var parent = place.parent
    while let above = parent {
      unfolded.insert(above)
      parent = above.parent
    }
  }

  /// Puts the cursor on a place and unfolds what is above it.
  mutating func go(to place: TreePlace) {
    pane = .bundles
    reveal(place)
    cursor = place
    rebuild()
  }

  /// Finds out what is to blame as things are now.
  private mutating func find() {
    if !isCompared {
      dataChanges = BundleDiff(from: original, to: bundles).changes
      isCompared = true
    }
    mask = SecretMask(bundles, mapped, input: check.input)
    let changed = changedSinceFailure(.bundle)
    let remapped = changedSinceFailure(.mapping)
    func isTouched(_ input: [ValuePath.Step], _ sources: [ValuePath]) -> Bool {
      if remapped.contains(ValuePath(module: record.summary.failer, steps: input)) { return true }
      return sources.contains { source in
        changed.contains { $0.module == source.module && $0.steps.starts(with: source.steps) }
      }
    }
    culprits = mapped.culprits(of: record.error, check: check, bundles: bundles) { input in
      isTouched(input, mapped.sources(ofInput: input))
    }.filter { culprit in
      // What the service said of a value no longer holds once it is another one.
      culprit.evidence != .named || !isTouched(culprit.input, Array(culprit.sources.prefix(1)))
    }
  }

  /// What was changed since the failure that is told: a retry failed with what was saved before it.
  private func changedSinceFailure(_ target: Draft.Target) -> Set<ValuePath> {
    let failed = record.attempts.last { if case .failed = $0.outcome { true } else { false } }
    guard let failed else {
      return Set(target == .bundle ? dataChanges.map(\.path) : Array(mappingChanges.keys))
    }
    let saved =
      target == .bundle
      ? record.edits.filter { $0.date > failed.started }.map(\.path)
      : record.mappingEdits.filter { $0.date > failed.started }.map(\.path)
    return Set(saved + drafts.filter { $0.target == target }.map(\.path))
  }

  /// Builds the tree anew and keeps the cursor on a line.
  mutating func rebuild() {
    find()
    changedCount = steps.isEmpty ? 0 : countChanges()
    tree = BundleTree(TreeFacts(self))
    var place: TreePlace? = cursor
    while let wanted = place {
      if tree.position(of: wanted) != nil {
        cursor = wanted
        return
      }
      place = wanted.parent
    }
    cursor = tree.place(1, from: -1) ?? .input([])
  }

  /// A field that was changed twice differs once; where all was changed back, that is to be saved yet.
  private func countChanges() -> Int {
    let mappings = Set(drafts.filter { $0.target == .mapping }.map(\.path)).count
    let data =
      record.edits.isEmpty ? dataChanges.count : BundleDiff(from: saved, to: bundles).changes.count
    return max(1, data + mappings)
  }

  /// Whether the line with the cursor folds.
  var isOnFoldable: Bool { pane == .bundles && tree.count > 0 && tree[cursorLine].isFoldable }

  /// The line with the cursor.
  var cursorLine: Int { tree.position(of: cursor) ?? 0 }

  /// What is under the cursor.
  func value(at place: TreePlace) -> Value? {
    switch place {
    case .bundle(let path): bundles.value(at: path)
    case .input(let steps):
      (check.input.map(Value.collection) ?? record.mappedInput).value(at: steps[...])
    }
  }

  /// Which of the bundles of the last module that gave several it is, as `2/3`.
  var bundleNumber: SafeText? {
    for entry in mappable.entries.reversed() {
      if let index = entry.bundle["__IMTINDEX__"]?.number?.integer,
        let count = entry.bundle["__IMTLENGTH__"]?.number?.integer, count > 1
      {
        return "\(index)/\(count)"
      }
    }
    return nil
  }

  /// What of an error may be shown.
  func shown(_ text: String) -> SafeText { SafeText(mask.masked(text)) }
}
