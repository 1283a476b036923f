import FettleCore

/// What happened: a key, the time, an answer. The answers a screen gets stand in its folder.
enum Message: Equatable, Sendable {
  case key(Key)
  case pasted(String)
  /// Something was pasted that is too long, with how many bytes it had.
  case pastedTooMuch(Int)
  /// Something is being pasted, with how many bytes came so far.
  case pasting(Int)
  /// What was being pasted was given up with Ctrl-C.
  case pasteGivenUp
  /// What was pasted last had bytes that are no UTF-8.
  case pasteRepaired
  case resized(Size)
  /// There is no store to work on; the program ends.
  case unopened(StoreError)
  case ticked(Instant)
  /// For how many seconds the store has been waited for, from a moment on that is noticed; nil when it
  /// has answered.
  case waiting(seconds: Int?)
  case mouse(MouseEvent, ClickTarget?)
  /// What became of a copy, for people.
  case copied(SafeText)
  case editedOutside(ExternalEdit, ExternalEdit.Outcome)
  /// The content of a file that is to stand at a place, or why it cannot be read.
  case fileRead(ValuePath, path: String, Result<[UInt8], FileTrouble>)
  // Those of the screens can be large; a key is not to be as large as they are.
  indirect case list(ListMessage)
  indirect case record(RecordMessage)
  indirect case bulk(BulkMessage)
  indirect case scenarios(ScenariosMessage)
  indirect case history(HistoryMessage)
  indirect case auditTrail(AuditTrailMessage)
  indirect case groups(GroupsMessage)
  indirect case groupEdit(GroupEditMessage)
  indirect case search(SearchMessage)

  typealias Answer<Success: Equatable & Sendable> = Result<Success, StoreError>
}

/// What a question to the store or the engine brought.
func answer<Success: Equatable & Sendable>(
  _ ask: () async throws(StoreError) -> Success
) async -> Message.Answer<Success> {
  do { return .success(try await ask()) } catch { return .failure(error) }
}
