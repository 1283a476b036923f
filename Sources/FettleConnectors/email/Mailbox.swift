import FettleCore

/// A folder of a mailbox: what the modules of IMAP ask and tell it.
struct Mailbox: Sendable {
  let mail: MailServer
  let account: MailServer.Account
  let folder: String

  private var server: ServerAddress { account.server }

  /// The number that says whether the folder's numbers of messages are still the same.
  func validity() async throws(ModuleError) -> Int {
    let answer = try await mail.mailbox(
      .command("STATUS \(MailFolder.quoted(folder)) (UIDVALIDITY)", in: nil, of: server), server)
    let text = String(decoding: answer.body, as: UTF8.self)
    guard let place = text.firstRange(of: "UIDVALIDITY "),
      let number = Int(text[place.upperBound...].prefix(while: \.isNumber))
    else {
      throw ModuleError(.data, "\(server.target) does not tell the state of the folder \(folder)")
    }
    return number
  }

  /// The messages a search finds, in order.
  func search(_ criteria: String) async throws(ModuleError) -> [Int] {
    let answer = try await mail.mailbox(
      .command("UID SEARCH \(criteria)", in: folder, of: server), server)
    return String(decoding: answer.body, as: UTF8.self).split(whereSeparator: \.isNewline)
      .filter { $0.uppercased().hasPrefix("* SEARCH") }
      .flatMap { $0.split(separator: " ").dropFirst(2).compactMap { Int($0) } }.sorted()
  }

  /// A message, without marking it as read; nil when it is not there any more.
  func message(_ uid: Int) async throws(ModuleError) -> Bundle? {
    let flags = try await command("FETCH \(uid) (FLAGS)")
    guard flags.contains("FETCH") else { return nil }
    let wasSeen = flags.uppercased().contains("\\SEEN")
    let answer = try await mail.mailbox(.message(uid, in: folder, of: server), server)
    // Reading marks it; whoever asked decides about that.
    if !wasSeen { _ = try await command("STORE \(uid) -FLAGS.SILENT (\\Seen)") }
    guard var bundle = ReadMail.bundle(answer.body) else {
      throw ModuleError(.data, "message \(uid) in \(folder) is no e-mail")
    }
    bundle["imapUid"] = .integer(uid)
    bundle["uid"] = .integer(uid)
    bundle["folder"] = .text(folder)
    bundle["seen"] = .boolean(wasSeen)
    bundle["size"] = .integer(answer.body.count)
    return account.mask.masked(bundle)
  }

  /// A command about messages, by their numbers that do not change.
  @discardableResult func command(_ text: String) async throws(ModuleError) -> String {
    let answer = try await mail.mailbox(
      .command("UID \(text)", in: folder, of: server), server)
    return String(decoding: answer.body, as: UTF8.self)
  }

  /// The criteria of a search (RFC 3501 6.4.4), from the fields the modules have.
  static func criteria(_ fields: Collection) throws(ModuleError) -> String {
    var criteria: [String] = []
    switch fields["criteria"]?.text?.uppercased() ?? "ALL" {
    case "UNSEEN": criteria.append("UNSEEN")
    case "SEEN": criteria.append("SEEN")
    default: criteria.append("ALL")
    }
    for (field, key) in [
      ("from", "FROM"), ("to", "TO"), ("subject", "SUBJECT"), ("text", "TEXT"),
    ] {
      guard let text = fields[field].flatMap(Coercion.text), !text.isEmpty else { continue }
      guard text.utf8.allSatisfy({ $0 >= 32 && $0 < 127 }) else {
        throw ModuleError(
          .bundleValidation,
          "\"\(field)\" can only search for ASCII, got \(Value.text(text).excerpt)",
          field: field, stage: .input)
      }
      criteria.append("\(key) \(MailFolder.quotedText(text))")
    }
    return criteria.joined(separator: " ")
  }
}
