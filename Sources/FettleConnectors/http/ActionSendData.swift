import FettleCore

/// `http:ActionSendData`, version 3, and its variants, which differ in what proves who asks.
struct ActionSendData: Module {
  let authentication: HTTPAuthentication
  let descriptor: ModuleDescriptor
  /// The parameters that name the keychain; empty when the module has none.
  private let keychains: [String]

  /// The variants, with the parameter that names their keychain (blueprints 9).
  private static let variants: [(type: String, keychains: [String])] = [
    ("http:ActionSendData", []),
    ("http:ActionSendDataBasicAuth", ["key", "auth"]),
    ("http:ActionSendDataAPIKeyAuth", ["auth", "key"]),
    ("http:ActionSendDataClientCertAuth", ["auth", "key"]),
    ("http:ActionSendDataOAuth", ["account", "auth", "__IMTCONN__"]),
  ]

  /// All of them.
  static func all(_ authentication: HTTPAuthentication) -> [any Module] {
    variants.map { variant in
      ActionSendData(
        authentication: authentication,
        descriptor: ModuleDescriptor(
          type: variant.type, kind: .action, effect: .effect, seconds: HTTPFields.seconds,
          fields: HTTPFields.three),
        keychains: variant.keychains)
    }
  }

  func effect(of input: Collection) -> EffectClass { (try? Self.request(input))?.effect ?? .effect }

  func perform(
    _ input: Collection, in context: OperationContext
  ) async throws(ModuleError) -> OperationOutput {
    var call = HTTPCall(
      try Self.request(input), input,
      // "Evaluate all states as errors (except for 2xx and 3xx)" is a static parameter; absent means
      // off, as in the exporter's own schema.
      raisesOnStatus: context.module.parameters["handleErrors"].flatMap(Coercion.boolean) ?? false)
    if !keychains.isEmpty { call.keychains = [(keychains, true)] }
    var outcome = try await call.perform(
      by: authentication, in: context,
      masking: descriptor.mask(of: input, user: input["authUser"]?.text))
    outcome.bundle["cookieHeaders"] = .array(
      outcome.answer.headers.filter { $0.isNamed("Set-Cookie") }
        .map { .text(outcome.mask.masked($0.value)) })
    outcome.bundle["fileSize"] = .integer(outcome.answer.body.count)
    return outcome.output
  }

  static func request(_ input: Collection) throws(ModuleError) -> HTTPRequest {
    var request = try HTTPFields.request(input)
    request.addQuery(namedValues(input["qs"]))
    // "Follow redirect" is about what only reads; other methods have a switch of their own.
    request.followsRedirects =
      ["GET", "HEAD"].contains(request.method)
      ? input["followRedirect"]?.boolean ?? true : input["followAllRedirects"]?.boolean ?? false
    request.trust.verifies = input["rejectUnauthorized"]?.boolean ?? true
    let ca = contentBytes(input["ca"])
    if !ca.isEmpty { request.trust.certificates = ca }
    request.acceptsCompression = input["gzip"]?.boolean ?? true
    if let user = input["authUser"]?.text, !user.isEmpty {
      request.credentials = .basic(user: user, password: input["authPass"]?.text ?? "")
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
    request.declare(type)
    return request
  }
}
