import FettleCore

/// The one way to run a module: map, check, perform. A resume is this way, entered at a recorded
/// place.
struct Operation {
  let module: ModuleNode
  let implementation: any Module
  let descriptor: ModuleDescriptor
  let context: OperationContext

  /// What came of it. A failure is a result; nothing follows from it here.
  enum Result: Sendable {
    case emitted(OperationOutput, input: Value)
    case failed(ModuleError, input: Value)
    /// The journal that is walked through ends here.
    case interrupted(sending: Value?)
    /// It ends where the operation waited for this execution, which it had called.
    case interruptedCall(String, input: Value)

    /// What the journal says came of it.
    init(_ step: JournalEntry.Step) {
      switch step {
      case .begun(let input, _): self = .interrupted(sending: input)
      case .finished(let input, let output): self = .emitted(output, input: input)
      case .failed(let input, let error): self = .failed(error, input: input)
      case .filteredOut, .committed, .rolledBack: self = .interrupted(sending: nil)
      }
    }
  }

  /// Why an operation was not performed: what it would have been given, and what is wrong with that.
  struct Refusal: Error {
    let error: ModuleError
    let input: Value
  }

  /// The input the module is given.
  func prepared(in scope: Scope) -> Swift.Result<Collection, Refusal> {
    let mapped: Collection
    do { mapped = try Self.map(module, in: scope) } catch {
      return .failure(Refusal(error: error, input: .null))
    }
    let (input, misfits) = descriptor.fitted(mapped, timeZone: scope.timeZone)
    if let error = Self.error(for: misfits, of: module) {
      return .failure(Refusal(error: error, input: shown(mapped)))
    }
    return .success(input)
  }

  /// What doing it twice would mean: what the author of the scenario says, else the module.
  func effect(of input: Collection) -> EffectClass {
    module.declaredEffect ?? implementation.effect(of: input)
  }

  /// An input as it is kept and shown: without what its module calls secret, also where that stands in
  /// other fields.
  func shown(_ input: Collection) -> Value {
    let descriptor = implementation.descriptor
    return .collection(descriptor.mask(of: input).masked(descriptor.masked(input)))
  }

  /// Performs it, within its time.
  /// - Parameter seconds: the limit where the module sets none of its own.
  /// - Throws: the failure of the module, without the secrets a service may have repeated: the list,
  ///   the history and the log tell it as it is. `ModuleTimeoutError` when its time is up, and the
  ///   operation is cancelled then.
  func perform(
    _ input: Collection, within seconds: Int
  ) async throws(ModuleError) -> OperationOutput {
    do throws(ModuleError) { return try await performInTime(input, seconds) } catch {
      throw implementation.descriptor.mask(of: input).masked(error)
    }
  }

  private func performInTime(
    _ input: Collection, _ seconds: Int
  ) async throws(ModuleError) -> OperationOutput {
    // What only computes is not waited for, and must not pay for a watch.
    guard descriptor.effect != .pure || descriptor.seconds != nil else {
      return try await implementation.perform(input, in: context)
    }
    let seconds = descriptor.seconds ?? seconds
    // Begun at once, where it stands: most operations are done before another task would have run.
    let work = Task.immediate { () -> Result in
      do throws(ModuleError) {
        return .emitted(try await implementation.perform(input, in: context), input: .null)
      } catch { return .failed(error, input: .null) }
    }
    let watched = Watch.shared.begin(after: .seconds(seconds)) { work.cancel() }
    let result = await withTaskCancellationHandler {
      await work.value
    } onCancel: {
      work.cancel()
    }
    // What ended just as it was cancelled did its work: its answer counts, its failure does not.
    let isInTime = Watch.shared.end(watched)
    switch result {
    case .emitted(let output, _): return output
    case .failed(let error, _) where isInTime: throw error
    default:
      throw ModuleError(
        .moduleTimeout, "\"\(module.title)\" gave no answer within \(seconds) s")
    }
  }

  /// The mapper of a module, evaluated.
  static func map(_ module: ModuleNode, in scope: Scope) throws(ModuleError) -> Collection {
    do throws(MappingError) {
      return try module.mapper.evaluate(in: scope).collection ?? [:]
    } catch {
      throw ModuleError(error)
    }
  }

  /// The failure that misfits amount to: raised before anything is sent (semantics 2.1, D2).
  static func error(
    for misfits: [ModuleDescriptor.Misfit], of module: ModuleNode
  ) -> ModuleError? {
    guard let first = misfits.first else { return nil }
    return ModuleError(
      .bundleValidation, misfits.map(\.message).joined(separator: "; "),
      suberrors: misfits.map(\.message), field: first.field.name, stage: .input)
  }
}

extension ModuleError {
  /// The failure of an expression in a mapper (expression-language 14).
  init(_ error: MappingError) {
    self.init(error.error.type, "\(error)", field: error.fieldName, stage: .mapping)
  }
}

extension MappingError {
  /// The field of the module's input whose expression failed.
  fileprivate var fieldName: String? {
    if case .field(let name)? = field.first { return name }
    return nil
  }
}
