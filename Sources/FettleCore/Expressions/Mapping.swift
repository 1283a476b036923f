/// The mapper of a module, compiled: constants stay, texts become templates, all the way down. The
/// keys of objects are literal (section 1).
public indirect enum Mapping: Sendable, Hashable {
  /// A value that is no text, or a text without an expression.
  case constant(Value)
  /// A text with expressions.
  case template(Template)
  /// An array of mappings.
  case array([Mapping])
  /// Fields of mappings.
  case collection([MappedField])

  /// Compiles the value that stands in a blueprint. Never fails; ask the templates for problems.
  public init(compiling value: Value) {
    switch value {
    case .text(let text):
      let template = Template(text)
      self =
        template.isConstant && template.problems.isEmpty ? .constant(value) : .template(template)
    case .array(let elements): self = .array(elements.map(Mapping.init(compiling:)))
    case .collection(let fields):
      self = .collection(
        fields.fields.map {
          MappedField(name: $0.name, mapping: Mapping(compiling: $0.value))
        })
    default: self = .constant(value)
    }
  }
}

/// A field of a mapper.
public struct MappedField: Sendable, Hashable {
  /// The name, which is literal.
  public let name: String
  /// What is mapped to it.
  public let mapping: Mapping

  /// A field.
  public init(name: String, mapping: Mapping) {
    self.name = name
    self.mapping = mapping
  }
}

/// An expression that failed, with the field it is mapped to.
public struct MappingError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The way from the mapper down to the field.
  public let field: [ValuePath.Step]
  /// What went wrong.
  public let error: ExpressionError

  /// `Failed to map 'a.b[1]': …`.
  public var description: String {
    var path = ""
    for step in field {
      switch step {
      case .field(let name): path += (path.isEmpty ? "" : ".") + ValuePath.written(name)
      case .element(let index): path += "[\(index)]"
      }
    }
    return "Failed to map '\(path)': \(error.message)"
  }
}

extension Mapping {
  /// The values for the fields, in a scope.
  ///
  /// A field that is exactly `ignore` is left out of its collection; in an array, and at the top,
  /// it is null. `erase` is null.
  /// - Throws: the first failure and its field.
  public func evaluate(in scope: Scope) throws(MappingError) -> Value {
    try value(in: scope, at: []) ?? .null
  }

  private func value(in scope: Scope, at path: [ValuePath.Step]) throws(MappingError) -> Value? {
    switch self {
    case .constant(let value): return value
    case .template(let template):
      do throws(ExpressionError) {
        switch try template.field(in: scope) {
        case .value(let value): return value
        case .ignored: return nil
        case .erased: return .null
        case .emptyText: return ""
        }
      } catch {
        throw MappingError(field: path, error: error)
      }
    case .array(let mappings):
      var elements: [Value] = []
      elements.reserveCapacity(mappings.count)
      for (position, mapping) in mappings.enumerated() {
        elements.append(try mapping.value(in: scope, at: path + [.element(position + 1)]) ?? .null)
      }
      return .array(elements)
    case .collection(let fields):
      var output: [Collection.Field] = []
      output.reserveCapacity(fields.count)
      for field in fields {
        if let value = try field.mapping.value(in: scope, at: path + [.field(field.name)]) {
          output.append(Collection.Field(name: field.name, value: value))
        }
      }
      return .collection(Collection(distinct: output))
    }
  }

  /// Every template, with the way to it.
  public func templates() -> [(path: [ValuePath.Step], template: Template)] {
    var found: [(path: [ValuePath.Step], template: Template)] = []
    collect(at: [], into: &found)
    return found
  }

  private func collect(
    at path: [ValuePath.Step], into found: inout [(path: [ValuePath.Step], template: Template)]
  ) {
    switch self {
    case .constant: break
    case .template(let template): found.append((path, template))
    case .array(let mappings):
      for (position, mapping) in mappings.enumerated() {
        mapping.collect(at: path + [.element(position + 1)], into: &found)
      }
    case .collection(let fields):
      for field in fields {
        field.mapping.collect(at: path + [.field(field.name)], into: &found)
      }
    }
  }
}
