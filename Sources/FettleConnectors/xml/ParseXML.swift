import FettleCore

/// `xml:ParseXML`: elements by their names, each an array; the text of one is in `_value`, its
/// attributes are in `_attributes` (blueprints 10).
struct ParseXML: ModuleImplementation {
  static let descriptor = ModuleDescriptor(
    type: "xml:ParseXML", kind: .transformer, effect: .pure,
    fields: [FieldDescriptor("xml", "XML", nil, required: true)])

  /// Deeper documents are refused rather than walked: nothing real is nested like that.
  private static let deepest = 500

  func perform(
    _ input: Collection, in context: OperationContext
  ) async throws(ModuleError) -> OperationOutput {
    let keepsText =
      context.module.parameters["preserveNumbersAsText"].flatMap(Coercion.boolean) ?? false
    do throws(XMLTree.Problem) {
      let root = try XMLTree.xml(contentBytes(input["xml"]))
      let value = try Self.value(root, keepsText: keepsText, depth: 0)
      return OperationOutput([[root.name: [.collection(value)]]])
    } catch {
      throw ModuleError(
        .data,
        "\"xml\" is no XML: \(error.message)" + (error.line > 0 ? ", line \(error.line)" : ""),
        field: "xml", stage: .input)
    }
  }

  private static func value(
    _ element: XMLTree.Element, keepsText: Bool, depth: Int
  ) throws(XMLTree.Problem) -> Collection {
    guard depth < deepest else {
      throw XMLTree.Problem(message: "it is nested deeper than \(deepest)", line: 0)
    }
    var value: Collection = [:]
    if !element.attributes.isEmpty { value["_attributes"] = .collection(element.attributes) }
    var text = ""
    for child in element.children {
      switch child {
      case .text(let part): text += part
      case .element(let inner):
        let one = Value.collection(
          try Self.value(inner, keepsText: keepsText, depth: depth + 1))
        value[inner.name] = .array((value[inner.name]?.array ?? []) + [one])
      }
    }
    let trimmed = text[...].trimmingASCIISpace
    let isContainer = element.children.contains { if case .element = $0 { true } else { false } }
    // Blanks between elements are layout.
    if !trimmed.isEmpty {
      value["_value"] = keepsText ? .text(trimmed) : number(trimmed) ?? .text(trimmed)
    } else if !isContainer, !text.isEmpty {
      value["_value"] = .text(text)
    }
    return value
  }

  /// A number that is spelled as JSON spells one; `007` and `1,5` stay texts.
  private static func number(_ text: String) -> Value? { Number(json: text).map(Value.number) }
}

/// `xml:CreateXML`: the mapped fields become a document; one field is the root. `_attributes` and
/// `_value` mean what they mean in `xml:ParseXML`.
struct CreateXML: ModuleImplementation {
  static let descriptor = ModuleDescriptor(
    type: "xml:CreateXML", kind: .transformer, effect: .pure)

  func perform(
    _ input: Collection, in context: OperationContext
  ) async throws(ModuleError) -> OperationOutput {
    var text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>"
    guard input.count == 1, let root = input.fields.first else {
      throw ModuleError(
        .bundleValidation, "a document has one root element; \(input.count) fields were mapped",
        stage: .input)
    }
    if let elements = root.value.array, elements.count != 1 {
      throw ModuleError(
        .bundleValidation, "\"\(root.name)\" is the root and can stand there only once",
        field: root.name, stage: .input)
    }
    try Self.write(root.name, root.value, into: &text)
    return OperationOutput([["xml": .text(text)]])
  }

  private static func write(
    _ name: String, _ value: Value, into text: inout String
  ) throws(ModuleError) {
    guard isName(name) else {
      throw ModuleError(
        .bundleValidation, "\"\(name)\" cannot be the name of an element", field: name,
        stage: .input)
    }
    switch value {
    case .array(let elements):
      for element in elements { try write(name, element, into: &text) }
    case .collection(let fields):
      text += "<\(name)"
      for attribute in fields["_attributes"]?.collection?.fields ?? [] {
        guard isName(attribute.name) else {
          throw ModuleError(
            .bundleValidation, "\"\(attribute.name)\" cannot be the name of an attribute",
            field: attribute.name, stage: .input)
        }
        text += " \(attribute.name)=\"\(escaped(Coercion.text(attribute.value) ?? ""))\""
      }
      text += ">"
      if let content = fields["_value"] { text += escaped(Coercion.text(content) ?? "") }
      for field in fields.fields where field.name != "_attributes" && field.name != "_value" {
        try write(field.name, field.value, into: &text)
      }
      text += "</\(name)>"
    case .null: text += "<\(name)/>"
    default: text += "<\(name)>\(escaped(Coercion.text(value) ?? ""))</\(name)>"
    }
  }

  private static func isName(_ name: String) -> Bool {
    guard let first = name.unicodeScalars.first,
      first.properties.isAlphabetic || first == "_"
    else { return false }
    return name.unicodeScalars.allSatisfy {
      $0.properties.isAlphabetic || $0.properties.numericType != nil
        || "_-.:".unicodeScalars.contains($0)
    }
  }

  /// The text with what would be taken for markup written as entities; what XML cannot hold at all
  /// is left out.
  private static func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "\t", "\n", "\r": result.unicodeScalars.append(scalar)
      case _ where scalar.value < 32 || scalar.value == 0xFFFE || scalar.value == 0xFFFF: continue
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}
