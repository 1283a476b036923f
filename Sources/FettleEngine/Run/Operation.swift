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
  }

  func run(in scope: Scope) async -> Result {
    let mapped: Collection
    do { mapped = try Self.map(module, in: scope) } catch { return .failed(error, input: .null) }
    let (input, misfits) = type(of: implementation).descriptor.fitted(mapped)
    if let error = Self.error(for: misfits, of: module) {
      return .failed(error, input: .collection(mapped))
    }
    do throws(ModuleError) {
      return .emitted(
        try await implementation.perform(input, in: context), input: .collection(input))
    } catch {
      return .failed(error, input: .collection(input))
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
