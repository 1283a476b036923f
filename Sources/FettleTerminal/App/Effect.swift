import FettleCore

/// What the screen wants done outside of it. Values, so that a test can compare them.
enum Effect: Equatable, Sendable {
  case page(RecordFilter, PageRequest, limit: Int, PagePurpose, token: Int)
  case counts
  case load(RecordID, LoadPurpose)
  case check(IncompleteExecution, VisibleBundles, token: Int)
  case append([Draft], to: RecordID, of: VisibleBundles, version: Int)
  case resume(RecordID, version: Int, AttemptTrigger)
  case close(RecordID, version: Int, reason: String)
  case delete(RecordID, version: Int)
  case restore(RecordID, version: Int)
  case setAutoRetry(Bool, RecordID, version: Int)
  case suspend
  case repaint
  case quit
}

/// Why a part of the list was asked for.
enum PagePurpose: Hashable, Sendable {
  /// The list begins anew, at its newest or its oldest record.
  case newest, oldest
  /// The window grows at one end.
  case older, newer
  /// The same window again, to see what changed.
  case refresh
}

/// Why a record was asked for.
enum LoadPurpose: Hashable, Sendable {
  /// To show it under the list.
  case preview
  /// To open it, and then to do something with it.
  case open(ThenDo)
  /// To see what changed in the one that is open.
  case refresh

  enum ThenDo: Hashable, Sendable { case nothing, edit, resume }
}

/// One change of a bundle that is not saved yet.
struct Draft: Hashable, Sendable {
  let path: ValuePath
  /// What shall stand there; nil takes away what does.
  let value: Value?
}
