import ArgumentParser
import FettleCore
import FettleEngine
import FettleProgram
import FettleSQLite

/// Where the store is.
struct StoreOptions: ParsableArguments {
  @Option(
    help: "The store. Default: fettle/fettle.db in the XDG data home.", completion: .file())
  var store: String?

  /// The path of the store.
  func path() throws -> String { try Self.path(of: store) }

  /// The path of the store that was named, or of the one of this account.
  static func path(of store: String?) throws -> String {
    guard let path = store ?? Workshop.standardPath else {
      throw CommandFailure.usage("there is no home directory for a store; name one with --store")
    }
    return path
  }
}

extension Workshop {
  /// Opens the store.
  /// - Parameter creating: whether a missing store is made; a command that only looks does not.
  init(_ options: StoreOptions, creating: Bool) throws {
    try self.init(at: try options.path(), creating: creating)
  }

  /// Opens the store; nil where there is none, and none is made.
  static func ifThere(_ options: StoreOptions) throws -> Workshop? {
    let path = try options.path()
    do throws(StoreError) { return try Workshop(path: path, creating: false) } catch {
      guard case .missing = error else { throw CommandFailure(error) }
      return nil
    }
  }

  /// Opens the store to look at it, and says so where it cannot be written to.
  init(lookingInto options: StoreOptions) throws {
    let path = try options.path()
    try self.init(at: path, looking: true)
    if let remark = store.access.remark { Console.complain("\(path): \(remark)") }
  }

  /// Opens the store at a path.
  /// - Parameter isReadOnly: whether nothing is written to it, whoever may.
  init(
    at path: String, creating: Bool = false, looking: Bool = false, isReadOnly: Bool = false
  ) throws {
    do throws(StoreError) {
      try self.init(
        path: path, creating: creating, looking: looking || isReadOnly, touching: !isReadOnly)
    } catch {
      throw CommandFailure(error)
    }
  }

  /// The scenario of that name or number; nil when none is named.
  func scenario(named name: String?) async throws -> ScenarioRow? {
    guard let name else { return nil }
    let rows = try await reporting { () async throws(StoreError) in try await store.scenarios() }
    guard let row = rows.first(where: { $0.name == name || $0.id.description == name }) else {
      throw CommandFailure.usage("there is no scenario '\(name)'; fettle scenarios lists them")
    }
    return row
  }

  /// Says which limits are nearly reached (semantics 5.8).
  func warnOfFullness(_ rows: [ScenarioRow]) {
    let limits = store.limits
    for row in rows
    where Double(row.openBytes) > Double(limits.scenarioBytes) * StoreLimits.warningShare {
      Console.complain(
        "the incomplete executions of \(row.name) take \(row.openBytes * 100 / limits.scenarioBytes) % "
          + "of what they may; resolve or delete some, or raise FETTLE_SCENARIO_LIMIT")
    }
    let all = rows.reduce(0) { $0 + $1.openBytes }
    if Double(all) > Double(limits.storeBytes) * StoreLimits.warningShare {
      Console.complain(
        "the incomplete executions take \(all * 100 / limits.storeBytes) % of what the store may hold; "
          + "resolve or delete some, or raise FETTLE_STORE_LIMIT")
    }
  }

  /// Takes over what dead workers left, and says so.
  func takeOverInterrupted() async throws(CommandFailure) {
    guard store.access == .writable else { return }
    let taken: [ExecutionSummary]
    do throws(StoreError) { taken = try await desk.takeOverInterrupted() } catch {
      switch error {
      case .full, .busy:
        return Console.complain(
          "what dead workers left cannot be taken over now: \(error)")
      default: throw CommandFailure(error)
      }
    }
    for summary in taken {
      let stored = summary.stored.map(\.short).joined(separator: " ")
      Console.complain(
        "execution \(summary.id.prefix(8)) had been interrupted and was taken over"
          + (stored.isEmpty ? "; nothing was left to do" : ": see record \(stored)"))
    }
  }
}

extension CommandFailure {
  /// A store that cannot do what it was asked to is bad input when it is the wrong file or the wrong
  /// record, and a failure otherwise.
  init(_ error: StoreError) {
    let status: Int32 =
      switch error {
      case .missing, .notAStore, .newerVersion, .mismatched, .notFound, .ambiguous,
        .changedMeanwhile, .refused, .inDoubt, .unfit, .notItsTurn, .sealed:
        2
      case .queueFull, .full, .busy, .takenOver, .outcomeUnknown, .duplicateKey, .dataChanged,
        .damaged, .failed:
        1
      }
    self.init(message: error.description, status: status)
  }
}

/// Runs `body`, turning what the store says into a command's failure.
func reporting<Result>(
  _ body: () async throws(StoreError) -> Result
) async throws(CommandFailure) -> Result {
  do { return try await body() } catch { throw CommandFailure(error) }
}
