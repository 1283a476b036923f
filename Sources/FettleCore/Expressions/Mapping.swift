/// The mapper of a module, understood once: constants stay, texts become templates, all the way
/// down. Names of fields are literal.
public indirect enum Mapping: Sendable, Hashable {
  /// A value that is no text.
  case constant(Value)
  /// A text.
  case template(Template)
  /// An array.
  case array([Mapping])
  /// A collection.
  case collection([MappedField])

  /// Understands a mapper.
  public init(compiling value: Value) {
    switch value {
    case .text(let text): self = .template(Template(text))
    case .array(let elements): self = .array(elements.map { Mapping(compiling: $0) })
    case .collection(let collection):
      self = .collection(
        collection.fields.map {
          MappedField(name: $0.name, mapping: Mapping(compiling: $0.value))
        })
    default: self = .constant(value)
    }
  }

  /// The mapped value. A field that is exactly `{{ignore}}`, or whose expression chose it, is left
  /// out.
  /// - Throws: which field has no value and why.
  public func evaluate(in scope: Scope) throws(MappingError) -> Value {
    switch self {
    case .constant(let value): return value
    case .template(let template):
      do { return try template.evaluate(in: scope) } catch {
        throw MappingError(field: [], error: error)
      }
    case .array(let elements):
      var values: [Value] = []
      for (index, element) in elements.enumerated() {
        do { values.append(try element.evaluate(in: scope)) } catch {
          throw error.inside(.element(index + 1))
        }
      }
      return .array(values)
    case .collection(let fields):
      var values: [Collection.Field] = []
      for field in fields {
        do {
          if case .template(let template) = field.mapping, template.isIgnore { continue }
          values.append(
            Collection.Field(name: field.name, value: try field.mapping.evaluate(in: scope)))
        } catch {
          throw error.inside(.field(field.name))
        }
      }
      return .collection(Collection(distinct: values))
    }
  }

  /// Every template and where it stands.
  public func templates() -> [(path: [ValuePath.Step], template: Template)] {
    switch self {
    case .constant: []
    case .template(let template): [([], template)]
    case .array(let elements):
      elements.enumerated().flatMap { index, element in
        element.templates().map { ([.element(index + 1)] + $0.path, $0.template) }
      }
    case .collection(let fields):
      fields.flatMap { field in
        field.mapping.templates().map { ([.field(field.name)] + $0.path, $0.template) }
      }
    }
  }
}

/// One field of a mapped collection.
public struct MappedField: Sendable, Hashable {
  /// Its name.
  public let name: String
  /// Its value.
  public let mapping: Mapping
}

/// Which field of a mapper has no value and why.
public struct MappingError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The way to the field.
  public let field: [ValuePath.Step]
  /// Why.
  public let error: ExpressionError

  /// One sentence that names the field.
  public var description: String {
    let path = field.reduce(into: "") { text, step in
      switch step {
      case .field(let name): text += (text.isEmpty ? "" : ".") + ValuePath.written(name)
      case .element(let index): text += "[\(index)]"
      }
    }
    return "Failed to map '\(path)': \(error.message)"
  }

  func inside(_ step: ValuePath.Step) -> MappingError {
    MappingError(field: [step] + field, error: error)
  }
}

extension Template {
  /// Whether it says nothing but `{{ignore}}`.
  fileprivate var isIgnore: Bool {
    source.hasPrefix("{{") && source.dropFirst(2).dropLast(2).allSatisfy { $0 != "}" }
      && String(source.dropFirst(2).dropLast(2)).trimmed == "ignore"
  }
}
