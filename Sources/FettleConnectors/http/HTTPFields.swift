import FettleCore

/// The fields that the HTTP modules have in common, and what they mean for a request.
enum HTTPFields {
  static let url = FieldDescriptor("url", "URL", .text, required: true)
  static let method = FieldDescriptor(
    "method", "Method", .text, required: true,
    choices: ["get", "post", "put", "patch", "delete", "head", "options"])
  static let headers = FieldDescriptor("headers", "Headers", nil, listsNames: true)
  static let parseResponse = FieldDescriptor("parseResponse", "Parse response", .boolean)
  static let shareCookies = FieldDescriptor(
    "shareCookies", "Share cookies with other HTTP modules", .boolean)
  static let timeout = FieldDescriptor("timeout", "Timeout", .number, range: 1...300)

  /// Its own timeout is at most 300 s (semantics 2.5), and redirects may follow.
  static let seconds = 310

  /// The timeout an input asks for.
  static func timeout(_ input: Collection) -> Int {
    input["timeout"]?.number.map { Int($0.double * 1000) } ?? 40_000
  }

  /// What the fields that they have in common ask for.
  static func request(_ input: Collection) throws(ModuleError) -> HTTPRequest {
    var request = HTTPRequest(
      method: (input["method"]?.text ?? "get").uppercased(), url: input["url"]?.text ?? "")
    request.headers = try namedHeaders(input["headers"])
    request.timeoutMilliseconds = timeout(input)
    return request
  }

  /// The fields of version 3.
  static let three: [FieldDescriptor] = [
    url, method, headers,
    FieldDescriptor("qs", "Query string", nil, listsNames: true),
    FieldDescriptor(
      "bodyType", "Body type", .text,
      choices: ["raw", "x_www_form_urlencoded", "multipart_form_data"]),
    FieldDescriptor("contentType", "Content type", .text),
    FieldDescriptor("data", "Request content", nil),
    FieldDescriptor("formFields", "Fields", nil),
    FieldDescriptor("formDataFields", "Fields", nil),
    parseResponse, timeout, shareCookies,
    FieldDescriptor("gzip", "Request compressed content", .boolean),
    FieldDescriptor("followRedirect", "Follow redirect", .boolean),
    FieldDescriptor("followAllRedirects", "Follow all redirect", .boolean),
    FieldDescriptor(
      "rejectUnauthorized", "Reject connections with unverified certificates", .boolean),
    FieldDescriptor("ca", "Self-signed certificate", nil),
    FieldDescriptor("authUser", "User name", .text),
    FieldDescriptor("authPass", "Password", .text, secret: true),
  ]

  /// The fields of version 4.
  static let four: [FieldDescriptor] = [
    url, method, headers,
    FieldDescriptor("queryParameters", "Query parameters", nil, listsNames: true),
    FieldDescriptor(
      "contentType", "Body content type", .text,
      choices: ["json", "urlEncoded", "multipart", "custom"]),
    FieldDescriptor(
      "inputMethod", "Body input method", .text, choices: ["jsonString", "dataStructure"]),
    FieldDescriptor("jsonStringBodyContent", "Body content", .text),
    FieldDescriptor("dataStructureBodyContent", "Body content", nil),
    FieldDescriptor("urlEncodedBodyContent", "Body content", nil),
    FieldDescriptor("multipartBodyContent", "Body content", nil),
    FieldDescriptor("rawBodyContent", "Body content", nil),
    FieldDescriptor("contentTypeValue", "Content type", .text),
    parseResponse,
    FieldDescriptor("stopOnHttpError", "Return error if HTTP request fails", .boolean),
    FieldDescriptor("allowRedirects", "Allow redirects", .boolean),
    FieldDescriptor("requestCompressedContent", "Request compressed content", .boolean),
    timeout, shareCookies,
  ]
}
