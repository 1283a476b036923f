/// One module of a blueprint. An object, because a run hands it on with every operation: a copy is one
/// count more, not one for each of its parts.
public final class ModuleNode: Sendable, Hashable {
  /// Its number.
  public let id: ModuleID
  /// The app and the name, for example `http:ActionSendData`.
  public let type: String
  /// The major version of the app; nil where the export does not say.
  public let version: Int?
  /// Static settings; never evaluated.
  public let parameters: Collection
  /// What is evaluated for every bundle.
  public let mapper: Mapping
  /// What a bundle must fulfil to enter.
  public let filter: Filter?
  /// The routes, when it is a router.
  public let routes: [Route]
  /// The branches, when it is an if-else.
  public let branches: [Branch]
  /// The error handler route; empty when there is none.
  public let handler: [ModuleNode]
  /// The name the author gave it, or nil.
  public let label: String?
  /// The module as exported.
  public let document: Collection

  init(_ value: Value, at place: String) throws(BlueprintError) {
    guard let document = value.collection else {
      throw BlueprintError("\(place) is \(value.kind), not a module")
    }
    guard let id = document["id"].flatMap(Coercion.number)?.integer, id >= 1 else {
      throw BlueprintError("\(place) has no \"id\", a number from 1")
    }
    guard let type = document["module"]?.text, type.contains(":"), !type.hasPrefix(":"),
      !type.hasSuffix(":")
    else {
      throw BlueprintError(
        "module \(id) has no \"module\", the app and the name such as http:MakeRequest")
    }
    self.id = ModuleID(id)
    self.type = type
    self.document = document
    version = document["version"]?.number?.integer
    parameters = document["parameters"]?.collection ?? [:]
    mapper = Mapping(compiling: document["mapper"]?.collection.map(Value.collection) ?? [:])
    filter = document["filter"]?.collection.map(Filter.init)
    var routes: [Route] = []
    for (index, route) in (document["routes"]?.array ?? []).enumerated() {
      routes.append(try Route(route, at: "route \(index + 1) of module \(id)"))
    }
    self.routes = routes
    var branches: [Branch] = []
    for (index, branch) in (document["branches"]?.array ?? []).enumerated() {
      branches.append(try Branch(branch, at: "branch \(index + 1) of module \(id)"))
    }
    self.branches = branches
    handler = try ModuleNode.flow(
      document["onerror"]?.array ?? [], at: "the error handler of module \(id)")
    label = document["metadata"]?.collection?["designer"]?.collection?["name"]?.text.flatMap {
      $0.isEmpty ? nil : $0
    }
  }

  static func flow(_ modules: [Value], at place: String) throws(BlueprintError) -> [ModuleNode] {
    var flow: [ModuleNode] = []
    for (index, module) in modules.enumerated() {
      // An empty slot of the editor has no number; it stays in the document and is no module.
      let slot = module.collection
      if slot?["module"]?.text == placeholderType, slot?["id"]?.isNull != false { continue }
      flow.append(try ModuleNode(module, at: "element \(index + 1) of \(place)"))
    }
    return flow
  }

  /// The type of a slot of the editor that nothing was put into; a flow ends there.
  public static let placeholderType = "placeholder:Placeholder"

  /// The type of a module that gives something back to whoever started the scenario; the run ends with
  /// it.
  public static let returnType = "scenario-service:ReturnData"

  /// Equal when the exports are.
  public static func == (left: ModuleNode, right: ModuleNode) -> Bool {
    left === right || left.document == right.document
  }

  /// Feeds the export into `hasher`.
  public func hash(into hasher: inout Hasher) { hasher.combine(id) }
}

extension ModuleNode {
  /// The part of the type before the colon: `http`.
  public var app: String { String(type.prefix { $0 != ":" }) }

  /// The part of the type behind the last colon: `ActionSendData`.
  public var name: String { type.split(separator: ":").last.map(String.init) ?? type }

  /// What the designers of Make and Fusion call the modules that steer the flow, whose types tell
  /// something else.
  private static let namesOfFlow = [
    "builtin:BasicRouter": "Router", "builtin:BasicFeeder": "Iterator",
    "builtin:BasicIterator": "Iterator", "builtin:BasicAggregator": "Array aggregator",
    "builtin:BasicRepeater": "Repeater", "builtin:BasicIfElse": "If-else",
    "builtin:BasicMerge": "Merge", "builtin:BasicScheduler": "Scheduler",
  ]

  /// Whether it belongs to no app: a router, an iterator, a directive.
  public var steersFlow: Bool { app == "builtin" }

  /// How people call it: the label its author gave, what the designer calls it, or the name of the
  /// type in words (`Action send data`).
  public var title: String {
    if let label { return label }
    if let name = Self.namesOfFlow[type] { return name }
    var words = ""
    let letters = Array(name)
    for (index, letter) in letters.enumerated() {
      guard letter.isUppercase, index > 0 else {
        words.append(letter)
        continue
      }
      let before = letters[index - 1]
      let after = index + 1 < letters.count ? letters[index + 1] : nil
      // The last capital of a run begins the next word, as in APIKey and in ARow, unless there is
      // no next word, as in PDFs.
      let isPlural =
        after == "s" && (index + 2 == letters.count || letters[index + 2].isUppercase)
      let begins =
        before.isLowercase || before.isNumber
        || before.isUppercase && after?.isLowercase == true && !isPlural
      guard begins else {
        words.append(letter)
        continue
      }
      // A run of capitals, such as JSON, is a word of its own; a single one is an article.
      let isAbbreviation =
        after?.isUppercase == true
        && (index + 2 == letters.count || !letters[index + 2].isLowercase
          || letters[index + 2] == "s")
      words += isAbbreviation ? " \(letter)" : " \(letter.lowercased())"
    }
    return words.prefix(1).uppercased() + words.dropFirst()
  }

  /// This module and every module in its routes, branches and handler.
  public var withDescendants: [ModuleNode] {
    [self] + routes.flatMap { $0.flow.flatMap(\.withDescendants) }
      + branches.flatMap { $0.flow.flatMap(\.withDescendants) }
      + handler.flatMap(\.withDescendants)
  }

  /// What its author says it does to the world, where they know better than the module (durability
  /// 1): `metadata.fettle.effect`, for example `idempotent` on a POST that carries a key of its own.
  public var declaredEffect: EffectClass? {
    document["metadata"]?.collection?["fettle"]?.collection?["effect"]?.text
      .flatMap(EffectClass.init).flatMap { $0 == .transactional ? nil : $0 }
  }

  /// Whether it sends bundles down routes.
  public var isRouter: Bool { type == "builtin:BasicRouter" || !routes.isEmpty }

  /// The route taken by bundles that passed no other, counted from 0: `parameters.else` (D24). Like
  /// every number of an export it may come as a text.
  public var fallbackRoute: Int? {
    parameters["else"].flatMap(Coercion.number)?.integer
      .flatMap { routes.indices.contains($0) ? $0 : nil }
  }

  /// The module whose bundles it aggregates; nil when it is no aggregator, or names none. A feeder
  /// outside the parameters is ignored, as Make does.
  public var feeder: ModuleID? {
    parameters["feeder"].flatMap(Coercion.number)?.integer.map { ModuleID($0) }
  }
}

/// One route of a router.
public struct Route: Sendable, Hashable {
  /// Its modules. The filter of the route is the filter of the first.
  public let flow: [ModuleNode]
  /// Whether its author switched it off.
  public let isDisabled: Bool
  /// What machine-written blueprints put on the route itself to say which bundles it takes, where
  /// nobody looks: by its name.
  public let unread: [String]

  init(_ value: Value, at place: String) throws(BlueprintError) {
    guard let document = value.collection else {
      throw BlueprintError("\(place) is \(value.kind), not a route with a \"flow\"")
    }
    unread = ["filter", "condition", "conditions"].filter { document[$0]?.isNull == false }
    flow = try ModuleNode.flow(document["flow"]?.array ?? [], at: place)
    isDisabled = Coercion.isOn(document["disabled"])
  }
}

/// One branch of an if-else.
public struct Branch: Sendable, Hashable {
  /// Its modules.
  public let flow: [ModuleNode]
  /// What a bundle must fulfil to enter; nil for the branch that is taken otherwise.
  public let filter: Filter?
  /// Whether what follows the if-else goes on behind this branch.
  public let merges: Bool
  /// Whether its author switched it off.
  public let isDisabled: Bool

  init(_ value: Value, at place: String) throws(BlueprintError) {
    guard let document = value.collection else {
      throw BlueprintError("\(place) is \(value.kind), not a branch with a \"flow\"")
    }
    flow = try ModuleNode.flow(document["flow"]?.array ?? [], at: place)
    let isElse = document["type"]?.text == "else"
    filter =
      isElse
      ? nil
      : Filter([
        "name": document["label"] ?? .null, "conditions": document["conditions"] ?? .null,
      ])
    merges = Coercion.isOn(document["merge"])
    isDisabled = Coercion.isOn(document["disabled"])
  }
}

extension Coercion {
  /// Whether a switch of an export is on; some writers put it as a text.
  fileprivate static func isOn(_ value: Value?) -> Bool { value == true || value == "true" }
}
