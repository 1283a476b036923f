import FettleCore

/// `gateway:WebhookRespond`: answers the sender of the event, while it still waits. Without a sender,
/// in a retry or a run by hand, nobody is answered and the bundle goes on.
struct WebhookRespond: ModuleImplementation {
  static let descriptor = ModuleDescriptor(
    type: "gateway:WebhookRespond", kind: .action, effect: .idempotent,
    fields: [
      FieldDescriptor("status", "Status", .number, range: 200...599),
      FieldDescriptor("body", "Body", nil),
      FieldDescriptor("headers", "Custom headers", .array),
    ])

  func perform(
    _ input: Collection, in context: OperationContext
  ) async throws(ModuleError) -> OperationOutput {
    var headers: [HookAnswer.Header] = []
    for entry in input["headers"]?.array ?? [] {
      guard let fields = entry.collection,
        let name = (fields["key"] ?? fields["name"]).flatMap(Coercion.text), !name.isEmpty
      else { continue }
      let value = fields["value"].flatMap(Coercion.text) ?? ""
      guard Self.isHeader(name, value) else {
        throw ModuleError(
          .data, "the header \"\(name)\" has characters that a header cannot have",
          field: "headers")
      }
      headers.append(HookAnswer.Header(name, value))
    }
    let body: [UInt8]
    switch input["body"] ?? .null {
    case .buffer(let buffer): body = buffer.bytes
    case .collection, .array: body = JSONWriter.bytes(input["body"] ?? .null)
    case let value: body = Array((Coercion.text(value) ?? "").utf8)
    }
    if !headers.contains(where: { $0.name.lowercased() == "content-type" }) {
      let isText = if case .buffer = input["body"] ?? .null { false } else { true }
      headers.append(
        HookAnswer.Header(
          "Content-Type", isText ? "text/plain; charset=utf-8" : "application/octet-stream"))
    }
    var output = OperationOutput([[:]])
    output.answer = HookAnswer(
      status: input["status"]?.number?.integer ?? 200, headers: headers, body: body)
    return output
  }

  /// A line break in a header would let data write headers of its own.
  private static func isHeader(_ name: String, _ value: String) -> Bool {
    let marks = Set("!#$%&'*+-.^_`|~".utf8)
    return name.utf8.allSatisfy { byte in
      marks.contains(byte) || (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte)
        || (0x61...0x7A).contains(byte)
    } && value.utf8.allSatisfy { $0 == 0x09 || $0 >= 0x20 && $0 != 0x7F }
  }
}
