import FettleCore
import FettleEngine

/// A record as it is shown beside the list. It is made ready elsewhere and ahead of the cursor, so that
/// a key that moves the cursor needs one picture and no store.
///
/// It does not change, and many look at it for each key: they share it.
final class RecordPreview: Equatable, Sendable {
  let opened: OpenedRecord
  /// The error, with the values of secret fields masked.
  let message: SafeText
  let chain: ChainSummary
  let mask: SecretMask
  /// The record as the workbench shows it, where there is room for one.
  let detail: DetailState?

  var record: IncompleteExecution { opened.record }

  /// - Parameter isWhole: whether the workbench will show it.
  init(_ opened: OpenedRecord, isWhole: Bool) {
    self.opened = opened
    chain = ChainSummary(opened.drawn)
    detail = isWhole ? DetailState(opened) : nil
    mask =
      detail?.mask
      ?? SecretMask(
        opened.record.bundles,
        MappedFields(opened.record.failedModule, descriptor: opened.descriptor),
        input: opened.check.input)
    message = SafeText(mask.masked(opened.record.error.message))
  }

  static func == (left: RecordPreview, right: RecordPreview) -> Bool {
    left === right || left.opened == right.opened && left.detail == right.detail
  }

  /// How many rows on each side of the cursor are read ahead.
  static let reach = 6
  /// The records that are read ahead at most, by the bytes of their data.
  static let largest = 65_536
}

extension IncompleteListState {
  /// What is known of the record under the cursor.
  var preview: RecordPreview? { cursor.flatMap { previews[$0] } }

  /// The record to be read next: the one under the cursor, then the nearest of its neighbours that are
  /// not large.
  var nextPreview: RecordID? {
    guard let index else { return nil }
    // Rows are large, and for each key many are looked at: they are looked at where they are.
    func isKnown(_ place: Int) -> Bool {
      previews[rows[place].id]?.record.summary.version == rows[place].version
    }
    func isToBeRead(_ place: Int) -> Bool {
      rows.indices.contains(place) && rows[place].size <= RecordPreview.largest && !isKnown(place)
    }
    guard isKnown(index) else { return rows[index].id }
    for distance in 1...RecordPreview.reach {
      if isToBeRead(index + distance) { return rows[index + distance].id }
      if isToBeRead(index - distance) { return rows[index - distance].id }
    }
    return nil
  }

  /// Keeps a record that was read, and lets go of those the cursor has left behind.
  mutating func keep(_ preview: RecordPreview) {
    previews[preview.record.id] = preview
    guard previews.count > 4 * RecordPreview.reach, let index else { return }
    let near = (index - 2 * RecordPreview.reach)...(index + 2 * RecordPreview.reach)
    let kept = Set(rows[near.clamped(to: 0...rows.count - 1)].map(\.id))
    previews = previews.filter { kept.contains($0.key) }
  }
}

extension State {
  /// Asks for the record under the cursor, or for one near it. One at a time: while one is on its way,
  /// keys only move.
  mutating func loadPreview() -> [Effect] {
    guard detail == nil, list.previewLoading == nil, let next = list.nextPreview else { return [] }
    list.previewLoading = next
    return [.record(.preview(next, isWhole: hasWorkbench))]
  }

  /// Takes in what was asked for.
  mutating func previewLoaded(
    _ id: RecordID, _ answer: Message.Answer<RecordPreview>
  ) -> [Effect] {
    if list.previewLoading == id { list.previewLoading = nil }
    switch answer {
    case .success(let preview):
      list.keep(preview)
      needsPaint =
        id == list.cursor || trouble != nil || !typeAhead.waiting.isEmpty
        || list.place(of: id).map { list.rows[$0] } != preview.record.summary
      // The row may be older than what was just read; loading again would not change that.
      list.take(preview.record.summary)
      return loadPreview()
    case .failure:
      // The list says what is wrong with the store; a preview that is missing says enough. It is asked
      // for again with the next key or the next look at the store.
      return list.nextPreview == id ? [] : loadPreview()
    }
  }
}
