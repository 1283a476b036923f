import FettleCore
import FettleEngine

/// What happened: a key, the time, an answer.
enum Message: Equatable, Sendable {
  case key(Key)
  case pasted(String)
  case resized(Size)
  case ticked(Instant)
  case pageLoaded(PagePurpose, token: Int, limit: Int, Answer<[IncompleteSummary]>)
  case countsLoaded(Answer<RecordCounts>)
  case recordLoaded(RecordID, LoadPurpose, Answer<OpenedRecord>)
  case checked(ResumeCheck, token: Int)
  case saved(RecordID, Answer<Int>)
  case resumed(RecordID, Answer<ResumeReport>)
  case moved(RecordID, RecordAction, Answer<IncompleteExecution>)

  typealias Answer<Success: Equatable & Sendable> = Result<Success, StoreError>
}

/// What an operator did to a record as a whole.
enum RecordAction: Hashable, Sendable { case closed, deleted, restored, autoRetryOn, autoRetryOff }

/// A record with what the engine knows about its failed module.
struct OpenedRecord: Hashable, Sendable {
  let record: IncompleteExecution
  /// Nil when Fettle cannot run the module.
  let descriptor: ModuleDescriptor?
  let check: ResumeCheck
}
