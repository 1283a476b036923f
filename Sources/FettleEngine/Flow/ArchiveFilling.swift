import FettleCore

/// How full an archive is that an aggregator fills. It is added up file by file: looking at all of them
/// again for each one would cost the square of their number.
struct ArchiveFilling: Sendable, Hashable {
  private(set) var files = 0
  private(set) var bytes = 0

  /// Of the files in an archive, in bytes: as large as one file may be (semantics 6.9).
  static let mostBytes = 200_000_000
  /// As many as the directory of a ZIP can count.
  static let mostFiles = 65_535

  /// An empty one.
  init() {}

  /// What an aggregator had taken in when a record was stored.
  init(_ items: some Sequence<AggregatedItem>, of aggregator: ModuleID) {
    for item in items where item.aggregator == aggregator {
      files += 1
      bytes += Aggregator.content(item.fields).count
    }
  }

  /// Refuses a file that would be too much, and counts it otherwise.
  mutating func add(_ content: [UInt8]) throws(ModuleError) {
    guard bytes + content.count <= Self.mostBytes, files < Self.mostFiles else {
      throw ModuleError(
        .maxFileSizeExceeded,
        "the archive would hold more than \(Self.mostBytes / 1_000_000) MB or 65,535 files; make "
          + "several of it",
        field: "data", stage: .input)
    }
    files += 1
    bytes += content.count
  }
}
