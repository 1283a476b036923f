import FettleCore

/// `http:MakeRequest`, version 4: one request to any web service.
struct MakeRequest: ModuleImplementation {
  let transport: HTTPTransport

  static let descriptor = ModuleDescriptor(
    type: "http:MakeRequest", kind: .action, effect: .effect,
    // Its own timeout is at most 300 s (semantics 2.5).
    seconds: 310,
    fields: [
      FieldDescriptor("url", "URL", .text, required: true),
      FieldDescriptor(
        "method", "Method", .text, required: true,
        choices: ["get", "post", "put", "patch", "delete", "head", "options"]),
      FieldDescriptor("parseResponse", "Parse response", .boolean),
      FieldDescriptor("stopOnHttpError", "Return error if HTTP request fails", .boolean),
      FieldDescriptor("allowRedirects", "Allow redirects", .boolean),
      FieldDescriptor("requestCompressedContent", "Request compressed content", .boolean),
      FieldDescriptor("timeout", "Timeout", .number, range: 1...300),
      FieldDescriptor("jsonStringBodyContent", "Body content", .text),
    ])

  static func effect(of input: Collection) -> EffectClass {
    (try? request(input))?.effect ?? .effect
  }

  func perform(
    _ input: Collection, in context: OperationContext
  ) async throws(ModuleError) -> OperationOutput {
    let authentication = context.module.parameters["authenticationType"]?.text ?? "noAuth"
    guard authentication.isEmpty || authentication == "noAuth" else {
      throw ModuleError(
        .invalidConfiguration,
        "the authentication \"\(authentication)\" of a keychain is not available here")
    }
    let parts = try await transport.perform(
      try Self.request(input),
      // Absent means on: a failure that nobody sees is worse than one that is stored.
      raisesOnStatus: input["stopOnHttpError"]?.boolean ?? true,
      parses: input["parseResponse"]?.boolean ?? false, now: context.clock.now())
    return OperationOutput([parts.bundle])
  }

  static func request(_ input: Collection) throws(ModuleError) -> HTTPRequest {
    var request = HTTPRequest(
      method: (input["method"]?.text ?? "get").uppercased(), url: input["url"]?.text ?? "")
    request.headers = try namedHeaders(input["headers"])
    request.addQuery(namedValues(input["queryParameters"]))
    request.followsRedirects = input["allowRedirects"]?.boolean ?? true
    request.acceptsCompression = input["requestCompressedContent"]?.boolean ?? true
    if let seconds = input["timeout"]?.number?.double {
      request.timeoutMilliseconds = Int(seconds * 1000)
    }
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
    if let type, !type.isEmpty, !request.hasHeader("Content-Type") {
      request.headers.append(HTTPHeader(name: "Content-Type", value: type))
    }
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
