/// The store could not do what it was asked to. It always travels up to a person.
public enum StoreError: Error, Hashable, Sendable {
  /// There is no store.
  case missing(path: String)
  /// The file is no store of Fettle.
  case notAStore(path: String, reason: String)
  /// The store was written by a later version of Fettle.
  case newerVersion(path: String)
  /// The tables of the store are not those its own list of steps says; nothing was changed.
  case mismatched(path: String, step: String, reason: String)
  /// There is nothing under that identity.
  case notFound(String)
  /// Several records begin with those digits.
  case ambiguous(String, [RecordID])
  /// The record was changed since the version named was read; nothing was written.
  case changedMeanwhile(currentVersion: Int)
  /// The record's state does not allow it; nothing was written.
  case refused(IllegalMove)
  /// There is no room: the disk or the limit of the store.
  case full(String)
  /// The queue of a webhook holds as many events as it may; the event was not taken in.
  case queueFull(HookID, length: Int)
  /// What was asked for does not fit what the store holds; nothing was written.
  case unfit(String)
  /// No run of a scenario can begin now, for a reason that passes: it is processed in order and a run of
  /// it is under way or a record of it is open, or another run asks its trigger; nothing was written.
  case notItsTurn(String)
  /// Another program holds the store for too long.
  case busy(String)
  /// Another worker has the execution now, because this one was silent for too long; nothing was
  /// written.
  case takenOver(execution: String)
  /// Whether the record's module did its work before its worker died is not known; only an operator
  /// can say.
  case inDoubt(RecordID)
  /// A retry of the record was begun, and what came of it could not be written, because of the error
  /// that stands with it. The record is taken over when its lease has run out.
  indirect case outcomeUnknown(RecordID, StoreError)
  /// A data store has a record of that key already; nothing was written.
  case duplicateKey(store: String, key: String)
  /// A record of a data store is no longer what it was read as; nothing was written.
  case dataChanged(store: String, key: String)
  /// What was stored cannot be read back.
  case damaged(String)
  /// The data of a confidential scenario cannot be sealed or opened here; nothing was written.
  case sealed(SealingError)
  /// The operating system or the database refused.
  case failed(String)
}

extension StoreError: CustomStringConvertible {
  /// One sentence that says what happened and what to do next.
  public var description: String {
    switch self {
    case .missing(let path):
      "no store at \(path); `fettle run BLUEPRINT` makes one, `fettle demo` shows what it is"
    case .notAStore(let path, let reason):
      "\(path) is not a store of Fettle (\(reason)); name another file with --store"
    case .newerVersion(let path):
      "\(path) was written by a newer Fettle; use that version, nothing was changed"
    case .mismatched(let path, let step, let reason):
      "\(path) does not hold what its table grdb_migrations says: step \(step) is missing there and "
        + "cannot be carried out (\(reason)); something other than Fettle changed it, or a newer "
        + "Fettle wrote it; nothing was changed, restore it from a backup or use that version"
    case .notFound(let what): "there is no \(what); `\(Self.lister(of: what))` shows what there is"
    case .ambiguous(let digits, let ids):
      "\(digits) could be \(ids.map { $0.text }.joined(separator: " or ")); type more digits"
    case .changedMeanwhile:
      "the record was changed by someone else; nothing was written, look at it again"
    case .refused(let move): "\(move)"
    case .full(let what): "the store has no room: \(what); nothing was lost, free some space"
    case .queueFull(let hook, let length):
      "the queue of webhook \(hook) is full: \(length) events wait"
    case .unfit(let what), .notItsTurn(let what): what
    case .busy(let what): "the store is held by another program: \(what); try again"
    case .inDoubt(let id):
      "record \(id.short) is in doubt: what its module was sending may have arrived; look at it, then "
        + "`fettle retry \(id.short) --send-again`, or --output FILE with what the module gave"
    case .takenOver(let execution):
      "execution \(execution) was taken over by another worker, because this one was silent for too "
        + "long; `fettle list` shows what it left"
    case .outcomeUnknown(let id, let error):
      "record \(id.short) was run, but what came of it could not be kept (\(error)); when its lease "
        + "has run out it is listed again, and says how far it came"
    case .duplicateKey(let store, let key):
      "data store \(store) has a record with the key \"\(key)\" already"
    case .dataChanged(let store, let key):
      "the record \"\(key)\" of data store \(store) was changed by another execution meanwhile"
    case .sealed(let error): "the data of a confidential scenario is sealed: \(error)"
    case .damaged(let what): "the store is damaged: \(what); restore it from a backup"
    case .failed(let what): "the store cannot be used: \(what)"
    }
  }

  /// The command that lists things of that kind, which is the first word of what was not found.
  private static func lister(of what: String) -> String {
    switch what.prefix(while: { $0 != " " }) {
    case "execution": "fettle history"
    case "event": "fettle hook queue WEBHOOK"
    case "webhook": "fettle hook list"
    case "token": "fettle token list"
    case "scenario": "fettle scenarios"
    default: "fettle list"
    }
  }
}
