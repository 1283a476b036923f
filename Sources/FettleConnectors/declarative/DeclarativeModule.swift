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
    // What a webhook received is given to the run; without it there is nothing.
    if description.takesEvents { return OperationOutput([]) }
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
    try await findColumns(&view, open, &mask)
    let output = description.output
    let limit =
      try output.limit.map { mapping throws(ModuleError) in
        Coercion.number(try view.value(mapping))?.integer
      } ?? nil
    let filter = try output.filter.map { mapping throws(ModuleError) in
      try FieldFilter(try view.value(mapping))
    }
    let order = try order(view)
    let isTrigger = descriptor.kind == .trigger
    let known =
      isTrigger
      ? try await DataStore.reading { () async throws(StoreError) in
        try await context.position()
      }?.array : nil
    var bundles: [(bundle: Bundle, key: Value)] = []
    var identities: [Value] = []
    var page: Value?
    // What is sorted is read to its end; else enough is enough.
    let enough = order == nil ? limit : nil
    for _ in 0..<Self.mostPages {
      let (answer, status) = try await ask(description.request, view, page: page, open, &mask)
      (view.answer, view.status) = (answer, status)
      let items = try items(of: answer)
      view.width = items.reduce(view.width) { max($0, $1.array?.count ?? 0) }
      for item in items {
        view.item = item
        view.number += 1
        if let filter, !(try filter.passes(in: view.scope, { view.field($0) })) { continue }
        if isTrigger, let mapping = output.identity {
          let identity = mask.masked(try view.value(mapping))
          guard !identities.contains(identity) else { continue }
          let isFull = limit.map { bundles.count >= $0 } ?? false
          let isKnown = known?.contains(identity) == true
          // What does not fit now stays unknown, and is new again the next time.
          if isKnown || !isFull { identities.append(identity) }
          if isKnown || isFull { continue }
        } else if let enough, bundles.count >= enough {
          break
        }
        bundles.append((try bundle(of: view), order.map { view.field($0.field) } ?? .null))
      }
      let next = output.nextPage?.value(in: answer) ?? .null
      guard !next.isNull, next != "", next != page, enough.map({ bundles.count < $0 }) ?? true
      else {
        break
      }
      page = next
    }
    if let order {
      // Rows that are alike stay in their order.
      bundles = bundles.enumerated().sorted { left, right in
        let (a, b) = (left.element.key, right.element.key)
        if FieldFilter.isBefore(a, b) { return !order.isDescending }
        return FieldFilter.isBefore(b, a) ? order.isDescending : left.offset < right.offset
      }.map(\.element)
      if let limit { bundles = Array(bundles.prefix(limit)) }
    }
    return OperationOutput(
      bundles.map(\.bundle),
      changes: isTrigger && identities != known ? [context.advancing(to: .array(identities))] : [])
  }

  private func order(_ view: View) throws(ModuleError) -> (field: String, isDescending: Bool)? {
    guard let by = description.output.orderBy, let field = Coercion.text(try view.value(by)),
      !field.isEmpty
    else { return nil }
    let order = try description.output.order.map { mapping throws(ModuleError) in
      Coercion.text(try view.value(mapping)) ?? ""
    }
    return (field, order?.lowercased() == "desc")
  }

  /// The bundle of the item a view shows.
  private func bundle(of view: View) throws(ModuleError) -> Bundle {
    let made = try description.output.bundle.map { mapping throws(ModuleError) in
      try view.value(mapping).asBundle
    }
    guard description.output.isRows, let cells = view.item.array else {
      return made ?? view.item.asBundle
    }
    var bundle = made ?? [:]
    // A service leaves out empty cells at the end of a row.
    for index in 0..<max(view.width, view.columns.count) {
      bundle["\(index)"] = cells.indices.contains(index) ? cells[index] : .null
    }
    for (index, name) in view.columns.enumerated() where !name.isEmpty && Int(name) == nil {
      bundle[name] = cells.indices.contains(index) ? cells[index] : .null
    }
    return bundle
  }

  /// Asks for the names of the columns where they are needed, and puts the cells of a row in their
  /// places.
  private func findColumns(
    _ view: inout View, _ open: OpenConnection?, _ mask: inout Mask
  ) async throws(ModuleError) {
    if let columns = description.columns {
      let condition = try columns.condition.map { mapping throws(ModuleError) in
        try view.value(mapping)
      }
      if condition.map({ !$0.isNull && $0 != false && $0 != "" }) ?? true {
        let (answer, _) = try await ask(columns.request, view, page: nil, open, &mask)
        view.columns = (columns.names.value(in: answer).array ?? []).map {
          Coercion.text($0) ?? ""
        }
      }
    }
    guard let row = description.request.row else { return }
    let cells = try view.value(row)
    guard let fields = cells.collection else {
      // A list is a row already.
      view.row = cells.array ?? []
      return
    }
    for field in fields.fields {
      guard let index = view.column(field.name), index < Self.mostColumns else {
        throw ModuleError(
          .data,
          "there is no column \"\(field.name)\"; there are "
            + view.columns.filter { !$0.isEmpty }.joined(separator: ", "),
          field: "values.\(field.name)", stage: .input)
      }
      while view.row.count <= index { view.row.append(.null) }
      view.row[index] = field.value
    }
  }

  /// No sheet has more columns than these.
  private static let mostColumns = 18_278

  private func items(of answer: Value) throws(ModuleError) -> [Value] {
    guard let path = description.output.items else { return [answer] }
    let value = path.value(in: answer)
    if value.isNull { return [] }
    // One thing instead of a list of them is one bundle.
    guard let items = value.array ?? (value.collection == nil ? nil : [value]) else {
      throw ModuleError(
        .data, "the answer of \(app.name) has no list at \(path.steps.joined(separator: "."))",
        detail: String(JSONWriter.text(answer).prefix(2000)))
    }
    return items
  }

  /// Asks once, and turns answers that the description calls failures into them.
  private func ask(
    _ question: DeclarativeApp.Request, _ view: View, page: Value?, _ open: OpenConnection?,
    _ mask: inout Mask
  ) async throws(ModuleError) -> (Value, status: Int) {
    var request = try request(question, view, open, page: page)
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
    let parsed: Value?
    var flaw = ""
    do {
      parsed = try JSONReader.read(
        answer.body, ofType: answer.header("Content-Type"), foreign: true)
    } catch { (parsed, flaw) = (nil, "\(error)") }
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
      if let wait = rule.retryAfter, let seconds = Coercion.number(try seen.value(wait))?.double,
        seconds > 0, seconds < 30 * 86_400
      {
        error.retryAfterSeconds = Int(seconds.rounded(.up))
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
        .data, "the answer of \(request.target) is no JSON: \(flaw)",
        detail: String(decoding: answer.body.prefix(2000), as: UTF8.self))
    }
    return (answer.body.isEmpty ? [:] : seen.answer, answer.status)
  }

  private func request(
    _ question: DeclarativeApp.Request, _ view: View, _ open: OpenConnection?, page: Value?
  ) throws(ModuleError) -> HTTPRequest {
    let base = open?.setting("url") ?? app.base
    // Some services want what proves who asks in the path.
    var inside = view
    if app.connection == "app" { inside.secrets = open }
    let path = Coercion.text(try inside.value(question.path)) ?? ""
    var request = HTTPRequest(
      method: (Coercion.text(try view.value(question.method)) ?? "get").uppercased(),
      url: (base.hasSuffix("/") ? String(base.dropLast()) : base)
        + (path.isEmpty || path.hasPrefix("/") ? path : "/" + path))
    var parts = [(question.parts, view)]
    parts.append((app.authentication, inside))
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
    switch question.body {
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
  /// `var.connection`, `var.answer`, `var.status`, `var.item`, `var.row`, `var.columns`, and `var.secret` where it is said who
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
    /// The names of the columns, in their order.
    var columns: [String] = []
    /// The number of cells in the widest row so far.
    var width = 0
    /// The cells of the row that is written.
    var row: [Value] = []

    /// What conditions of filters are evaluated in.
    var scope: Scope { Scope(bundles: [:], now: clock.now()) }

    /// The number of a column from 0, by its number, its name, or its letters (A, B, … AA).
    func column(_ name: String) -> Int? {
      if let number = Int(name), number >= 0 { return number }
      if let index = columns.firstIndex(of: name) { return index }
      let letters = name.utf8.map { Int($0) - Int(UInt8(ascii: "A")) }
      guard (1...3).contains(letters.count), letters.allSatisfy({ (0..<26).contains($0) }) else {
        return nil
      }
      return letters.reduce(0) { $0 * 26 + $1 + 1 } - 1
    }

    /// A field of the item: of a row, the cell of a column; else what stands at a place.
    func field(_ name: String) -> Value {
      if name == "__ROW_NUMBER__" { return .integer(number) }
      guard let cells = item.array else { return ValuePathText(name).value(in: item) }
      guard let index = column(name), cells.indices.contains(index) else { return .null }
      return cells[index]
    }

    func value(_ mapping: Mapping) throws(ModuleError) -> Value {
      var variables: Collection = [
        "input": .collection(input), "parameters": .collection(context.module.parameters),
        "connection": .collection(open?.connection.settings ?? [:]), "answer": answer,
        "status": .integer(status), "item": item, "number": .integer(number),
        "row": .array(row), "columns": .array(columns.map(Value.text)),
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
