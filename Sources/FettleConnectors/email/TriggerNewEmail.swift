import FettleCore

/// `email:TriggerNewEmail`: the messages that came since the last run, the oldest first.
///
/// How far it has read is a position that is committed with the cycle. Messages are marked as read
/// when the cycle that emitted them is committed, which is seen at the next run: a message that was
/// marked at once would be lost to a search for unread ones when its cycle is rolled back. The first
/// run begins with what is there.
struct TriggerNewEmail: Module {
  let mail: MailServer
  let descriptor = ModuleDescriptor(
    type: "email:TriggerNewEmail", kind: .trigger, effect: .read, seconds: 300)

  func perform(
    _ input: Collection, in context: OperationContext
  ) async throws(ModuleError) -> OperationOutput {
    let parameters = context.module.parameters
    let account = try await mail.account(of: context.module, kind: "imap")
    do throws(ModuleError) {
      return try await read(parameters, account, context)
    } catch { throw account.mask.masked(error) }
  }

  private func read(
    _ parameters: Collection, _ account: MailServer.Account, _ context: OperationContext
  ) async throws(ModuleError) -> OperationOutput {
    let folder = parameters["folder"]?.text.flatMap { $0.isEmpty ? nil : $0 } ?? "INBOX"
    let box = Mailbox(mail: mail, account: account, folder: folder)
    let known = try await DataStore.reading { () async throws(StoreError) in
      try await context.position()
    }?.collection
    let validity = try await box.validity()
    // Other numbers: the folder was made anew, and what was read before cannot be told.
    let isSame = known?["validity"]?.number?.integer == validity
    let last = isSame ? known?["uid"]?.number?.integer ?? 0 : 0
    let marks = isSame ? known?["marks"]?.array?.compactMap { $0.number?.integer } ?? [] : []
    if !marks.isEmpty {
      let list = marks.map(String.init).joined(separator: ",")
      try await box.command("STORE \(list) +FLAGS.SILENT (\\Seen)")
    }
    let limit = parameters["maxResults"].flatMap(Coercion.number)?.integer ?? 50
    let criteria = try Mailbox.criteria(parameters)
    // `n:*` names the newest message even when its number is smaller.
    let found = try await box.search("UID \(last + 1):* \(criteria)").filter { $0 > last }
    var bundles: [Bundle] = []
    var emitted: [Int] = []
    for uid in found.prefix(max(1, limit)) {
      guard let bundle = try await box.message(uid) else { continue }
      bundles.append(bundle)
      emitted.append(uid)
    }
    guard !emitted.isEmpty || !marks.isEmpty else { return OperationOutput([]) }
    let marksSeen = parameters["markSeen"].flatMap(Coercion.boolean) ?? false
    var output = OperationOutput(
      bundles,
      changes: [
        context.advancing(to: [
          "validity": .integer(validity), "uid": .integer(emitted.last ?? last),
          "marks": .array(marksSeen ? emitted.map { .integer($0) } : []),
        ])
      ])
    if known != nil, !isSame {
      output.warnings.append(
        "the folder \(folder) was made anew; its messages are read from the beginning")
    }
    return output
  }
}
