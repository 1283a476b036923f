import FettleCore
import GRDB
import Synchronization

/// The blueprints of a store that were read or written lately. A blueprint is stored once and never
/// changed, so what is remembered stays true, except where the transaction that wrote it was undone:
/// its hash is looked at again each time.
final class BlueprintCache: Sendable {
  private struct Entry {
    let blueprint: Blueprint
    let hash: Int64
  }

  private struct State {
    var byNumber: [Int64: Entry] = [:]
    var numbers: [Blueprint.Export: Int64] = [:]
  }

  private let state = Mutex(State())

  /// Blueprints are large and few.
  private static let most = 200

  func blueprint(_ number: Int64, hash: Int64) -> Blueprint? {
    state.withLock { state in
      state.byNumber[number].flatMap { $0.hash == hash ? $0.blueprint : nil }
    }
  }

  func number(of blueprint: Blueprint) -> Int64? {
    state.withLock { $0.numbers[blueprint.export] }
  }

  func note(_ blueprint: Blueprint, number: Int64, hash: Int64) {
    state.withLock { state in
      if state.byNumber.count >= Self.most || state.numbers.count >= Self.most { state = State() }
      state.byNumber[number] = Entry(blueprint: blueprint, hash: hash)
      state.numbers[blueprint.export] = number
    }
  }
}
