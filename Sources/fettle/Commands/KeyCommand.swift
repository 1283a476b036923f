import ArgumentParser
import FettleCore
import FettleProgram
import FettleSQLite

/// `fettle key`
struct KeyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "key",
    abstract: "The key that seals secrets and the data of confidential scenarios.",
    subcommands: [Show.self, Rotate.self],
    defaultSubcommand: Show.self)

  /// `fettle key show`
  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "show", abstract: "Say where the key is and what of the store it seals.",
      discussion: "The key itself is never shown.")

    @OptionGroup var options: StoreOptions

    func run() async throws {
      let (workshop, source) = try open(options, former: nil)
      let parts = try await reporting { () async throws(StoreError) in
        try await workshop.store.sealedParts()
      }
      let change = KeyChange(of: workshop.store, source)
      Console.say("The key is that of \(source.place). Sealed with it: \(values(parts.current)).")
      if parts.former > 0 {
        Console.say(
          "Sealed with the former one, in \(source.former?.place ?? "another place"): "
            + "\(values(parts.former)); 'fettle key rotate' finishes that.")
      } else if try hasFormerKey(change), let former = source.former?.place {
        Console.say("Nothing in \(try options.path()) needs the former one, \(former), any more.")
      }
      if !parts.unreadable.isEmpty {
        Console.complain("sealed with another key, or damaged: \(list(parts.unreadable))")
        throw ExitCode(1)
      }
    }
  }

  /// `fettle key rotate`
  struct Rotate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "rotate",
      abstract: "Put a new key into the place of the one that is used, and seal everything anew.",
      discussion: """
        Connections, keys of webhooks, events, journals, records, drafts, edits and outputs that wait for \
        a retry are sealed anew; of tokens the store has digests alone. The former key stays beside the \
        new one, in a file that ends in '.old', and goes on opening what it sealed: programs work on \
        meanwhile, and what was interrupted is finished by doing it again.

        Programs that read the key from its file go on with the new one by themselves. Stop a daemon that \
        was handed a copy of it (LoadCredential= of systemd, a container) before and start it after.

        Where a command prints the key, put the new key there yourself, and the former one into a file: \
        'fettle key rotate --old FILE' does the rest. Stop the daemons meanwhile: they asked for the \
        former one when they began.
        """)

    @Option(
      help: "The file of the former key, where the new one has taken its place already.",
      completion: .file())
    var old: String?

    @Flag(help: "Leave what neither key opens as it is.")
    var leaveUnreadable = false

    @OptionGroup var options: StoreOptions

    func run() async throws {
      let former = old.map { KeySource.file(InputFile.absolute($0), isMade: false) }
      let (workshop, source) = try open(options, former: former)
      let change = KeyChange(of: workshop.store, source)
      let parts = try await reporting { () async throws(StoreError) in
        try await workshop.store.sealedParts()
      }
      guard parts.unreadable.isEmpty || leaveUnreadable else {
        throw CommandFailure.usage(
          "nothing was changed: neither the key of \(source.place) nor the former one opens "
            + "\(list(parts.unreadable)); name the file of the key it was sealed with by --old, or leave "
            + "it as it is with --leave-unreadable")
      }
      let isNew = old == nil && parts.former == 0
      if isNew { try begin(change) }
      let count = try await reporting { () async throws(StoreError) in
        try await change.finish()
      }
      Console.say(
        isNew
          ? "There is a new key in \(source.place). Sealed anew: \(values(count))."
          : "Sealed anew with the key of \(source.place): \(values(count)).")
      tell(source, isNew: isNew)
    }

    /// Makes the new key.
    private func begin(_ change: KeyChange) throws {
      guard let former = change.source.former?.place else {
        throw CommandFailure.usage(
          "a command gives the key, and Fettle cannot change it: put the new key there and the former one "
            + "into a file, then 'fettle key rotate --old FILE'")
      }
      if try hasFormerKey(change) {
        throw CommandFailure.usage(
          "nothing was changed: \(former) is left from the last time, and nothing in "
            + "\(try options.path()) needs it; move it to where the backups from before are kept - other "
            + "stores with this key come first - and say it again")
      }
      do throws(SealingError) { try change.begin() } catch {
        throw CommandFailure.usage(error.description)
      }
    }

    /// What is to be done next.
    private func tell(_ source: KeySource, isNew: Bool) {
      guard old == nil, let former = source.former?.place else {
        return Console.say("Start the daemons again: those that run know the former key alone.")
      }
      if isNew {
        Console.say(
          "Restart a daemon that was handed a copy of the key (LoadCredential= of systemd, a container); "
            + "others go on by themselves.")
      }
      Console.say(
        "Backups from before and other stores with this key need the former one, \(former). Do the same "
          + "for those stores; when 'fettle key' says that nothing needs it, move it to the backups."
      )
    }
  }
}

/// The store, and where its key is.
private func open(
  _ options: StoreOptions, former: KeySource?
) throws -> (Workshop, KeySource) {
  guard let source = KeySource.environment else {
    throw CommandFailure.usage(
      "there is no home directory for a key; name one with FETTLE_KEY_FILE")
  }
  let path = try options.path()
  do throws(StoreError) {
    return (try Workshop(path: path, creating: false, formerKey: former), source)
  } catch { throw CommandFailure(error) }
}

private func hasFormerKey(_ change: KeyChange) throws(CommandFailure) -> Bool {
  do throws(SealingError) { return try change.hasFormerKey() } catch {
    throw .usage(error.description)
  }
}

private func values(_ count: Int) -> String { count == 1 ? "1 value" : "\(count) values" }

private func list(_ names: [String]) -> String {
  names.prefix(10).joined(separator: ", ")
    + (names.count > 10 ? " and \(names.count - 10) more" : "")
}
