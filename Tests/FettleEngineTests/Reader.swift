import FettleCore
import FettleEngine

/// A trigger that reads an endless list of numbers, some each run, from where its position says.
struct Reader: ModuleImplementation {
  static let descriptor = ModuleDescriptor(type: "test:Reader", kind: .trigger, effect: .read)
  /// How many it reads in a run.
  var count = 1

  func perform(
    _ input: Collection, in context: OperationContext
  ) async throws(ModuleError) -> OperationOutput {
    let last: Value?
    do throws(StoreError) { last = try await context.position() } catch {
      throw ModuleError(.connection, "\(error)")
    }
    let next = last?.number?.integer ?? 0
    return OperationOutput(
      (1...count).map { ["n": .integer(next + $0)] },
      changes: [context.advancing(to: .integer(next + count))])
  }
}
