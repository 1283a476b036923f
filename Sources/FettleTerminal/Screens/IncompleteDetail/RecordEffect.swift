import FettleCore
import FettleEngine

/// What is done with one record, from the list or from the record itself.
enum RecordEffect: Equatable, Sendable {
  case load(RecordID, LoadPurpose)
  case check(IncompleteExecution, VisibleBundles, token: Int)
  case append([Draft], to: RecordID, of: VisibleBundles, version: Int)
  case resume(RecordID, version: Int, AttemptTrigger)
  case close(RecordID, version: Int, reason: String)
  case delete(RecordID, version: Int)
  case restore(RecordID, version: Int)
  case setAutoRetry(Bool, RecordID, version: Int)
}

/// What came of it.
enum RecordMessage: Equatable, Sendable {
  case loaded(RecordID, LoadPurpose, Message.Answer<OpenedRecord>)
  case checked(ResumeCheck, token: Int)
  case saved(RecordID, Message.Answer<Int>)
  case resumed(RecordID, Message.Answer<ResumeReport>)
  case moved(RecordID, RecordAction, Message.Answer<IncompleteExecution>)
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

/// What an operator did to a record as a whole.
enum RecordAction: Hashable, Sendable { case closed, deleted, restored, autoRetryOn, autoRetryOff }

/// A record with what the engine knows about its failed module.
struct OpenedRecord: Hashable, Sendable {
  let record: IncompleteExecution
  /// Nil when Fettle cannot run the module.
  let descriptor: ModuleDescriptor?
  let check: ResumeCheck
}

/// One change of a bundle that is not saved yet.
struct Draft: Hashable, Sendable {
  let path: ValuePath
  /// What shall stand there; nil takes away what does.
  let value: Value?
}

extension RecordEffect {
  /// Does it.
  func perform(_ desk: OperatorDesk) async -> RecordMessage {
    switch self {
    case .load(let id, let purpose): return .loaded(id, purpose, await Self.load(id, desk))
    case .check(let record, let bundles, let token):
      return .checked(desk.check(record, bundles: bundles), token: token)
    case .append(let drafts, let id, let bundles, let version):
      return .saved(id, await Self.append(drafts, to: id, of: bundles, version: version, desk))
    case .resume(let id, let version, let trigger):
      return .resumed(
        id,
        await answer { () async throws(StoreError) in
          try await desk.resume(id, version: version, trigger: trigger)
        })
    case .close(let id, let version, let reason):
      return .moved(
        id, .closed,
        await answer { () async throws(StoreError) in
          try await desk.close(id, version: version, reason: reason)
        })
    case .delete(let id, let version):
      return .moved(
        id, .deleted,
        await answer { () async throws(StoreError) in try await desk.delete(id, version: version) })
    case .restore(let id, let version):
      return .moved(
        id, .restored,
        await answer { () async throws(StoreError) in try await desk.restore(id, version: version) }
      )
    case .setAutoRetry(let isOn, let id, let version):
      return .moved(
        id, isOn ? .autoRetryOn : .autoRetryOff,
        await answer { () async throws(StoreError) in
          try await desk.setAutoRetry(isOn, of: id, version: version)
        })
    }
  }

  private static func load(
    _ id: RecordID, _ desk: OperatorDesk
  ) async -> Message.Answer<OpenedRecord> {
    await answer { () async throws(StoreError) in
      let record = try await desk.record(id)
      return OpenedRecord(
        record: record, descriptor: record.failedModule.flatMap(desk.descriptor),
        check: desk.check(record, bundles: record.bundles))
    }
  }

  private static func append(
    _ drafts: [Draft], to id: RecordID, of bundles: VisibleBundles, version: Int,
    _ desk: OperatorDesk
  ) async -> Message.Answer<Int> {
    var bundles = bundles
    var edits: [BundleEdit] = []
    do {
      for draft in drafts {
        edits.append(try desk.edit(draft.value, at: draft.path, of: &bundles))
      }
    } catch {
      return .failure(.failed(error.description))
    }
    return await answer { [edits] () async throws(StoreError) in
      try await desk.append(edits, to: id, version: version)
    }
  }
}
