import FettleCore

/// The one way to run a module: map, check, perform. A resume is this way, entered at a recorded
/// place.
struct Operation {
  let module: ModuleNode
  let implementation: any ModuleImplementation
  let context: OperationContext

  /// What came of it. A failure is a result; nothing follows from it here.
  enum Result {
    case emitted(OperationOutput, input: Value)
    case failed(ModuleError, input: Value)
    /// The journal that is walked through ends here.
    case interrupted(sending: Value?)

    /// What the journal says came of it.
    init(_ step: JournalEntry.Step) {
      switch step {
      case .begun(let input, _): self = .interrupted(sending: input)
      case .finished(let input, let output): self = .emitted(output, input: input)
      case .failed(let input, let error): self = .failed(error, input: input)
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
    let (input, misfits) = type(of: implementation).descriptor.fitted(mapped)
    if let error = Self.error(for: misfits, of: module) {
      return .failure(Refusal(error: error, input: .collection(mapped)))
    }
    return .success(input)
  }

  /// What doing it twice would mean.
  func effect(of input: Collection) -> EffectClass { type(of: implementation).effect(of: input) }

  func perform(_ input: Collection) async throws(ModuleError) -> OperationOutput {
    try await implementation.perform(input, in: context)
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
