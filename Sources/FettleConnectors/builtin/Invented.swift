import FettleCore

/// Modules that Make never had and that machine-written blueprints name all the same (blueprints 11.6),
/// where their meaning is beyond doubt: another name for one that exists.
struct Invented: Module {
  let descriptor: ModuleDescriptor
  private let meant: any Module
  /// The names of its fields, and those of the module that is meant.
  private let fields: [(own: String, meant: String)]

  /// All of them. The schedule that `builtin:BasicScheduler` tells is that of the scenario, which is
  /// set elsewhere: as a module it only begins.
  static let all: [any Module] = [
    Invented(
      descriptor: ModuleDescriptor(type: "builtin:BasicScheduler", kind: .trigger, effect: .pure),
      meant: Beginning(), fields: []),
    Invented(
      descriptor: ModuleDescriptor(
        type: "builtin:BasicIterator", kind: .feeder, effect: .pure,
        fields: BasicFeeder.descriptor.fields),
      meant: BasicFeeder(), fields: []),
    Invented(
      descriptor: ModuleDescriptor(
        type: "builtin:Sleep", kind: .transformer, effect: .pure,
        seconds: FunctionSleep.descriptor.seconds,
        fields: [FieldDescriptor("timeout", "Delay", .number, required: true, range: 1...300)]),
      meant: FunctionSleep(), fields: [("timeout", "duration")]),
  ]

  func perform(
    _ input: Collection, in context: OperationContext
  ) async throws(ModuleError) -> OperationOutput {
    var input = input
    for field in fields { input[field.meant] = input[field.own] }
    return try await meant.perform(input, in: context)
  }

  /// Emits one bundle that says nothing.
  private struct Beginning: ModuleImplementation {
    static let descriptor = ModuleDescriptor(type: "", kind: .trigger, effect: .pure)

    func perform(
      _ input: Collection, in context: OperationContext
    ) async throws(ModuleError) -> OperationOutput { OperationOutput([[:]]) }
  }
}
