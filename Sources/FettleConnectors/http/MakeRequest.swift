import FettleCore

/// `http:MakeRequest`, version 4: one request to any web service.
struct MakeRequest: Module {
  let authentication: HTTPAuthentication
  let descriptor = ModuleDescriptor(
    type: "http:MakeRequest", kind: .action, effect: .effect, seconds: HTTPFields.seconds,
    fields: HTTPFields.four)

  func effect(of input: Collection) -> EffectClass { (try? Self.request(input))?.effect ?? .effect }

  func perform(
    _ input: Collection, in context: OperationContext
  ) async throws(ModuleError) -> OperationOutput {
    var call = HTTPCall(
      try Self.request(input), input,
      // Absent means on: a failure that nobody sees is worse than one that is stored.
      raisesOnStatus: input["stopOnHttpError"]?.boolean ?? true)
    call.keychains = Self.keychains(context.module.parameters)
    return try await call.perform(by: authentication, in: context).output
  }

  /// Where the keychains of version 4 stand: `authenticationType` says which one proves who asks,
  /// `tlsType` whether there is one for the connection as well.
  static func keychains(
    _ parameters: Collection
  ) -> [(parameters: [String], isRequired: Bool)] {
    var keychains: [(parameters: [String], isRequired: Bool)] = []
    let names = parameters.names.filter { $0.hasSuffix("Keychain") && $0 != "proxyKeychain" }
    let isTLS = { (name: String) in
      name.lowercased().contains("tls") || name.lowercased().contains("cert")
    }
    let type = parameters["authenticationType"]?.text ?? ""
    if !type.isEmpty, type != "noAuth" {
      keychains.append((names.filter { !isTLS($0) } + ["auth", "key", "account"], true))
    }
    if let tls = parameters["tlsType"]?.text, !tls.isEmpty {
      keychains.append((names.filter(isTLS), true))
    }
    keychains.append((["proxyKeychain"], false))
    return keychains
  }

  static func request(_ input: Collection) throws(ModuleError) -> HTTPRequest {
    var request = try HTTPFields.request(input)
    request.addQuery(namedValues(input["queryParameters"]))
    request.followsRedirects = input["allowRedirects"]?.boolean ?? true
    request.acceptsCompression = input["requestCompressedContent"]?.boolean ?? true
    try setBody(of: &request, input)
    return request
  }

  private static func setBody(
    of request: inout HTTPRequest, _ input: Collection
  ) throws(ModuleError) {
    var type: String?
    switch input["contentType"]?.text {
    case "json":
      type = "application/json"
      if input["inputMethod"]?.text == "dataStructure" {
        request.body = .bytes(JSONWriter.bytes(input["dataStructureBodyContent"] ?? .null))
      } else {
        let body = Array((input["jsonStringBodyContent"]?.text ?? "").utf8)
        request.body = .bytes(body)
        // The service would refuse it; said here, the operator knows the field and the place.
        do { if !body.isEmpty { _ = try JSONReader.read(body) } } catch {
          throw ModuleError(
            .data, "\"jsonStringBodyContent\" is no JSON: \(error)",
            field: "jsonStringBodyContent", stage: .input)
        }
      }
    case "urlEncoded":
      type = "application/x-www-form-urlencoded"
      request.body = .bytes(
        Array(HTTPRequest.formEncoded(namedValues(input["urlEncodedBodyContent"])).utf8))
    case "multipart":
      request.body = .form(formParts(input["multipartBodyContent"]))
    case "custom":
      type = input["contentTypeValue"]?.text
      request.body = .bytes(contentBytes(input["rawBodyContent"]))
    default: break
    }
    request.declare(type)
  }
}

/// The parts of a multipart form: texts and files.
func formParts(_ value: Value?) -> [HTTPRequest.FormPart] {
  (value?.array ?? []).compactMap { element in
    guard let fields = element.collection,
      let name = (fields["key"] ?? fields["name"]).flatMap(Coercion.text), !name.isEmpty
    else { return nil }
    let isFile = fields["fieldType"]?.text == "file" || fields["data"]?.isNull == false
    return HTTPRequest.FormPart(
      name: name, fileName: isFile ? fields["fileName"]?.text ?? name : nil,
      content: contentBytes(isFile ? fields["data"] : fields["value"]))
  }
}

/// A value as the bytes of a body.
func contentBytes(_ value: Value?) -> [UInt8] {
  switch value {
  case nil, .null?: []
  case .buffer(let buffer)?: buffer.bytes
  case .collection?, .array?: value.map { JSONWriter.bytes($0) } ?? []
  case let other?: Array((Coercion.text(other) ?? "").utf8)
  }
}
