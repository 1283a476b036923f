import FettleCore

/// `gateway:CustomWebHook`: emits what the webhook received.
struct CustomWebHook: ModuleImplementation {
  static let descriptor = ModuleDescriptor(
    type: "gateway:CustomWebHook", kind: .trigger, effect: .read)

  func perform(
    _ input: Collection, in context: OperationContext
  ) async throws(ModuleError) -> OperationOutput {
    // What a webhook received is given to the run; without it there is nothing.
    OperationOutput([])
  }
}
