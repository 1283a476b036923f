import FettleCore

/// `email:ActionSendEmail`: sends a message over the SMTP server of its account.
struct SendEmail: Module {
  let mail: MailServer
  let descriptor: ModuleDescriptor

  /// `email:ActionSendEmail`, and `email:SendEmail` as newer exports call it.
  static func all(_ mail: MailServer) -> [any Module] {
    ["email:ActionSendEmail", "email:SendEmail"].map { type in
      SendEmail(
        mail: mail,
        descriptor: ModuleDescriptor(
          type: type, kind: .action, effect: .effect, seconds: 90,
          fields: [
            FieldDescriptor("to", "To", .array, required: true),
            FieldDescriptor("cc", "Copy recipient", .array),
            FieldDescriptor("bcc", "Blind copy recipient", .array),
            FieldDescriptor("from", "From", .text),
            FieldDescriptor("replyTo", "Reply to", .text),
            FieldDescriptor("subject", "Subject", .text),
            FieldDescriptor("contentType", "Content type", .text, choices: ["html", "text"]),
            FieldDescriptor("html", "Content", .text), FieldDescriptor("text", "Content", .text),
            FieldDescriptor("priority", "Priority", .text, choices: ["low", "normal", "high"]),
            FieldDescriptor("attachments", "Attachments", .array),
            FieldDescriptor("headers", "Headers", nil),
          ]))
    }
  }

  func perform(
    _ input: Collection, in context: OperationContext
  ) async throws(ModuleError) -> OperationOutput {
    let account = try await mail.account(of: context.module, kind: "smtp")
    let message = try message(input, account, context)
    do throws(ModuleError) {
      try await mail.send(message, account.server)
    } catch { throw account.mask.masked(error) }
    var output = OperationOutput([["messageId": .text(message.messageID)]])
    if context.module.parameters["saveAfterSent"].flatMap(Coercion.boolean) ?? false {
      // It is sent; that a copy could not be kept must not send it again.
      do throws(ModuleError) { try await keep(message, context) } catch {
        output.warnings.append("the message was sent, its copy was not kept: \(error.message)")
      }
    }
    return account.mask.masked(output)
  }

  private func keep(_ message: MailMessage, _ context: OperationContext) async throws(ModuleError) {
    let box = try await mail.account(
      of: context.module, in: ["accountImap", "account"], kind: "imap")
    let folder = context.module.parameters["folder"]?.text ?? "Sent"
    do throws(ModuleError) {
      _ = try await mail.mailbox(.appending(message, to: folder, of: box.server), box.server)
    } catch { throw box.mask.masked(error) }
  }

  private func message(
    _ input: Collection, _ account: MailServer.Account, _ context: OperationContext
  ) throws(ModuleError) -> MailMessage {
    let sender =
      input["from"]?.text.flatMap { $0.isEmpty ? nil : $0 }
      ?? account.connection.setting("from") ?? account.connection.setting("user") ?? ""
    guard let from = MailAddress(.text(sender)) else {
      throw ModuleError(
        .bundleValidation, "\"from\" is no e-mail address: \(Value.text(sender).excerpt)",
        field: "from", stage: .input)
    }
    let domain = from.address.split(separator: "@").last.map(String.init) ?? "localhost"
    var message = MailMessage(
      from: from, messageID: "<\(context.clock.uuid())@\(domain)>", date: context.clock.now())
    message.to = try addresses(input, "to")
    message.cc = try addresses(input, "cc")
    message.bcc = try addresses(input, "bcc")
    guard !message.recipients.isEmpty else {
      throw ModuleError(
        .bundleValidation, "\"to\" is required and is empty", field: "to", stage: .input)
    }
    // A subject of several lines becomes one: a line end would begin another header.
    message.subject = (input["subject"]?.text ?? "").split(whereSeparator: \.isNewline)
      .joined(separator: " ")
    let isText = input["contentType"]?.text == "text"
    let content = { (name: String) in input[name].flatMap(Coercion.text) ?? "" }
    if isText {
      message.text = content("text")
    } else if input["html"] != nil || input["text"] == nil {
      message.html = content("html")
    } else {
      message.text = content("text")
    }
    message.headers = try headers(input)
    message.attachments = try attachments(input)
    return message
  }

  private func addresses(
    _ input: Collection, _ field: String
  ) throws(ModuleError) -> [MailAddress] {
    var addresses: [MailAddress] = []
    for value in input[field]?.array ?? [] where !value.isNull && value != .text("") {
      // Some scenarios map a whole list into one element.
      let isList = value.text.map { $0.contains(",") && !$0.contains("\"") } ?? false
      let values: [Value] =
        isList
        ? (value.text ?? "").split(separator: ",").map { .text($0.trimmingASCIISpace) } : [value]
      for value in values {
        guard let address = MailAddress(value) else {
          throw ModuleError(
            .bundleValidation, "\"\(field)\" has no e-mail address in \(value.excerpt)",
            field: field, stage: .input)
        }
        addresses.append(address)
      }
    }
    return addresses
  }

  private func headers(_ input: Collection) throws(ModuleError) -> [HTTPHeader] {
    var headers = try namedHeaders(input["headers"])
    func add(_ name: String, _ value: String?) throws(ModuleError) {
      guard let value, !value.isEmpty else { return }
      headers += try namedHeaders([["name": .text(name), "value": .text(value)]])
    }
    try add("Reply-To", input["replyTo"]?.text)
    try add("Sender", input["sender"]?.text)
    try add("In-Reply-To", input["inReplyTo"]?.text)
    try add(
      "References",
      (input["references"]?.array ?? []).compactMap(Coercion.text).joined(separator: " "))
    switch input["priority"]?.text {
    case "high": try add("X-Priority", "1 (Highest)")
    case "low": try add("X-Priority", "5 (Lowest)")
    default: break
    }
    return headers
  }

  private func attachments(
    _ input: Collection
  ) throws(ModuleError) -> [MailMessage.Attachment] {
    var files: [MailMessage.Attachment] = []
    for (index, value) in (input["attachments"]?.array ?? []).enumerated() {
      guard let fields = value.collection else { continue }
      let name = (fields["fileName"] ?? fields["filename"])?.text ?? ""
      guard !name.isEmpty, !name.contains(where: \.isNewline) else {
        throw ModuleError(
          .bundleValidation, "attachment \(index + 1) has no \"fileName\"", field: "attachments",
          stage: .input)
      }
      let cid = fields["cid"]?.text.flatMap { $0.isEmpty ? nil : $0 }
      files.append(
        MailMessage.Attachment(fileName: name, content: contentBytes(fields["data"]), cid: cid))
    }
    return files
  }
}
