import FettleCore

/// How the parts of a record become values to be stored, and values become parts again. Fields are
/// named, so that a later version can add one and read what an earlier one wrote.
protocol Stored {
  /// The part as a value.
  var stored: Value { get }
  /// The part that was stored; nil when the value is something else.
  init?(stored: Value)
}

extension Stored {
  /// The stored bytes.
  var bytes: [UInt8] { ValueCodec.encode(stored) }

  /// Reads stored bytes.
  init(bytes: [UInt8], what: String) throws {
    guard let part = Self(stored: try ValueCodec.decode(bytes)) else {
      throw StoreError.damaged("\(what) of a record")
    }
    self = part
  }
}

extension Value: Stored {
  var stored: Value { self }
  init?(stored: Value) { self = stored }
}

extension ModuleError: Stored {
  var stored: Value {
    [
      "type": .text(type.rawValue), "message": .text(message),
      "detail": detail.map(Value.text) ?? .null,
      "status": statusCode.map(Value.integer) ?? .null,
      "suberrors": .array(suberrors.map(Value.text)), "field": field.map(Value.text) ?? .null,
      "stage": .text(stage.rawValue),
      "retryAfter": retryAfterSeconds.map(Value.integer) ?? .null,
    ]
  }

  init?(stored: Value) {
    guard let fields = stored.collection, let type = fields["type"]?.text,
      let message = fields["message"]?.text
    else { return nil }
    self.init(
      ErrorType(type), message, detail: fields["detail"]?.text,
      statusCode: fields["status"]?.number?.integer,
      suberrors: fields["suberrors"]?.array?.compactMap(\.text) ?? [],
      field: fields["field"]?.text,
      stage: fields["stage"]?.text.flatMap(Stage.init) ?? .service,
      retryAfterSeconds: fields["retryAfter"]?.number?.integer)
  }
}

extension VisibleBundles: Stored {
  var stored: Value {
    .array(entries.map { [.integer($0.module.number), .collection($0.bundle)] })
  }

  init?(stored: Value) {
    guard let entries = stored.array else { return nil }
    var bundles: [Entry] = []
    for entry in entries {
      guard let pair = entry.array, pair.count == 2, let module = pair[0].number?.integer,
        let bundle = pair[1].collection
      else { return nil }
      bundles.append(Entry(module: ModuleID(module), bundle: bundle))
    }
    self.init(bundles)
  }
}

extension Variables: Stored {
  var stored: Value { ["cycle": .collection(cycle), "execution": .collection(execution)] }

  init?(stored: Value) {
    guard let fields = stored.collection else { return nil }
    self.init(
      cycle: fields["cycle"]?.collection ?? [:], execution: fields["execution"]?.collection ?? [:])
  }
}

extension OwedFrame: Stored {
  var stored: Value {
    switch self {
    case .routes(let router, let after, let passedAny):
      [
        "router": .integer(router.number), "after": .integer(after),
        "passedAny": .boolean(passedAny),
      ]
    case .bundles(let module, let remaining):
      [
        "module": .integer(module.number),
        "remaining": .array(remaining.map(Value.collection)),
      ]
    case .aggregation(let source, let waiting, let items):
      [
        "source": .integer(source.number),
        "waiting": .array(waiting.map { .integer($0.number) }),
        "items": .array(items.map(\.stored)),
      ]
    case .hidden(let bundles): ["hidden": bundles.stored]
    }
  }

  init?(stored: Value) {
    guard let fields = stored.collection else { return nil }
    if let router = fields["router"]?.number?.integer, let after = fields["after"]?.number?.integer
    {
      self = .routes(
        router: ModuleID(router), after: after, passedAny: fields["passedAny"]?.boolean ?? false)
    } else if let module = fields["module"]?.number?.integer,
      let remaining = fields["remaining"]?.array
    {
      let bundles = remaining.compactMap(\.collection)
      guard bundles.count == remaining.count else { return nil }
      self = .bundles(module: ModuleID(module), remaining: bundles)
    } else if let hidden = fields["hidden"] {
      guard let bundles = VisibleBundles(stored: hidden) else { return nil }
      self = .hidden(bundles)
    } else if let source = fields["source"]?.number?.integer,
      let waiting = fields["waiting"]?.array, let items = fields["items"]?.array
    {
      let numbers = waiting.compactMap { $0.number?.integer }
      let parts = items.compactMap(AggregatedItem.init(stored:))
      guard numbers.count == waiting.count, parts.count == items.count else { return nil }
      self = .aggregation(
        source: ModuleID(source), waiting: numbers.map { ModuleID($0) }, items: parts)
    } else {
      return nil
    }
  }
}

extension AggregatedItem: Stored {
  var stored: Value {
    var fields: Collection = [
      "aggregator": .integer(aggregator.number), "fields": .collection(fields),
    ]
    // A key can be null; no key is another thing.
    if let key { fields["key"] = key }
    return .collection(fields)
  }

  init?(stored: Value) {
    guard let parts = stored.collection, let number = parts["aggregator"]?.number?.integer,
      let fields = parts["fields"]?.collection
    else { return nil }
    self.init(aggregator: ModuleID(number), key: parts["key"], fields: fields)
  }
}

extension ModuleVisit: Stored {
  var stored: Value {
    .array([module.number, seen, passed, emitted, failed].map(Value.integer))
  }

  init?(stored: Value) {
    let counts = stored.array?.compactMap { $0.number?.integer } ?? []
    guard counts.count == 5 else { return nil }
    self.init(
      module: ModuleID(counts[0]), seen: counts[1], passed: counts[2], emitted: counts[3],
      failed: counts[4])
  }
}

extension RetrySchedule: Stored {
  var stored: Value { .array(pauses.map(Value.integer)) }

  init?(stored: Value) {
    guard let pauses = stored.array?.compactMap({ $0.number?.integer }) else { return nil }
    self.init(pauses: pauses)
  }
}

extension Attempt.Outcome: Stored {
  var stored: Value {
    switch self {
    case .resolved: ["word": "resolved"]
    case .interrupted: ["word": "interrupted"]
    case .failed(let error): ["word": "failed", "error": error.stored]
    case .failedElsewhere(let error, let module, let record):
      [
        "word": "failedElsewhere", "error": error.stored, "module": .integer(module.number),
        "record": record.map { .text($0.text) } ?? .null,
      ]
    }
  }

  init?(stored: Value) {
    guard let fields = stored.collection, let word = fields["word"]?.text else { return nil }
    let error = fields["error"].flatMap(ModuleError.init(stored:))
    switch (word, error) {
    case ("resolved", _): self = .resolved
    case ("interrupted", _): self = .interrupted
    case ("failed", let error?): self = .failed(error)
    case ("failedElsewhere", let error?):
      guard let module = fields["module"]?.number?.integer else { return nil }
      self = .failedElsewhere(
        error, at: ModuleID(module), record: fields["record"]?.text.map { RecordID($0) })
    default: return nil
    }
  }
}

extension Attempt.Outcome {
  /// The outcome without what a service may have quoted of the data.
  var withheld: Attempt.Outcome {
    switch self {
    case .resolved, .interrupted: self
    case .failed(let error): .failed(error.withheld)
    case .failedElsewhere(let error, let module, let record):
      .failedElsewhere(error.withheld, at: module, record: record)
    }
  }
}

extension [OwedFrame]: Stored {
  var stored: Value { .array(map(\.stored)) }

  init?(stored: Value) {
    guard let elements = stored.array else { return nil }
    let parts = elements.compactMap(OwedFrame.init(stored:))
    guard parts.count == elements.count else { return nil }
    self = parts
  }
}

/// The visits of a record, stored as one value.
struct StoredVisits: Stored {
  let visits: [ModuleVisit]

  init(_ visits: [ModuleVisit]) { self.visits = visits }

  var stored: Value { .array(visits.map(\.stored)) }

  init?(stored: Value) {
    guard let elements = stored.array else { return nil }
    visits = elements.compactMap(ModuleVisit.init(stored:))
    if visits.count != elements.count { return nil }
  }
}

extension ScenarioState: Stored {
  var stored: Value {
    [
      "active": .boolean(isActive), "paused": .boolean(isPaused),
      "problem": problem.map(Value.text) ?? .null,
      "schedule": schedule.map { .collection($0.document) } ?? .null,
      "timeZone": timeZone.map(Value.text) ?? .null, "retries": retries.map(\.stored) ?? .null,
      "nextRun": nextRun.map(Value.date) ?? .null, "lastRun": lastRun.map(Value.date) ?? .null,
      "errors": .integer(consecutiveErrors), "backoff": .integer(backoffStep),
      "breakFailures": .array(breakFailures.map(Value.date)),
      "stopsOnConfigurationError": .boolean(stopsOnConfigurationError),
    ]
  }

  init?(stored: Value) {
    guard let fields = stored.collection else { return nil }
    self.init()
    isActive = fields["active"]?.boolean ?? false
    isPaused = fields["paused"]?.boolean ?? false
    stopsOnConfigurationError = fields["stopsOnConfigurationError"]?.boolean ?? false
    problem = fields["problem"]?.text
    schedule = fields["schedule"]?.collection.flatMap { try? Schedule($0) }
    timeZone = fields["timeZone"]?.text
    retries = fields["retries"].flatMap(RetrySchedule.init(stored:))
    if case .date(let date)? = fields["nextRun"] { nextRun = date }
    if case .date(let date)? = fields["lastRun"] { lastRun = date }
    consecutiveErrors = fields["errors"]?.number?.integer ?? 0
    backoffStep = fields["backoff"]?.number?.integer ?? 0
    breakFailures = (fields["breakFailures"]?.array ?? []).compactMap {
      if case .date(let date) = $0 { date } else { nil }
    }
  }
}
