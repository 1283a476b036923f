import FettleCore
import Yams

extension DeclarativeApp {
  /// Why a file describes no app, with the place in it.
  public struct Problem: Error, Hashable, Sendable, CustomStringConvertible {
    /// One sentence for people.
    public let description: String

    init(_ place: String, _ what: String) {
      description = place.isEmpty ? what : "\(place): \(what)"
    }
  }

  /// Reads the description of an app.
  public init(yaml text: String) throws(Problem) {
    let value: Value
    do {
      guard let node = try Yams.compose(yaml: text) else { throw Problem("", "the file is empty") }
      var count = 0
      value = try Self.value(node, depth: 0, &count)
    } catch let problem as Problem { throw problem } catch { throw Problem("", "\(error)") }
    let app = try Section(
      value, at: "",
      knowing: [
        "app", "label", "base", "connection", "login", "authentication", "errors", "modules",
      ])
    name = try app.text("app")
    guard !name.isEmpty, !name.contains(":") else {
      throw Problem("app", "is the part of a module's type before the colon, such as slack")
    }
    base = try app.text("base")
    let kind = try app.optionalText("connection") ?? "none"
    guard kind == "none" || ConnectionKind.named(kind) != nil else {
      throw Problem("connection", "there is no kind \(kind)")
    }
    connection = kind == "none" ? nil : kind
    secretNames = kind == "app" ? Self.secretNames(in: value) : []
    login =
      try app.section(
        "login",
        knowing: ["authorize-url", "token-url", "scope", "redirect-port", "token-header"])?
      .fields ?? [:]
    guard login.isEmpty || kind == "oauth2" else {
      throw Problem("login", "is for the connection oauth2")
    }
    authentication = try Parts(app.section("authentication", knowing: ["headers", "query"]))
    errors = try ErrorRule.all(app.value("errors"), at: "errors")
    var modules: [ModuleDescription] = []
    let described = try app.section("modules", knowing: nil)
    for field in described?.fields.fields ?? [] {
      modules.append(
        try ModuleDescription(
          field.value, type: "\(name):\(field.name)", at: "modules.\(field.name)"))
    }
    guard !modules.isEmpty else { throw Problem("modules", "there is none") }
    self.modules = modules
  }

  /// The names behind `var.secret.` in the templates of a description.
  private static func secretNames(in value: Value) -> [String] {
    var names: [String] = []
    func look(at value: Value) {
      switch value {
      case .text(let text):
        for range in text.ranges(of: "var.secret.") {
          let name = text[range.upperBound...].drop { $0 == "`" }.prefix {
            $0.isLetter || $0.isNumber || $0 == "-" || $0 == "_"
          }
          if !name.isEmpty, !names.contains(String(name)) { names.append(String(name)) }
        }
      case .array(let elements): for element in elements { look(at: element) }
      case .collection(let fields): for field in fields.fields { look(at: field.value) }
      default: break
      }
    }
    look(at: value)
    return names
  }

  /// More than the description of the largest service has.
  private static let mostNodes = 100_000

  /// A node of YAML as a value. A text in quotes is a text, whatever it looks like.
  /// - Parameter count: the nodes so far. References that hold references are few letters and very
  ///   many nodes.
  private static func value(_ node: Node, depth: Int, _ count: inout Int) throws -> Value {
    guard depth < 64 else { throw Problem("", "it is nested deeper than 64") }
    count += 1
    guard count <= mostNodes else {
      throw Problem("", "it has more than \(mostNodes) values; write it without references (&, *)")
    }
    switch node {
    case .mapping(let mapping):
      var fields: Collection = [:]
      for (key, inner) in mapping {
        guard let name = key.string else { throw Problem("", "the name of a field is no text") }
        guard fields[name] == nil else { throw Problem(name, "stands there twice") }
        fields[name] = try value(inner, depth: depth + 1, &count)
      }
      return .collection(fields)
    case .sequence(let sequence):
      return .array(try sequence.map { try value($0, depth: depth + 1, &count) })
    case .scalar(let scalar):
      guard scalar.style == .plain else { return .text(scalar.string) }
      switch scalar.string {
      case "", "~", "null": return .null
      case "true": return true
      case "false": return false
      default: return Number(json: scalar.string).map(Value.number) ?? .text(scalar.string)
      }
    default: throw Problem("", "references (&, *) are not read")
    }
  }
}

/// Some fields of a description: what is not known is refused, because it is a slip of the pen.
struct Section {
  let fields: Collection
  let place: String

  init(_ value: Value, at place: String, knowing known: [String]?) throws(DeclarativeApp.Problem) {
    guard let fields = value.collection else {
      throw DeclarativeApp.Problem(place, "fields are expected here")
    }
    if let known, let other = fields.names.first(where: { !known.contains($0) }) {
      throw DeclarativeApp.Problem(
        place.isEmpty ? other : "\(place).\(other)",
        "is not known; there are \(known.joined(separator: ", "))")
    }
    self.fields = fields
    self.place = place
  }

  func path(_ name: String) -> String { place.isEmpty ? name : "\(place).\(name)" }

  func value(_ name: String) -> Value? { fields[name].flatMap { $0.isNull ? nil : $0 } }

  func text(_ name: String) throws(DeclarativeApp.Problem) -> String {
    guard let text = try optionalText(name) else {
      throw DeclarativeApp.Problem(path(name), "is missing")
    }
    return text
  }

  func optionalText(_ name: String) throws(DeclarativeApp.Problem) -> String? {
    guard let value = value(name) else { return nil }
    guard value.collection == nil, value.array == nil, let text = Coercion.text(value) else {
      throw DeclarativeApp.Problem(path(name), "must be a text")
    }
    return text
  }

  func section(
    _ name: String, knowing known: [String]?
  ) throws(DeclarativeApp.Problem) -> Section? {
    guard let value = value(name) else { return nil }
    return try Section(value, at: path(name), knowing: known)
  }

  /// A value of templates; one that can never be evaluated is refused now.
  func mapping(_ name: String) throws(DeclarativeApp.Problem) -> Mapping? {
    guard let value = value(name) else { return nil }
    let mapping = Mapping(compiling: value)
    if let problem = Self.firstProblem(value) {
      throw DeclarativeApp.Problem(path(name), problem)
    }
    return mapping
  }

  private static func firstProblem(_ value: Value) -> String? {
    switch value {
    case .text(let text):
      Template(text).problems.first { $0.severity == .error }
        .map { "\"\(text)\": \($0.message) at \($0.position)" }
    case .array(let elements): elements.lazy.compactMap(firstProblem).first
    case .collection(let fields): fields.fields.lazy.compactMap { firstProblem($0.value) }.first
    default: nil
    }
  }
}

extension DeclarativeApp.Parts {
  init(_ section: Section?) throws(DeclarativeApp.Problem) {
    guard let section else { return }
    headers = try section.mapping("headers") ?? headers
    query = try section.mapping("query") ?? query
  }
}

extension DeclarativeApp.ErrorRule {
  static func all(
    _ value: Value?, at place: String
  ) throws(DeclarativeApp.Problem) -> [DeclarativeApp.ErrorRule] {
    guard let value else { return [] }
    guard let elements = value.array else {
      throw DeclarativeApp.Problem(place, "must be a list")
    }
    var rules: [DeclarativeApp.ErrorRule] = []
    for (index, element) in elements.enumerated() {
      let section = try Section(
        element, at: "\(place)[\(index + 1)]",
        knowing: ["status", "path", "is", "type", "message", "retryAfter"])
      let list = { (name: String) in
        section.value(name).map { $0.array ?? [$0] } ?? []
      }
      let type = try section.text("type")
      guard type == "none" || ErrorType.table.contains(where: { $0.type.rawValue == type }) else {
        throw DeclarativeApp.Problem(
          section.path("type"),
          "there is no \(type); there are none, "
            + ErrorType.table.map(\.type.rawValue).joined(separator: ", "))
      }
      guard section.value("status") != nil || section.value("path") != nil else {
        throw DeclarativeApp.Problem(section.place, "needs a status, a path or both")
      }
      rules.append(
        DeclarativeApp.ErrorRule(
          statuses: Set(list("status").compactMap { Coercion.number($0)?.integer }),
          path: try section.optionalText("path").map(ValuePathText.init), values: list("is"),
          type: type == "none" ? nil : ErrorType(type), message: try section.mapping("message"),
          retryAfter: try section.mapping("retryAfter")))
    }
    return rules
  }
}

extension DeclarativeApp.ModuleDescription {
  init(_ value: Value, type: String, at place: String) throws(DeclarativeApp.Problem) {
    let module = try Section(
      value, at: place,
      knowing: [
        "label", "kind", "effect", "seconds", "fields", "columns", "request", "output", "errors",
      ])
    let kindName = try module.optionalText("kind") ?? "action"
    takesEvents = kindName == "webhook"
    guard let kind = takesEvents ? .trigger : ModuleKind(rawValue: kindName),
      [.action, .search, .trigger].contains(kind)
    else {
      throw DeclarativeApp.Problem(
        module.path("kind"), "must be action, search, trigger or webhook")
    }
    let asked = try module.section(
      "request", knowing: ["method", "path", "query", "headers", "body", "form", "text", "row"])
    guard (asked == nil) == takesEvents else {
      throw DeclarativeApp.Problem(
        module.path("request"), takesEvents ? "a webhook asks for nothing" : "is missing")
    }
    let methodName = try asked?.optionalText("method") ?? "get"
    request = try DeclarativeApp.Request(asked)
    columns = try DeclarativeApp.Columns(
      module.section("columns", knowing: ["when", "path", "query", "names"]))
    output = try DeclarativeApp.Output(
      module.section(
        "output",
        knowing: [
          "items", "rows", "bundle", "filter", "orderBy", "order", "limit", "nextPage",
          "pageParameter", "identity",
        ]))
    errors = try DeclarativeApp.ErrorRule.all(module.value("errors"), at: module.path("errors"))
    guard kind != .trigger || takesEvents || output.identity != nil else {
      throw DeclarativeApp.Problem(
        module.path("output.identity"),
        "a trigger needs the field that tells one item from another, such as id")
    }
    let standard: EffectClass =
      switch methodName.uppercased() {
      case "GET", "HEAD": .read
      case "PUT", "DELETE": .idempotent
      default: .effect
      }
    let effectName = try module.optionalText("effect") ?? standard.rawValue
    guard let effect = EffectClass(rawValue: effectName), effect != .transactional else {
      throw DeclarativeApp.Problem(
        module.path("effect"), "must be pure, read, idempotent or effect")
    }
    descriptor = ModuleDescriptor(
      type: type, kind: kind, effect: effect,
      seconds: module.value("seconds").flatMap(Coercion.number)?.integer ?? 60,
      fields: try Self.fields(module))
  }

  private static func fields(
    _ module: Section
  ) throws(DeclarativeApp.Problem) -> [FieldDescriptor] {
    var fields: [FieldDescriptor] = []
    for (index, value) in (module.value("fields")?.array ?? []).enumerated() {
      let field = try Section(
        value, at: module.path("fields[\(index + 1)]"),
        knowing: ["name", "label", "type", "required", "choices", "min", "max", "secret"])
      let name = try field.text("name")
      let typeName = try field.optionalText("type")
      let kind = typeName.flatMap(ValueKind.init(rawValue:))
      guard typeName == nil || typeName == "any" || kind != nil else {
        throw DeclarativeApp.Problem(
          field.path("type"),
          "must be any, " + ValueKind.allCases.map(\.rawValue).joined(separator: ", "))
      }
      let number = { (name: String) in field.value(name).flatMap(Coercion.number)?.double }
      let (least, most) = (number("min"), number("max"))
      var range: ClosedRange<Double>?
      if least != nil || most != nil {
        let (low, high) = (least ?? 0, most ?? .greatestFiniteMagnitude)
        guard low <= high else { throw DeclarativeApp.Problem(field.path("min"), "exceeds max") }
        range = low...high
      }
      fields.append(
        FieldDescriptor(
          name, try field.optionalText("label") ?? name, kind,
          required: field.value("required")?.boolean ?? false,
          choices: (field.value("choices")?.array ?? []).compactMap(Coercion.text), range: range,
          secret: field.value("secret")?.boolean ?? false))
    }
    return fields
  }
}

extension DeclarativeApp.Request {
  init(_ section: Section?) throws(DeclarativeApp.Problem) {
    guard let section else { return }
    method = try section.mapping("method") ?? method
    path = try section.mapping("path") ?? path
    parts.headers = try section.mapping("headers") ?? parts.headers
    parts.query = try section.mapping("query") ?? parts.query
    row = try section.mapping("row")
    if let mapping = try section.mapping("body") {
      body = .json(mapping)
    } else if let form = try section.mapping("form") {
      body = .form(form)
    } else if let text = try section.mapping("text") {
      body = .text(text)
    }
  }
}

extension DeclarativeApp.Columns {
  init?(_ section: Section?) throws(DeclarativeApp.Problem) {
    guard let section else { return nil }
    condition = try section.mapping("when")
    request = try DeclarativeApp.Request(section)
    names = ValuePathText(try section.text("names"))
  }
}

extension DeclarativeApp.Output {
  init(_ section: Section?) throws(DeclarativeApp.Problem) {
    guard let section else { return }
    items = try section.optionalText("items").map(ValuePathText.init)
    isRows = section.value("rows")?.boolean ?? false
    bundle = try section.mapping("bundle")
    filter = try section.mapping("filter")
    orderBy = try section.mapping("orderBy")
    order = try section.mapping("order")
    limit = try section.mapping("limit")
    nextPage = try section.optionalText("nextPage").map(ValuePathText.init)
    pageParameter = try section.optionalText("pageParameter")
    // A place in the item, or a template.
    identity =
      try section.optionalText("identity").map { text in
        let steps = ValuePathText(text).steps.map { Int($0) == nil ? ".`\($0)`" : "[\($0)]" }
        return text.contains("{{") ? text : "{{var.item\(steps.joined())}}"
      }.map { Mapping(compiling: .text($0)) }
  }
}
