import FettleCore

/// `http:ActionGetFile`, version 3, and `http:DownloadFile`, version 4: what an address gives, as a
/// file.
struct GetFile: Module {
  let authentication: HTTPAuthentication
  let descriptor: ModuleDescriptor
  private let isFour: Bool

  /// Those of the module that sends anything, but for the method and the body.
  private static func fields(_ all: [FieldDescriptor]) -> [FieldDescriptor] {
    let others: Set = [
      "method", "bodyType", "contentType", "data", "formFields", "formDataFields", "inputMethod",
      "parseResponse", "contentTypeValue",
    ]
    return all.filter { !others.contains($0.name) && !$0.name.hasSuffix("BodyContent") }
  }

  /// Both.
  static func all(_ authentication: HTTPAuthentication) -> [any Module] {
    [("http:ActionGetFile", false), ("http:DownloadFile", true)].map { type, isFour in
      GetFile(
        authentication: authentication,
        descriptor: ModuleDescriptor(
          type: type, kind: .action, effect: .read, seconds: HTTPFields.seconds,
          fields: fields(isFour ? HTTPFields.four : HTTPFields.three)),
        isFour: isFour)
    }
  }

  func perform(
    _ input: Collection, in context: OperationContext
  ) async throws(ModuleError) -> OperationOutput {
    var request = try isFour ? MakeRequest.request(input) : ActionSendData.request(input)
    request.method = "GET"
    request.body = .none
    let parameters = context.module.parameters
    var call = HTTPCall(
      request, input,
      raisesOnStatus: isFour
        ? input["stopOnHttpError"]?.boolean ?? true
        : parameters["handleErrors"].flatMap(Coercion.boolean) ?? false)
    call.keychains = isFour ? MakeRequest.keychains(parameters) : []
    call.parses = false
    var outcome = try await call.perform(
      by: authentication, in: context,
      masking: descriptor.mask(of: input, user: input["authUser"]?.text))
    let answer = outcome.answer
    outcome.bundle["data"] = outcome.mask.masked(.buffer(Buffer(answer.body)))
    outcome.bundle["fileName"] = .text(
      outcome.mask.masked(
        answer.header("Content-Disposition").flatMap(Self.fileName)
          ?? WebAddress.fileName(of: answer.url) ?? "file"))
    outcome.bundle["fileSize"] = .integer(answer.body.count)
    return outcome.output
  }

  /// The name in `attachment; filename="a.pdf"` or `filename*=UTF-8''a%20b.pdf` (RFC 6266). Folders
  /// in it are the service's, and are left out.
  static func fileName(_ disposition: String) -> String? {
    var names: [String: String] = [:]
    for part in disposition.split(separator: ";").dropFirst() {
      let pair = part.split(separator: "=", maxSplits: 1)
      guard pair.count == 2 else { continue }
      let value = pair[1].trimmingASCIISpace
      names[pair[0].trimmingASCIISpace.lowercased()] =
        value.hasPrefix("\"") ? String(value.dropFirst().prefix { $0 != "\"" }) : value
    }
    let extended = names["filename*"].flatMap { value -> String? in
      let parts = value.split(separator: "'", maxSplits: 2, omittingEmptySubsequences: false)
      return parts.count == 3 ? decoded(parts[2]) : nil
    }
    let name = extended ?? names["filename"]
    return name?.split(whereSeparator: { $0 == "/" || $0 == "\\" }).last.map(String.init)
  }

  private static func decoded(_ text: Substring) -> String? {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "%") else {
        bytes.append(byte)
        continue
      }
      guard rest.count >= 2,
        let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
      else { return nil }
      bytes.append(value)
      rest.removeFirst(2)
    }
    return String(validating: bytes, as: UTF8.self)
  }
}
