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
    /// Those that were read once only to know that it can be done. More than are remembered whole.
    var readable: Set<Int64> = []
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

  /// Whether a blueprint was found readable, and has not failed since.
  func isReadable(_ number: Int64) -> Bool {
    state.withLock { $0.readable.contains(number) || $0.byNumber[number] != nil }
  }

  func noteReadable(_ number: Int64, _ isReadable: Bool) {
    state.withLock { state in
      if isReadable { state.readable.insert(number) } else { state.readable.remove(number) }
    }
  }

  func note(_ blueprint: Blueprint, number: Int64, hash: Int64) {
    state.withLock { state in
      if state.byNumber.count >= Self.most || state.numbers.count >= Self.most {
        state.byNumber = [:]
        state.numbers = [:]
      }
      state.byNumber[number] = Entry(blueprint: blueprint, hash: hash)
      state.numbers[blueprint.export] = number
    }
  }
}
