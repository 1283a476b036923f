/// What is to be said about a blueprint before it runs: what `fettle check` prints and what keeps a
/// scenario from being switched on (semantics 8.4).
public struct BlueprintCheck: Sendable {
  /// In the order of the modules.
  public let findings: [Finding]

  /// One thing to be said.
  public struct Finding: Sendable, Hashable {
    /// How bad it is.
    public let severity: Severity
    /// The module it is about; nil for the scenario as a whole.
    public let module: ModuleID?
    /// The place inside the module, for example `mapper.email`; nil for the module as a whole.
    public let place: String?
    /// One sentence that says what is wrong and what to do.
    public let message: String
    /// Whether its scenario cannot be switched on. A module that cannot be run is loaded, drawn and
    /// may be run by hand, but keeps its scenario from starting by itself (semantics 8.4.10).
    public let blocksActivation: Bool
  }

  /// How bad a finding is.
  public enum Severity: String, Sendable, CaseIterable {
    /// It will not work.
    case error
    /// It may not do what its author meant.
    case warning
  }

  /// Whether nothing was found that will not work.
  public var passes: Bool { !findings.contains { $0.severity == .error } }

  /// What keeps the scenario from being switched on.
  public var obstacles: [Finding] { findings.filter(\.blocksActivation) }

  /// Looks at a blueprint.
  /// - Parameter descriptor: what the module of a type accepts; nil when it cannot be run.
  public init(_ blueprint: Blueprint, descriptor: (String) -> ModuleDescriptor?) {
    var checker = Checker(blueprint: blueprint)
    checker.checkScenario(descriptor)
    checker.checkFlow(blueprint.flow, isHandler: false)
    for module in blueprint.allModules { checker.checkModule(module, descriptor(module.type)) }
    findings = checker.findings
  }
}

private struct Checker {
  let blueprint: Blueprint
  var findings: [BlueprintCheck.Finding] = []

  mutating func add(
    _ severity: BlueprintCheck.Severity, _ module: ModuleNode?, _ message: String,
    at place: String? = nil, blocksActivation: Bool? = nil
  ) {
    findings.append(
      .init(
        severity: severity, module: module?.id, place: place, message: message,
        blocksActivation: blocksActivation ?? (severity == .error)))
  }

  mutating func checkScenario(_ descriptor: (String) -> ModuleDescriptor?) {
    guard let first = blueprint.flow.first else {
      return add(.error, nil, "the scenario has no modules; there is nothing to run")
    }
    if !blueprint.settings.storesIncompleteExecutions {
      add(
        .warning, nil,
        "storing incomplete executions is off (metadata.scenario.dlq): the first failure loses its "
          + "bundle; set it to true in the file")
    }
    if first.filter?.groups.contains(where: { !$0.isEmpty }) == true {
      add(
        .error, first, "the first module cannot have a filter; nothing comes before it",
        at: "filter")
    }
    if let kind = descriptor(first.type)?.kind, kind != .trigger,
      !Self.harmless.contains(first.type)
    {
      add(
        .warning, first,
        "a failure of the first module is never stored; put a harmless module such as "
          + "util:SetVariable2 before it")
    }
    let designer = blueprint.document["metadata"]?.collection?["designer"]?.collection
    if let orphans = designer?["orphans"]?.array, !orphans.isEmpty {
      add(.warning, nil, "\(orphans.count) detached chains of modules (orphans) never run")
    }
  }

  mutating func checkFlow(_ flow: [ModuleNode], isHandler: Bool) {
    for (position, module) in flow.enumerated() {
      let directive = Directive(module)
      if directive != nil, !isHandler {
        add(.error, module, "\(module.type) belongs into an error handler route (onerror)")
      }
      let isBranching = module.isRouter || !module.branches.isEmpty
      let next = position + 1 < flow.count ? flow[position + 1] : nil
      if isBranching, let next, next.type != Self.merge {
        add(
          .error, module,
          "module \(next.id) stands behind it in the same flow and never runs; put it into a route")
      }
      if module.type == ModuleNode.returnType, let next {
        add(
          .warning, module,
          "returning outputs ends the run; module \(next.id) stands behind it and never runs")
      }
      if module.isRouter { checkRouter(module) }
      if !module.branches.isEmpty { checkBranches(of: module, before: next) }
      let follows = position > 0 && !flow[position - 1].branches.isEmpty
      if module.type == Self.merge, !follows {
        add(.error, module, "a merge belongs directly behind an if-else")
      }
      for route in module.routes { checkFlow(route.flow, isHandler: isHandler) }
      for branch in module.branches { checkFlow(branch.flow, isHandler: isHandler) }
      checkFlow(module.handler, isHandler: true)
    }
  }

  private mutating func checkRouter(_ router: ModuleNode) {
    if router.routes.isEmpty { add(.warning, router, "the router has no routes") }
    for (index, route) in router.routes.enumerated() {
      let place = "routes[\(index)]"
      if route.flow.isEmpty {
        add(.warning, router, "route \(index + 1) has no modules", at: place)
      }
      for name in route.unread {
        add(
          .error, router,
          "the \(name) of route \(index + 1) is read by nobody, so that the route takes every bundle; "
            + "make it the filter of \(route.flow.first.map { "module \($0.id)" } ?? "a first module")",
          at: "\(place).\(name)")
      }
    }
    if let written = router.parameters["else"], !written.isNull, router.fallbackRoute == nil {
      add(
        .error, router, "the fallback names a route that does not exist", at: "parameters.else")
    }
    if let fallback = router.fallbackRoute,
      router.routes.enumerated().contains(where: { index, route in
        index != fallback && !route.isDisabled && !route.flow.isEmpty
          && route.flow[0].filter?.groups.contains { !$0.isEmpty } != true
      })
    {
      add(
        .warning, router,
        "the fallback route never runs: a route without a filter takes every bundle")
    }
  }

  private static let merge = "builtin:BasicMerge"

  private mutating func checkBranches(of ifElse: ModuleNode, before next: ModuleNode?) {
    let branches = ifElse.branches
    if branches.count(where: { $0.filter == nil }) > 1 {
      add(.warning, ifElse, "of several else branches only the first is ever taken")
    }
    for (index, branch) in branches.enumerated() {
      guard let filter = branch.filter, !branch.isDisabled else { continue }
      let lacks = filter.groups.allSatisfy(\.isEmpty) ? "conditions" : "modules"
      if lacks == "conditions" || branch.flow.isEmpty {
        add(
          .warning, ifElse, "branch \(index + 1) has no \(lacks) and is never taken, as in Make",
          at: "branches[\(index)]")
      }
    }
    let merging = branches.count(where: \.merges)
    guard next?.type == Self.merge, let merge = next else {
      if merging > 0 {
        add(.error, ifElse, "a branch merges, but no \(Self.merge) stands directly behind")
      }
      return
    }
    for (index, output) in (merge.document["outputs"]?.array ?? []).enumerated() {
      let count = output.collection?["mappings"]?.array?.count ?? 0
      if count != merging, count != branches.count {
        add(
          .warning, merge,
          "output \(index + 1) has \(count) mappings for \(merging) merging branches",
          at: "outputs[\(index)]")
      }
    }
  }

  private mutating func checkSource(of aggregator: ModuleNode) {
    guard let id = aggregator.feeder else {
      let isElsewhere = [
        aggregator.document["feeder"], aggregator.document["mapper"]?.collection?["feeder"],
      ]
      .contains { $0?.isNull == false }
      return add(
        .error, aggregator,
        "it names no source module"
          + (isElsewhere ? "; the feeder is read from its parameters only" : ""),
        at: "parameters.feeder")
    }
    let before = (blueprint.path(to: aggregator.id) ?? []).dropLast()
    guard !before.contains(where: { $0.module.id == id }) else { return }
    add(
      .error, aggregator,
      blueprint.module(id) == nil
        ? "there is no module \(id) to aggregate the bundles of"
        : "module \(id), whose bundles it aggregates, does not come before it",
      at: "parameters.feeder")
  }

  mutating func checkModule(_ module: ModuleNode, _ descriptor: ModuleDescriptor?) {
    let isFlow =
      module.isRouter || Directive(module) != nil || module.type == ModuleNode.placeholderType
    if descriptor == nil, !isFlow {
      let hint = Self.meant[module.type].map { " (did its author mean \($0)?)" } ?? ""
      add(
        .warning, module,
        "Fettle cannot run \(module.type)\(hint); a bundle that reaches it fails with "
          + "InvalidConfigurationError, and the scenario cannot be activated",
        blocksActivation: true)
    }
    for part in module.unreadParts { add(.error, module, part.message, at: part.place) }
    if descriptor?.kind == .aggregator { checkSource(of: module) }
    if module.type == "builtin:BasicScheduler" {
      add(
        .warning, module,
        "when the scenario starts is not taken from a module; say it with 'fettle schedule --set'")
    }
    if Directive(module) == .breakOff, !blueprint.settings.storesIncompleteExecutions {
      add(
        .warning, module,
        "Break stores nothing while storing incomplete executions is off; the run fails instead")
    }
    let reachable = visibleIDs(to: module)
    for (path, template) in module.mapper.templates() {
      check(
        template, of: module, at: (["mapper"] + path.map(Self.written)).joined(separator: "."),
        reachable)
    }
    for (place, template) in module.otherTemplates {
      check(template, of: module, at: place, reachable)
    }
    let guards =
      [("filter", module.filter)]
      + module.branches.enumerated().map {
        ("branches[\($0)]", $1.filter)
      }
      + (module.document["filters"]?.array ?? []).enumerated().map {
        ("filters[\($0)]", $1.collection.map(Filter.init))
      }
    for (place, filter) in guards {
      for condition in (filter?.groups ?? []).joined() {
        check(condition.left, of: module, at: place, reachable)
        if let right = condition.right { check(right, of: module, at: place, reachable) }
        if let operation = condition.operation {
          if operation.isAlias {
            add(
              .warning, module,
              "\(condition.operatorName) is no operator; it is read as \(operation.name)",
              at: place)
          }
        } else {
          add(
            .error, module,
            "\(condition.operatorName) is no operator"
              + (FilterOperator.suggestion(for: condition.operatorName).map {
                ", did its author mean \($0)?"
              } ?? "; 'text:equal', 'number:greater' and 'exist' are some.")
              + " Make would quietly never let a bundle pass",
            at: place)
        }
      }
    }
  }

  private func visibleIDs(to module: ModuleNode) -> Set<ModuleID> {
    let path = blueprint.path(to: module.id) ?? []
    var ids = Set(blueprint.modulesVisible(to: module.id).map(\.id))
    // The handler of a router sees the error of whichever module failed in its routes.
    for step in path where step.exit == .handler {
      ids.formUnion(step.module.withDescendants.map(\.id))
    }
    // A merge reads the modules of the branches before it.
    if module.type == Self.merge, let last = path.last, last.position > 0 {
      ids.formUnion(last.flow[last.position - 1].withDescendants.map(\.id))
    }
    return ids
  }

  private mutating func check(
    _ template: Template, of module: ModuleNode, at place: String, _ reachable: Set<ModuleID>
  ) {
    for problem in template.problems {
      add(
        problem.severity == .error ? .error : .warning, module,
        "at character \(problem.position): \(problem.message)", at: place)
    }
    var named: Set<ModuleID> = []
    for reference in template.references
    where !reachable.contains(reference.module) && named.insert(reference.module).inserted {
      let other = blueprint.module(reference.module)
      add(
        .error, module,
        other.map {
          "'\(module.title)' [module ID \(module.id)] references inaccessible module "
            + "'\($0.title)' [module ID \($0.id)]"
        } ?? "there is no module \(reference.module) to map from", at: place)
    }
  }

  private static func written(_ step: ValuePath.Step) -> String {
    switch step {
    case .field(let name): ValuePath.written(name)
    case .element(let index): "[\(index)]"
    }
  }

  /// First modules that do nothing which fails: what is advised, and its like.
  private static let harmless: Set = [
    "util:SetVariable", "util:SetVariable2", "util:SetVariables", "util:ComposeTransformer",
    "util:FunctionSleep", "util:FunctionIncrement", ModuleNode.placeholderType,
  ]

  /// Names that machine-written blueprints invent, and the real module (blueprints 11.6).
  private static let meant = [
    "util:Sleep": "util:FunctionSleep",
    "builtin:Iterator": "builtin:BasicFeeder",
    "gateway:Router": "builtin:BasicRouter", "router:Router": "builtin:BasicRouter",
    "gateway:CustomWebhook": "gateway:CustomWebHook", "util:JSONParse": "json:ParseJSON",
    "util:Composer": "util:ComposeTransformer", "builtin:ErrorHandler": "an onerror route",
    "builtin:BasicFilter": "a filter on the next module",
    "util:Filter": "a filter on the next module",
    "gateway:Schedule": "the schedule of the scenario",
  ]
}

extension ModuleNode {
  /// The templates outside its mapper, its filters and its branches: by what an aggregator groups, and
  /// what a merge takes from the branches.
  fileprivate var otherTemplates: [(place: String, template: Template)] {
    var found: [(place: String, template: Template)] = []
    if let grouping = document["flags"]?.collection?["groupBy"]?.text {
      found.append(("flags.groupBy", Template(grouping)))
    }
    for (index, output) in (document["outputs"]?.array ?? []).enumerated() {
      for mapping in output.collection?["mappings"]?.array ?? [] {
        if let text = mapping.text { found.append(("outputs[\(index)]", Template(text))) }
      }
    }
    return found
  }
}
