/// A part of an exported module that nobody reads because it stands in the wrong place or has the
/// wrong shape. It is kept as it is; left unsaid, the scenario would do something else than its
/// author wrote (semantics 8.3).
struct UnreadPart {
  let place: String
  let message: String
}

extension ModuleNode {
  /// What of this module nobody reads.
  var unreadParts: [UnreadPart] {
    misshapenParts + strayHandlers + straySettingsOfBreak + misshapenConditions
  }

  private var misshapenParts: [UnreadPart] {
    let objects = ["parameters", "mapper", "filter", "flags"]
    let lists = ["onerror", "routes", "branches"]
    return (objects + lists).compactMap { name in
      guard let value = document[name], !value.isNull else { return nil }
      let isList = lists.contains(name)
      // Some writers leave an empty list where an empty object should be, and the other way round.
      if value.array?.isEmpty == true || value.collection?.isEmpty == true { return nil }
      guard isList ? value.array == nil : value.collection == nil else { return nil }
      return UnreadPart(
        place: name,
        message: "it is \(value.kind) instead of \(isList ? "a list" : "an object"), so that "
          + "nobody reads it")
    }
  }

  private static let strayNames = [
    "handler", "handlers", "errorHandler", "errorHandlers", "onError", "directive",
  ]

  private var strayHandlers: [UnreadPart] {
    let outside = Self.strayNames.filter { $0 != "directive" }
    let inside = type.hasPrefix("builtin:") ? ["onerror"] + Self.strayNames : ["onerror"]
    return outside.filter { document[$0]?.isNull == false }.map {
      UnreadPart(
        place: $0, message: "it is read by nobody; error handlers belong into onerror")
    }
      + inside.filter { parameters[$0]?.isNull == false }.map {
        UnreadPart(
          place: "parameters.\($0)",
          message: "it is read by nobody; error handlers belong into the onerror of the module")
      }
  }

  private var straySettingsOfBreak: [UnreadPart] {
    guard Directive(self) == .breakOff else { return [] }
    let real = ["retry", "count", "interval"]
    let invented = ["retryAttempts", "retryInterval", "maxAttempts", "attempts"]
    let mapped = document["mapper"]?.collection ?? [:]
    let elsewhere = [("", document), ("parameters.", parameters)].flatMap { place, fields in
      (real + invented).filter { fields[$0]?.isNull == false }.map { place + $0 }
    }
    return (invented.filter { mapped[$0]?.isNull == false }.map { "mapper.\($0)" } + elsewhere).map
    {
      UnreadPart(
        place: $0,
        message: "it is read by nobody; Break takes retry, count and interval from its mapper")
    }
  }

  private var misshapenConditions: [UnreadPart] {
    let filters =
      [("filter", document["filter"]?.collection?["conditions"])]
      + (document["branches"]?.array ?? []).enumerated().map {
        ("branches[\($0)]", $1.collection?["conditions"])
      }
    return filters.compactMap { place, conditions in
      guard let conditions, !conditions.isNull else { return nil }
      guard let groups = conditions.array else {
        return UnreadPart(
          place: "\(place).conditions",
          message:
            "it is \(conditions.kind) instead of a list of groups, so that every bundle passes")
      }
      guard groups.contains(where: { $0.array == nil }) else { return nil }
      return UnreadPart(
        place: "\(place).conditions",
        message: "its conditions stand outside a group ([[…]]); they are read as one group")
    }
  }
}
