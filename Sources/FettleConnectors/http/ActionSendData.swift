import FettleCore

/// `http:ActionSendData`, version 3: one request to any web service.
struct ActionSendData: ModuleImplementation {
  let transport: HTTPTransport

  static let descriptor = ModuleDescriptor(
    type: "http:ActionSendData", kind: .action, effect: .effect,
    // Its own timeout is at most 300 s (semantics 2.5).
    seconds: 310,
    fields: [
      FieldDescriptor("url", "URL", .text, required: true),
      FieldDescriptor(
        "method", "Method", .text, required: true,
        choices: ["get", "post", "put", "patch", "delete", "head", "options"]),
      FieldDescriptor("parseResponse", "Parse response", .boolean),
      FieldDescriptor("timeout", "Timeout", .number, range: 1...300),
      FieldDescriptor("gzip", "Request compressed content", .boolean),
      FieldDescriptor("followRedirect", "Follow redirect", .boolean),
      FieldDescriptor(
        "rejectUnauthorized", "Reject connections with unverified certificates", .boolean),
      FieldDescriptor("authUser", "User name", .text),
      FieldDescriptor("authPass", "Password", .text, secret: true),
    ])

  static func effect(of input: Collection) -> EffectClass {
    (try? request(input))?.effect ?? .effect
  }

  func perform(
    _ input: Collection, in context: OperationContext
  ) async throws(ModuleError) -> OperationOutput {
    let request = try Self.request(input)
    // "Evaluate all states as errors (except for 2xx and 3xx)" is a static parameter; absent means
    // off, as in the exporter's own schema.
    let raises = context.module.parameters["handleErrors"].flatMap(Coercion.boolean) ?? false
    var parts = try await transport.perform(
      request, raisesOnStatus: raises, parses: input["parseResponse"]?.boolean ?? false,
      now: context.clock.now())
    parts.bundle["cookieHeaders"] = .array(
      parts.answer.headers.filter { $0.isNamed("Set-Cookie") }.map { .text($0.value) })
    parts.bundle["fileSize"] = .integer(parts.answer.body.count)
    return OperationOutput([parts.bundle])
  }

  static func request(_ input: Collection) throws(ModuleError) -> HTTPRequest {
    var request = HTTPRequest(
      method: (input["method"]?.text ?? "get").uppercased(), url: input["url"]?.text ?? "")
    request.headers = try namedHeaders(input["headers"])
    request.addQuery(namedValues(input["qs"]))
    request.followsRedirects = input["followRedirect"]?.boolean ?? true
    request.verifiesTLS = input["rejectUnauthorized"]?.boolean ?? true
    request.acceptsCompression = input["gzip"]?.boolean ?? true
    if let seconds = input["timeout"]?.number?.double {
      request.timeoutMilliseconds = Int(seconds * 1000)
    }
    if let user = input["authUser"]?.text, !user.isEmpty {
      request.basic = (user, input["authPass"]?.text ?? "")
    }
    var type: String?
    switch input["bodyType"]?.text {
    case "raw":
      type = input["contentType"]?.text
      request.body = .bytes(contentBytes(input["data"]))
    case "x_www_form_urlencoded":
      type = "application/x-www-form-urlencoded"
      request.body = .bytes(
        Array(HTTPRequest.formEncoded(namedValues(input["formFields"])).utf8))
    case "multipart_form_data": request.body = .form(formParts(input["formDataFields"]))
    default: break
    }
    if let type, !type.isEmpty, !request.hasHeader("Content-Type") {
      request.headers.append(HTTPHeader(name: "Content-Type", value: type))
    }
    return request
  }
}
