import ArgumentParser
import FettleCore
import FettleProgram
import FettleSQLite

/// `fettle hook`
struct HookCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "hook",
    abstract: "Webhooks: addresses that take events in, and the events that wait.",
    discussion: """
      fettled listens for them. A scenario whose trigger is a webhook gets one with fettle schedule; \
      the number a blueprint names (\"hook\" in the parameters of the trigger) is kept. An event whose \
      run fails returns to its place in the queue; park it to let those behind it go on.
      """,
    subcommands: [
      Add.self, Set.self, List.self, Remove.self, Queue.self, Show.self, Park.self, Release.self,
      Drop.self,
    ])

  /// What its owner can set.
  struct Options: ParsableArguments {
    @Option(help: "What people call it.")
    var name: String?

    @Option(help: "The header a sender proves itself with.")
    var secretHeader: String?

    @Option(help: "A file with the secret; - reads it from standard input.")
    var secretFile: String?

    @Option(help: "The header carries an HMAC of the body, made with: sha1, sha256 or sha512.")
    var hmac: String?

    @Option(help: "How many events may wait.")
    var queueLength: Int?

    @Option(help: "How many events a second are taken in; 0 sets no limit.")
    var perSecond: Int?

    @Flag(inversion: .prefixedNo, help: "Whether bundles carry the headers of the request.")
    var headers: Bool?

    @Flag(inversion: .prefixedNo, help: "Whether bundles carry the method of the request.")
    var method: Bool?

    @Flag(inversion: .prefixedNo, help: "Whether JSON is handed on as a text, unread.")
    var passThrough: Bool?

    func validate() throws {
      if (secretHeader == nil) != (secretFile == nil) {
        throw ValidationError("--secret-header and --secret-file go together.")
      }
      if let hmac {
        if HookSecret.HashFunctionName(rawValue: hmac) == nil {
          throw ValidationError("--hmac is sha1, sha256 or sha512.")
        }
        if secretHeader == nil {
          throw ValidationError("--hmac needs --secret-header and --secret-file.")
        }
      }
      if let queueLength, queueLength < 1 {
        throw ValidationError("--queue-length is a number from 1.")
      }
      if let perSecond, perSecond < 0 { throw ValidationError("--per-second is a number from 0.") }
    }

    /// - Parameter address: that of the webhook: a key it signs with is sealed for it.
    func apply(
      to settings: inout HookSettings, at address: String, sealing: any Sealing
    ) throws(CommandFailure) {
      if let name { settings.name = name }
      if let secretHeader, let secretFile {
        var bytes = try InputFile.bytes(secretFile)
        // An editor ends the file with a line break that is not part of the secret.
        while let last = bytes.last, last == 0x0A || last == 0x0D { bytes.removeLast() }
        guard let secret = String(validating: bytes, as: UTF8.self), !secret.isEmpty else {
          throw .usage("\(secretFile) holds no secret")
        }
        let given =
          hmac.flatMap(HookSecret.HashFunctionName.init(rawValue:)).map {
            HookSecret.signature(header: secretHeader, function: $0, key: .open(secret))
          } ?? .header(name: secretHeader, secret: secret)
        do throws(SealingError) {
          settings.secret = try given.sealed(by: sealing, at: address)
        } catch {
          throw .usage(error.description)
        }
      }
      if let queueLength { settings.queueLength = queueLength }
      if let perSecond { settings.perSecond = perSecond == 0 ? nil : perSecond }
      settings.keepsHeaders = headers ?? settings.keepsHeaders
      settings.keepsMethod = method ?? settings.keepsMethod
      settings.passesJSONThrough = passThrough ?? settings.passesJSONThrough
    }
  }

  struct Add: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "add",
      abstract: "Make a webhook for a scenario.")

    @Argument(help: "The name of the scenario, or its number.")
    var scenario: String

    @Option(help: "The number blueprints name it by. Default: the next free one.")
    var number: Int?

    @OptionGroup var settings: Options
    @OptionGroup var options: StoreOptions

    func run() async throws {
      let workshop = try Workshop(options, creating: true)
      guard let row = try await workshop.scenario(named: scenario) else { return }
      var written = HookSettings()
      written.name = row.name
      let address = Hook.freshAddress()
      try settings.apply(to: &written, at: address, sealing: workshop.sealing)
      let (made, number) = (written, number)
      let hook = try await reporting { () async throws(StoreError) in
        try await workshop.store.addHook(
          number: number.map { HookID($0) }, address: address, scenario: row.id,
          settings: made)
      }
      Console.row("webhook \(hook.id) of \(row.name): \(hook.path)")
    }
  }

  struct Set: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "set", abstract: "Change a webhook.")

    @Argument(help: "The number of the webhook.")
    var hook: Int

    @Option(help: "Give it to another scenario, by name or number; none takes it from all.")
    var scenario: String?

    @Flag(inversion: .prefixedEnableDisable, help: "Whether it takes events in.")
    var events: Bool?

    @Flag(help: "Let whoever knows the address send.")
    var noSecret = false

    @OptionGroup var settings: Options
    @OptionGroup var options: StoreOptions

    func run() async throws {
      let workshop = try Workshop(options, creating: false)
      var found = try await workshop.hook(hook).hook
      if noSecret { found.settings.secret = nil }
      found.settings.isEnabled = events ?? found.settings.isEnabled
      try settings.apply(
        to: &found.settings, at: found.address, sealing: workshop.sealing)
      if let scenario {
        found.scenario =
          scenario == "none" ? nil : try await workshop.scenario(named: scenario)?.id
      }
      let changed = found
      try await reporting { () async throws(StoreError) in
        try await workshop.store.change(changed)
      }
      Console.say("webhook \(changed.id) changed")
    }
  }

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "list", abstract: "List webhooks and their queues.")

    @Flag(help: "Print an array of webhooks as JSON.")
    var json = false

    @OptionGroup var options: StoreOptions

    func run() async throws {
      let workshop = try Workshop(options, creating: false)
      let rows = try await reporting { () async throws(StoreError) in
        try await workshop.store.hooks()
      }
      if json { return Console.say(.array(rows.map(\.json))) }
      guard !rows.isEmpty else { return Console.say("There is no webhook yet.") }
      for row in rows {
        Console.row("\(row.hook.id)  \(row.scenarioName ?? "no scenario; senders are refused")")
        Console.say("    \(row.hook.path)")
        var notes = ["\(row.waiting) of \(row.hook.settings.queueLength) wait"]
        if row.parked > 0 { notes.append("\(row.parked) parked") }
        if !row.hook.settings.isEnabled { notes.append("takes nothing in") }
        if let secret = row.hook.settings.secret {
          notes.append("senders prove themselves with \(secret.headerName)")
        }
        Console.say("    \(notes.joined(separator: ", "))")
      }
    }
  }

  struct Remove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "remove",
      abstract: "Remove a webhook, with the events that wait in its queue.")

    @Argument(help: "The number of the webhook.")
    var hook: Int

    @Flag(help: "Also when events wait; they are gone then.")
    var force = false

    @OptionGroup var options: StoreOptions

    func run() async throws {
      let workshop = try Workshop(options, creating: false)
      let row = try await workshop.hook(hook)
      if row.waiting + row.parked > 0, !force {
        throw CommandFailure.usage(
          "\(row.waiting + row.parked) events of webhook \(hook) are not processed yet; --force "
            + "throws them away")
      }
      let gone = try await reporting { () async throws(StoreError) in
        try await workshop.store.removeHook(row.hook.id)
      }
      Console.say("webhook \(hook) removed\(gone > 0 ? ", with \(gone) events" : "")")
    }
  }

  struct Queue: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "queue",
      abstract: "List the events of a webhook that are not processed yet, oldest first.")

    @Argument(help: "The number of the webhook.")
    var hook: Int

    @Option(help: "At most that many.")
    var limit = 50

    @Flag(help: "Print an array of events as JSON.")
    var json = false

    @OptionGroup var options: StoreOptions

    func run() async throws {
      let workshop = try Workshop(options, creating: false)
      let row = try await workshop.hook(hook)
      let limit = limit
      let events = try await reporting { () async throws(StoreError) in
        try await workshop.store.events(of: row.hook.id, after: 0, limit: limit)
      }
      if json { return Console.say(.array(events.map { .collection($0.json) })) }
      guard !events.isEmpty else { return Console.say("Nothing waits.") }
      for event in events {
        Console.say(
          "\(event.number)  \(event.received.iso8601.prefix(19))Z  \(event.state.rawValue)  "
            + "\(event.size) bytes")
        if let reason = event.reason {
          let times = event.failures == 1 ? "once" : "\(event.failures) times the same way"
          Console.say("    failed \(times): \(reason)")
          if event.keepsFailing, event.state == .waiting {
            Console.say("    'fettle hook park \(event.number)' lets those behind it go on")
          }
        }
      }
      if row.waiting + row.parked > events.count {
        Console.say("\(row.waiting + row.parked) in all; --limit shows more")
      }
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "show",
      abstract: "Print the bundles of an event as JSON.")

    @Argument(help: "The number of the event.")
    var event: Int

    @OptionGroup var options: StoreOptions

    func run() async throws {
      let workshop = try Workshop(options, creating: false)
      let number = event
      let event = try await reporting { () async throws(StoreError) in
        try await workshop.store.event(number)
      }
      Console.say(.array(event.bundles.map(Value.collection)))
    }
  }

  struct Park: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "park",
      abstract: "Set an event aside, so that those behind it go on.")

    @Argument(help: "The number of the event.")
    var event: Int

    @OptionGroup var options: StoreOptions

    func run() async throws {
      try await set(event, parked: true, bundles: nil, options)
      Console.say(
        "event \(event) is parked; 'fettle hook release \(event)' puts it back, 'drop' throws it away"
      )
    }
  }

  struct Release: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "release",
      abstract: "Put an event back to its place in the queue, perhaps with other data.")

    @Argument(help: "The number of the event.")
    var event: Int

    @Option(help: "A file with the bundles it is from now on: JSON, as fettle hook show prints it.")
    var bundles: String?

    @OptionGroup var options: StoreOptions

    func run() async throws {
      let given = try bundles.map { path throws(CommandFailure) in try InputFile.bundles(path) }
      try await set(event, parked: false, bundles: given, options)
      Console.say("event \(event) is back in the queue")
    }
  }

  struct Drop: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "drop",
      abstract: "Throw an event away. It cannot be brought back.")

    @Argument(help: "The number of the event.")
    var event: Int

    @OptionGroup var options: StoreOptions

    func run() async throws {
      let workshop = try Workshop(options, creating: false)
      let number = event
      try await reporting { () async throws(StoreError) in
        try await workshop.store.dropEvent(number)
      }
      Console.say("event \(event) is gone")
    }
  }
}

private func set(
  _ event: Int, parked: Bool, bundles: [Bundle]?, _ options: StoreOptions
) async throws {
  let workshop = try Workshop(options, creating: false)
  try await reporting { () async throws(StoreError) in
    _ = try await workshop.store.setEvent(event, parked: parked, bundles: bundles)
  }
}

extension Workshop {
  /// The webhook of that number.
  fileprivate func hook(_ number: Int) async throws(CommandFailure) -> HookRow {
    let rows = try await reporting { () async throws(StoreError) in try await store.hooks() }
    guard let row = rows.first(where: { $0.hook.id == HookID(number) }) else {
      throw .usage("there is no webhook \(number); fettle hook list shows them")
    }
    return row
  }
}

extension HookRow {
  fileprivate var json: Value {
    [
      "id": .integer(hook.id.number), "path": .text(hook.path), "name": .text(hook.settings.name),
      "scenarioId": hook.scenario.map { .integer($0.number) } ?? .null,
      "scenarioName": scenarioName.map(Value.text) ?? .null,
      "enabled": .boolean(hook.settings.isEnabled), "queueCount": .integer(waiting),
      "queueLimit": .integer(hook.settings.queueLength), "parkedCount": .integer(parked),
      "secretHeader": hook.settings.secret.map { .text($0.headerName) } ?? .null,
    ]
  }
}

extension QueuedEvent {
  fileprivate var json: Collection {
    [
      "id": .integer(number), "hook": .integer(hook.number), "received": .date(received),
      "status": .text(state.rawValue), "size": .integer(size), "failures": .integer(failures),
      "reason": reason.map(Value.text) ?? .null,
      "executionId": execution.map(Value.text) ?? .null,
    ]
  }
}
