import FettleCore
import FettleEngine
import FettleTestKit
import Testing

@testable import FettleTerminal

/// Who knows the keys types faster than a store answers.
@Suite("Keys before what they are meant for", .fewAtOnce)
struct TypeAheadTests {
  let records: [IncompleteExecution]
  var state: State

  init() throws {
    records = try Fixtures.records()
    state = State(
      surroundings: Surroundings(storeName: "orders.db"), size: Size(rows: 24, columns: 80),
      now: Fixtures.now)
    _ = state.begin()
  }

  private var rowsCome: Message {
    .list(
      .pageLoaded(
        .start, token: state.list.token, limit: IncompleteListState.page,
        .success(records.map(\.summary))))
  }

  private func comes(_ record: IncompleteExecution, _ then: LoadPurpose.ThenDo) -> Message {
    .record(
      .loaded(
        record.id, .open(then),
        .success(
          OpenedRecord(
            record: record, descriptor: ScreenPlay.descriptor,
            check: ScreenPlay.check(record, record.bundles)))))
  }

  @Test("what is typed at the first picture is done when the rows are there")
  mutating func first() throws {
    for key in [Key.down, .down, .character(" ")] { #expect(state.update(.key(key)).isEmpty) }
    #expect(state.notice.isEmpty)
    #expect(state.frame().text.contains("waiting for the list, with 3 keys"))
    _ = state.update(rowsCome)
    #expect(state.list.cursor == records[3].id)
    #expect(state.list.marks == .some([records[2].id]))
    #expect(!state.frame().text.contains("waiting for"))
  }

  @Test("a value that is typed before its record is read goes into the field, not to the list")
  mutating func value() throws {
    _ = state.update(.key(.character("e")))
    // Each of these letters is a key of the list.
    for letter in "xdyQ@" where letter != "Q" { _ = state.update(.key(.character(letter))) }
    let effects = state.update(rowsCome)
    #expect(effects.contains(.record(.load(records[0].id, .open(.edit)))))
    #expect(state.question == nil)
    _ = state.update(comes(records[0], .edit))
    #expect(state.context == .value)
    #expect(state.typing?.line.text == "xdy@")
  }

  @Test("a key behind ] is about the next record, never about the one that is left")
  mutating func neighbour() throws {
    _ = state.update(rowsCome)
    _ = state.update(.key(.enter))
    _ = state.update(comes(records[0], .nothing))
    #expect(state.detail?.record.id == records[0].id)
    _ = state.update(.key(.character("]")))
    let effects = state.update(.key(.character("x")))
    #expect(effects.isEmpty && state.question == nil)
    _ = state.update(comes(records[1], .nothing))
    #expect(state.question == .closeOrDelete(records[1].id))
  }

  @Test("Esc gives up waiting and drops what was typed; the answer comes too late")
  mutating func escape() throws {
    _ = state.update(rowsCome)
    _ = state.update(.key(.enter))
    _ = state.update(.key(.character("x")))
    _ = state.update(.key(.escape))
    #expect(state.typeAhead == TypeAhead())
    _ = state.update(.key(.down))
    _ = state.update(comes(records[0], .nothing))
    #expect(state.detail == nil && state.question == nil)
  }

  @Test("a store that cannot be read holds no key back; what needs no rows never waits")
  mutating func failure() throws {
    _ = state.update(.key(.character("?")))
    #expect(state.help != nil)
    _ = state.update(.key(.escape))
    _ = state.update(.key(.enter))
    _ = state.update(
      .list(
        .pageLoaded(
          .start, token: state.list.token, limit: 200, .failure(.failed("it is damaged")))))
    #expect(state.typeAhead.waiting.isEmpty)
    #expect(state.frame().text.contains("it is damaged"))
    #expect(state.update(.key(.character("Q"))) == [.quit])
  }

  @Test("Ctrl-C asks to quit whatever is awaited")
  mutating func interrupt() throws {
    _ = state.update(.key(.enter))
    _ = state.update(.key(.control("c")))
    #expect(state.question == .quit)
    _ = state.update(rowsCome)
    #expect(state.question == .quit && state.detail == nil)
  }
}
