import FettleCore

/// A module of an app that is described in a file.
struct DeclarativeModule: Module {
  let app: DeclarativeApp
  let description: DeclarativeApp.ModuleDescription
  let authentication: HTTPAuthentication

  var descriptor: ModuleDescriptor { description.descriptor }

  /// No app tells more pages than this of one question.
  private static let mostPages = 100

  func perform(
    _ input: Collection, in context: OperationContext
  ) async throws(ModuleError) -> OperationOutput {
    var open: OpenConnection?
    var mask = descriptor.mask(of: input)
    if let kind = app.connection {
      guard let foreign = context.module.connection() else {
        throw ModuleError(
          .invalidConfiguration, "module \(context.module.id) names no connection of \(app.name)",
          field: "__IMTCONN__")
      }
      let found = try await authentication.connections.open(foreign.id, of: foreign.app)
      guard found.connection.kind == kind else {
        throw ModuleError(
          .invalidConfiguration,
          "the connection \"\(found.connection.name)\" is of the kind \(found.connection.kind); "
            + "\(app.name) needs \(kind)")
      }
      mask = mask.joined(with: found.mask)
      open = found
    }
    do throws(ModuleError) {
      let output = try await run(input, context, open, &mask)
      return mask.masked(output)
    } catch { throw mask.masked(error) }
  }

  private func run(
    _ input: Collection, _ context: OperationContext, _ open: OpenConnection?, _ mask: inout Mask
  ) async throws(ModuleError) -> OperationOutput {
    var view = View(input: input, context: context, open: open, clock: context.clock)
    let limit =
      try description.output.limit.map { mapping throws(ModuleError) in
        Coercion.number(try view.value(mapping))?.integer
      } ?? nil
    let isTrigger = descriptor.kind == .trigger
    let known =
      isTrigger
      ? try await DataStore.reading { () async throws(StoreError) in
        try await context.position()
      }?.array : nil
    var bundles: [Bundle] = []
    var identities: [Value] = []
    var page: Value?
    for _ in 0..<Self.mostPages {
      let (answer, status) = try await ask(view, page: page, open, &mask)
      (view.answer, view.status) = (answer, status)
      for item in try items(of: answer) {
        view.item = item
        view.number += 1
        if isTrigger, let mapping = description.output.identity {
          let identity = try view.value(mapping)
          guard !identities.contains(identity) else { continue }
          let isFull = limit.map { bundles.count >= $0 } ?? false
          let isKnown = known?.contains(identity) == true
          // What does not fit now stays unknown, and is new again the next time.
          if isKnown || !isFull { identities.append(identity) }
          if isKnown || isFull { continue }
        } else if let limit, bundles.count >= limit {
          break
        }
        var bundle = item
        if let mapping = description.output.bundle { bundle = try view.value(mapping) }
        bundles.append(bundle.asBundle)
      }
      let next = description.output.nextPage?.value(in: answer) ?? .null
      guard !next.isNull, next != "", next != page, limit.map({ bundles.count < $0 }) ?? true else {
        break
      }
      page = next
    }
    guard isTrigger else { return OperationOutput(bundles) }
    return OperationOutput(
      bundles, changes: identities == known ? [] : [context.advancing(to: .array(identities))])
  }

  private func items(of answer: Value) throws(ModuleError) -> [Value] {
    guard let path = description.output.items else { return [answer] }
    let value = path.value(in: answer)
    if value.isNull { return [] }
    guard let items = value.array else {
      throw ModuleError(
        .data, "the answer of \(app.name) has no list at \(path.steps.joined(separator: "."))",
        detail: String(JSONWriter.text(answer).prefix(2000)))
    }
    return items
  }

  /// Asks once, and turns answers that the description calls failures into them.
  private func ask(
    _ view: View, page: Value?, _ open: OpenConnection?, _ mask: inout Mask
  ) async throws(ModuleError) -> (Value, status: Int) {
    var request = try request(view, open, page: page)
    var refresh: OpenConnection?
    if let open, app.connection != "app" {
      let used = try await authentication.authenticate(&request, with: open)
      mask = mask.joined(with: used.mask)
      refresh = used.refresh
    }
    var answer = try await authentication.transport.exchange(request)
    if answer.status == 401, let refresh {
      await authentication.tokens.forget(refresh)
      mask = mask.joined(with: try await authentication.authenticate(&request, with: refresh).mask)
      answer = try await authentication.transport.exchange(request)
    }
    let parsed = try? JSONReader.read(answer.body)
    var seen = view
    seen.answer = parsed ?? .text(String(decoding: answer.body, as: UTF8.self))
    seen.status = answer.status
    for rule in description.errors + app.errors where rule.fits(answer.status, seen.answer) {
      guard let type = rule.type else { return (seen.answer, answer.status) }
      var error =
        HTTPErrorMap.error(answer, to: request, now: view.clock.now())
        ?? ModuleError(
          type, "\(request.method) \(request.target) was refused",
          detail: String(decoding: answer.body.prefix(2000), as: UTF8.self))
      error.type = type
      if let message = rule.message,
        let text = Coercion.text(try seen.value(message)), !text.isEmpty
      {
        error.message = "\(app.name): \(text)"
      }
      if type == .rateLimit, error.retryAfterSeconds == nil {
        error.retryAfterSeconds = answer.header("Retry-After").flatMap {
          HTTPErrorMap.retryAfter($0, now: view.clock.now())
        }
      }
      throw error
    }
    if let error = HTTPErrorMap.error(answer, to: request, now: view.clock.now()) { throw error }
    // Who may ask for anything may be answered with anything.
    guard parsed != nil || answer.body.isEmpty || description.takesAnyAnswer else {
      throw ModuleError(
        .data, "the answer of \(request.target) is no JSON",
        detail: String(decoding: answer.body.prefix(2000), as: UTF8.self))
    }
    return (answer.body.isEmpty ? [:] : seen.answer, answer.status)
  }

  private func request(
    _ view: View, _ open: OpenConnection?, page: Value?
  ) throws(ModuleError) -> HTTPRequest {
    let base = open?.setting("url") ?? app.base
    // Some services want what proves who asks in the path.
    var inside = view
    if app.connection == "app" { inside.secrets = open }
    let path = Coercion.text(try inside.value(description.path)) ?? ""
    var request = HTTPRequest(
      method: (Coercion.text(try view.value(description.method)) ?? "get").uppercased(),
      url: (base.hasSuffix("/") ? String(base.dropLast()) : base)
        + (path.isEmpty || path.hasPrefix("/") ? path : "/" + path))
    var parts = [(description.parts, view)]
    if app.connection == "app" { parts.append((app.authentication, inside)) }
    for (part, view) in parts {
      request.headers += try namedHeaders(Self.pairs(try view.value(part.headers)))
      request.addQuery(namedValues(Self.pairs(try view.value(part.query))))
    }
    if let page, let name = description.output.pageParameter {
      request.addQuery([(name, Coercion.text(page) ?? "")])
    } else if let page, let next = page.text, next.hasPrefix("http") {
      // Only the same service is asked for more: the credentials go along.
      guard WebAddress.origin(of: next) == WebAddress.origin(of: request.url) else {
        throw ModuleError(.data, "\(app.name) tells its next page at another service: \(next)")
      }
      request.url = next
    }
    switch description.body {
    case .none: break
    case .json(let mapping):
      request.body = .bytes(JSONWriter.bytes(Self.pruned(try view.value(mapping))))
      if !request.hasHeader("Content-Type") {
        request.headers.append(
          HTTPHeader(name: "Content-Type", value: "application/json; charset=utf-8"))
      }
    case .text(let mapping):
      let text = Coercion.text(try view.value(mapping)) ?? ""
      if !text.isEmpty { request.body = .bytes(Array(text.utf8)) }
    case .form(let mapping):
      let pairs = namedValues(Self.pairs(try view.value(mapping)))
      request.body = .bytes(Array(HTTPRequest.formEncoded(pairs).utf8))
      request.headers.append(
        HTTPHeader(name: "Content-Type", value: "application/x-www-form-urlencoded"))
    }
    return request
  }

  /// Fields that nothing was mapped to are not sent.
  private static func pruned(_ value: Value) -> Value {
    guard let fields = value.collection else { return value }
    return .collection(
      Collection(
        fields.fields.filter { !$0.value.isNull && $0.value != "" }.map {
          ($0.name, pruned($0.value))
        }))
  }

  private static func pairs(_ value: Value) -> Value {
    // Exports have lists of names and values, too.
    if let list = value.array {
      return .array(
        list.compactMap { element in
          guard let fields = element.collection, let name = fields["name"] ?? fields["key"] else {
            return nil
          }
          return ["name": name, "value": fields["value"] ?? .null]
        })
    }
    return .array(
      (value.collection?.fields ?? []).filter { !$0.value.isNull && $0.value != "" }.map {
        ["name": .text($0.name), "value": $0.value]
      })
  }

  /// What the templates of a description can see: `var.input`, `var.parameters`,
  /// `var.connection`, `var.answer`, `var.status`, `var.item`, and `var.secret` where it is said who
  /// asks.
  struct View {
    let input: Collection
    let context: OperationContext
    let open: OpenConnection?
    let clock: any RunClock
    var answer: Value = .null
    var status = 0
    var item: Value = .null
    /// How many items there were so far, with this one.
    var number = 0
    var secrets: OpenConnection?

    func value(_ mapping: Mapping) throws(ModuleError) -> Value {
      var variables: Collection = [
        "input": .collection(input), "parameters": .collection(context.module.parameters),
        "connection": .collection(open?.connection.settings ?? [:]), "answer": answer,
        "status": .integer(status), "item": item, "number": .integer(number),
      ]
      if let secrets {
        variables["secret"] = .collection(
          Collection(
            secrets.secretNames.map {
              ($0, secrets.secret($0).map(Value.text) ?? .null)
            }))
      }
      do throws(MappingError) {
        return try mapping.evaluate(
          in: Scope(bundles: [:], now: clock.now(), variables: variables))
      } catch {
        throw ModuleError(
          .invalidConfiguration, "the description of \(context.module.type): \(error)")
      }
    }
  }
}

extension DeclarativeApp.ErrorRule {
  /// Whether it is about an answer.
  func fits(_ status: Int, _ answer: Value) -> Bool {
    if !statuses.isEmpty, !statuses.contains(status) { return false }
    guard let path else { return true }
    let value = path.value(in: answer)
    if values.isEmpty { return !value.isNull && value != false && value != "" }
    return values.contains { expected in
      expected == value || Coercion.text(expected) == Coercion.text(value)
    }
  }
}
