import FettleCore
import FettleEngine

/// Does what the screen wants done, elsewhere, and posts what came of it.
struct EffectRunner: Sendable {
  let desk: OperatorDesk
  let mailbox: Mailbox

  /// Starts an effect and returns at once: nothing of the store stands between a key and its paint.
  func start(_ effect: Effect) {
    Task.detached {
      if let message = await perform(effect) { mailbox.post(message) }
    }
  }

  /// Does an effect.
  /// - Returns: what came of it; nil for an effect of the screen itself.
  func perform(_ effect: Effect) async -> Message? {
    switch effect {
    case .page(let filter, let request, let limit, let purpose, let token):
      return .pageLoaded(
        purpose, token: token, limit: limit,
        await answer { () async throws(StoreError) in
          try await desk.page(filter, request, limit: limit)
        })
    case .counts:
      return .countsLoaded(await answer { () async throws(StoreError) in try await desk.counts() })
    case .load(let id, let purpose): return .recordLoaded(id, purpose, await load(id))
    case .check(let record, let bundles, let token):
      return .checked(desk.check(record, bundles: bundles), token: token)
    case .append(let drafts, let id, let bundles, let version):
      return .saved(id, await append(drafts, to: id, of: bundles, version: version))
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
    case .suspend, .repaint, .quit: return nil
    }
  }

  private func load(_ id: RecordID) async -> Message.Answer<OpenedRecord> {
    await answer { () async throws(StoreError) in
      let record = try await desk.record(id)
      return OpenedRecord(
        record: record, descriptor: record.failedModule.flatMap(desk.descriptor),
        check: desk.check(record, bundles: record.bundles))
    }
  }

  private func append(
    _ drafts: [Draft], to id: RecordID, of bundles: VisibleBundles, version: Int
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

  private func answer<Success: Equatable & Sendable>(
    _ ask: () async throws(StoreError) -> Success
  ) async -> Message.Answer<Success> {
    do { return .success(try await ask()) } catch { return .failure(error) }
  }
}
