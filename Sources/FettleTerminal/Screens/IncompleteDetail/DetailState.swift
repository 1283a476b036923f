import FettleCore
import FettleEngine

/// One record, opened: its chain, its bundles, and what was changed in them and not saved yet.
struct DetailState: Equatable, Sendable {
  enum Pane: Hashable, Sendable { case chain, bundles }

  private(set) var opened: OpenedRecord
  private(set) var mapped: MappedFields
  /// The bundles of the record with the drafts applied.
  private(set) var bundles: VisibleBundles
  /// Changes that are not saved, oldest first.
  private(set) var drafts: [Draft] = []
  /// Changes that were undone, the last one last.
  private(set) var undone: [Draft] = []
  var check: ResumeCheck
  var checkToken = 0
  var pane = Pane.bundles
  /// The line of the chain with the cursor.
  var chainCursor: ModuleID?
  var chainTop = 0
  var cursor: TreePlace
  var treeTop = 0
  var unfolded: Set<TreePlace>
  var isZoomed = false
  /// What follows once the drafts are saved.
  var afterSaving: AfterSaving?
  /// The tree as it is now; built when something in it changes, not for every key.
  private(set) var lines: [BundleTree.Line] = []
  private var tightChain: ChainDiagram
  private var spacedChain: ChainDiagram

  /// The lines of the chain; with enough room the modules are spaced.
  func chainLines(rows: Int) -> [ChainDiagram.Line] {
    spacedChain.lines.count <= rows ? spacedChain.lines : tightChain.lines
  }

  enum AfterSaving: Hashable, Sendable { case stay, resume, leave, quit }

  var record: IncompleteExecution { opened.record }

  /// Whether the bundles differ from those of the failure, saved or not.
  var isChanged: Bool { bundles != record.originalBundles }

  init(_ opened: OpenedRecord) {
    self.opened = opened
    let record = opened.record
    let mapped = MappedFields(record.failedModule, descriptor: opened.descriptor)
    self.mapped = mapped
    bundles = record.bundles
    check = opened.check
    tightChain = ChainDiagram(record)
    spacedChain = ChainDiagram(record, isSpaced: true)
    chainCursor = record.summary.failer
    var unfolded: Set<TreePlace> = [.input([])]
    for entry in bundles.entries where entry.bundle.count <= 40 {
      unfolded.insert(.bundle(ValuePath(module: entry.module)))
    }
    self.unfolded = unfolded
    cursor = .input([])
    if let offender = mapped.offender(
      in: bundles, error: record.error, check: opened.check)
    {
      reveal(.bundle(offender))
      cursor = .bundle(offender)
    }
    rebuild()
  }

  /// Takes the record as it is now; drafts that still fit are kept.
  /// - Returns: the drafts that do not fit any more.
  mutating func take(_ opened: OpenedRecord) -> [Draft] {
    self.opened = opened
    mapped = MappedFields(opened.record.failedModule, descriptor: opened.descriptor)
    check = opened.check
    tightChain = ChainDiagram(opened.record)
    spacedChain = ChainDiagram(opened.record, isSpaced: true)
    let before = drafts
    drafts = []
    undone = []
    bundles = opened.record.bundles
    var lost: [Draft] = []
    for draft in before where apply(draft) != nil { lost.append(draft) }
    rebuild()
    return lost
  }

  /// Forgets the drafts, which have been saved.
  mutating func saved() {
    drafts = []
    undone = []
  }

  /// The drafts as they are to be written: two values for one place in a row are one change.
  var changesToSave: [Draft] {
    drafts.reduce(into: []) { kept, draft in
      if let last = kept.last, last.path == draft.path, last.value != nil, draft.value != nil {
        kept.removeLast()
      }
      kept.append(draft)
    }
  }

  /// Makes a change.
  /// - Returns: why there is no such place, when there is none.
  mutating func change(_ draft: Draft) -> String? {
    undone = []
    let problem = apply(draft)
    rebuild()
    return problem
  }

  private mutating func apply(_ draft: Draft) -> String? {
    for draft in openingParents(of: draft) + [draft] {
      do {
        _ = try bundles.write(
          draft.value, at: draft.path, author: "", date: Instant(milliseconds: 0))
        drafts.append(draft)
      } catch {
        return error.description
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

  /// Takes the last change back.
  /// - Returns: its place.
  mutating func undo() -> ValuePath? {
    guard let last = drafts.popLast() else { return nil }
    replay()
    undone.append(last)
    return last.path
  }

  /// Makes the change again that was undone last.
  mutating func redo() -> ValuePath? {
    guard let draft = undone.popLast() else { return nil }
    let rest = undone
    _ = apply(draft)
    undone = rest
    rebuild()
    return draft.path
  }

  private mutating func replay() {
    let kept = drafts
    drafts = []
    bundles = record.bundles
    for draft in kept { _ = apply(draft) }
    rebuild()
  }

  /// Changes everything back to how it was at the failure. That is a change too and can be undone.
  mutating func revertAll() {
    if record.edits.isEmpty {
      drafts = []
      undone = []
      bundles = record.bundles
    } else {
      for change in BundleDiff(from: record.originalBundles, to: bundles).changes {
        _ = apply(Draft(path: change.path, value: change.old))
      }
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

  /// Builds the tree anew and keeps the cursor on a line.
  mutating func rebuild() {
    lines = BundleTree(self).lines
    var place: TreePlace? = cursor
    while let wanted = place {
      if lines.contains(where: { !$0.isNote && $0.place == wanted }) {
        cursor = wanted
        return
      }
      place = wanted.parent
    }
    cursor = lines.first?.place ?? .input([])
  }

  /// The line with the cursor.
  var cursorLine: Int { lines.firstIndex { !$0.isNote && $0.place == cursor } ?? 0 }

  /// What is under the cursor, when it stands in a bundle.
  var path: ValuePath? {
    if case .bundle(let path) = cursor { return path }
    return nil
  }
}
