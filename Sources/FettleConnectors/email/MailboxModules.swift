import FettleCore

/// The modules that look into a mailbox and change it. Their ids are not verified against an export;
/// they follow the names of the app's other modules.
struct MailboxModule: Module {
  let mail: MailServer
  let descriptor: ModuleDescriptor
  private let operation: Operation

  private enum Operation: Sendable { case list, get, move, copy, mark, delete }

  private static let folder = FieldDescriptor("folder", "Folder", .text)
  private static let uid = FieldDescriptor(
    "uid", "Email ID (UID)", .number, required: true, range: 1...4_294_967_295)

  /// All of them.
  static func all(_ mail: MailServer) -> [any Module] {
    let destination = FieldDescriptor("destination", "Destination folder", .text, required: true)
    let table: [(String, ModuleKind, EffectClass, [FieldDescriptor], Operation)] = [
      (
        "email:ActionListEmails", .search, .read,
        [
          folder, FieldDescriptor("limit", "Limit", .number, range: 1...500),
          FieldDescriptor("criteria", "Criteria", .text, choices: ["all", "seen", "unseen"]),
          FieldDescriptor("from", "From", .text), FieldDescriptor("to", "To", .text),
          FieldDescriptor("subject", "Subject", .text), FieldDescriptor("text", "Phrase", .text),
        ], .list
      ),
      ("email:ActionGetEmail", .action, .read, [folder, uid], .get),
      ("email:ActionMoveEmail", .action, .effect, [folder, uid, destination], .move),
      ("email:ActionCopyEmail", .action, .effect, [folder, uid, destination], .copy),
      (
        "email:ActionMarkEmail", .action, .idempotent,
        [folder, uid, FieldDescriptor("seen", "Mark as read", .boolean, required: true)], .mark
      ),
      ("email:ActionDeleteEmail", .action, .idempotent, [folder, uid], .delete),
    ]
    return table.map { type, kind, effect, fields, operation in
      MailboxModule(
        mail: mail,
        descriptor: ModuleDescriptor(
          type: type, kind: kind, effect: effect, seconds: 300, fields: fields),
        operation: operation)
    }
  }

  func perform(
    _ input: Collection, in context: OperationContext
  ) async throws(ModuleError) -> OperationOutput {
    let account = try await mail.account(of: context.module, kind: "imap")
    let folder = (input["folder"] ?? context.module.parameters["folder"])?.text
    let box = Mailbox(
      mail: mail, account: account, folder: folder.flatMap { $0.isEmpty ? nil : $0 } ?? "INBOX")
    do throws(ModuleError) {
      return operation == .list
        ? try await list(input, box) : try await act(input, box, account)
    } catch { throw account.mask.masked(error) }
  }

  private func list(
    _ input: Collection, _ box: Mailbox
  ) async throws(ModuleError) -> OperationOutput {
    let limit = input["limit"]?.number?.integer ?? 10
    var bundles: [Bundle] = []
    for uid in try await box.search(try Mailbox.criteria(input)).suffix(limit).reversed() {
      if let bundle = try await box.message(uid) { bundles.append(bundle) }
    }
    return OperationOutput(bundles)
  }

  private func act(
    _ input: Collection, _ box: Mailbox, _ account: MailServer.Account
  ) async throws(ModuleError) -> OperationOutput {
    let uid = input["uid"]?.number?.integer ?? 0
    let found = try await box.search("UID \(uid)")
    guard found.contains(uid) else {
      // What is gone is deleted: doing it twice equals doing it once.
      if operation == .delete { return OperationOutput([["uid": .integer(uid)]]) }
      throw ModuleError(.data, "there is no message \(uid) in \(box.folder)", field: "uid")
    }
    let destination = MailFolder.quoted(input["destination"]?.text ?? "")
    switch operation {
    case .get, .list: break
    case .move: try await box.command("MOVE \(uid) \(destination)")
    case .copy: try await box.command("COPY \(uid) \(destination)")
    case .mark:
      let sign = input["seen"]?.boolean == true ? "+" : "-"
      try await box.command("STORE \(uid) \(sign)FLAGS.SILENT (\\Seen)")
    case .delete:
      try await box.command("STORE \(uid) +FLAGS.SILENT (\\Deleted)")
      try await box.command("EXPUNGE \(uid)")
    }
    guard operation == .get else { return OperationOutput([["uid": .integer(uid)]]) }
    guard let bundle = try await box.message(uid) else { return OperationOutput([]) }
    return OperationOutput([bundle])
  }
}
