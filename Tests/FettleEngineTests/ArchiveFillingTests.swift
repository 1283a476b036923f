import FettleConnectors
import FettleCore
import FettleTestKit
import Synchronization
import Testing

@testable import FettleEngine

@Suite("An archive that an aggregator fills", .fewAtOnce)
struct ArchiveFillingTests {
  /// Items that count how often somebody looks at one.
  private struct Watched: Sequence {
    final class Looks: Sendable { let count = Mutex(0) }
    let items: [AggregatedItem]
    let looks = Looks()

    func makeIterator() -> AnyIterator<AggregatedItem> {
      var rest = items.makeIterator()
      return AnyIterator {
        let next = rest.next()
        if next != nil { looks.count.withLock { $0 += 1 } }
        return next
      }
    }
  }

  private func item(_ content: String, of aggregator: ModuleID = 3) -> AggregatedItem {
    AggregatedItem(
      aggregator: aggregator, key: nil, fields: ["fileName": "a", "data": .text(content)])
  }

  @Test("what was taken in is looked at once, however many files come after it")
  func linear() throws {
    let before = Watched(items: [item("12"), item("345"), item("other", of: 4)])
    var filling = ArchiveFilling(before, of: 3)
    #expect(filling.files == 2 && filling.bytes == 5)
    for _ in 0..<1000 { try filling.add([0, 0]) }
    #expect(before.looks.count.withLock { $0 } == 3)
    #expect(filling.files == 1002 && filling.bytes == 2005)
  }

  @Test("an aggregator asks for the items before only where nobody has added them up")
  func check() throws {
    let blueprint = try Blueprint(
      json: Array(#"{"flow":[{"id":3,"module":"archive:CreateArchive"}]}"#.utf8))
    let aggregator = try #require(Aggregator(blueprint.flow[0]))
    let fields: Collection = ["fileName": "b", "data": "xy"]
    var filling: ArchiveFilling?
    try aggregator.check(fields, filling: &filling, after: [item("345")])
    #expect(filling?.files == 2 && filling?.bytes == 5)
    try aggregator.check(fields, filling: &filling, after: [item("ignored now")])
    #expect(filling?.files == 3 && filling?.bytes == 7)
    // What is refused does not fill it.
    #expect(throws: ModuleError.self) {
      try aggregator.check(["fileName": ".."], filling: &filling, after: [])
    }
    #expect(filling?.files == 3)
  }

  @Test("one file or one byte too much is refused, and the archive stays as it was")
  func limits() throws {
    var filling = ArchiveFilling()
    for _ in 0..<ArchiveFilling.mostFiles { try filling.add([]) }
    let error = #expect(throws: ModuleError.self) { try filling.add([]) }
    #expect(error?.type == .maxFileSizeExceeded)
    #expect(filling.files == ArchiveFilling.mostFiles)
    var large = ArchiveFilling()
    let half = [UInt8](repeating: 0, count: ArchiveFilling.mostBytes / 2)
    try large.add(half)
    try large.add(half)
    #expect(throws: ModuleError.self) { try large.add([0]) }
    try large.add([])
  }

  @Test("each archive of a run is filled anew, and none knows the one before")
  func runs() async throws {
    let bench = try Workbench()
    let blueprint = try Workbench.blueprint(
      #"""
      {"id":2,"module":"builtin:BasicFeeder","mapper":{"array":"{{1.files}}"}},
      {"id":3,"module":"archive:CreateArchive","parameters":{"feeder":2},
       "mapper":{"fileName":"{{2.value}}","data":"{{1.n}}"}},
      \#(Workbench.say(4, "{{3.fileSize}}"))
      """#)
    let names = (0..<700).map { Value.text("f\($0)") }
    let given: [Bundle] = (1...2).map { ["n": .integer($0), "files": .array(names)] }
    let run = try await bench.runner.run(blueprint, given: given)
    #expect(run.status == .success)
    let files = names.compactMap {
      ArchiveWriter.File(path: $0.text ?? "", content: Array("1".utf8))
    }
    let size = ArchiveWriter.archive(of: files, as: .zip).count
    #expect(bench.told.takeHeard() == ["\(size)", "\(size)"])
  }
}
