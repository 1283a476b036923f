import FettleCore

/// What differs between two blueprints, module by module.
struct BlueprintDiff: Equatable, Sendable {
  /// The modules that differ or are in one of them only.
  private(set) var modules: Set<ModuleID> = []
  private(set) var lines: [SafeText] = []

  init(from old: Blueprint, to new: Blueprint) {
    guard old != new else { return }
    let before = Self.modules(of: old)
    let after = Self.modules(of: new)
    for module in new.allModules {
      guard let former = before[module.id] else {
        modules.insert(module.id)
        lines.append("+ module \(module.id.number) \(module.title)")
        continue
      }
      for (name, key) in [
        ("", "module"), ("mapping ", "mapper"), ("settings ", "parameters"),
        ("filter ", "filter"),
      ] {
        let (was, now) = (former.document[key], module.document[key])
        guard was != now else { continue }
        modules.insert(module.id)
        for change in BundleDiff.changes(from: was, to: now, at: ValuePath(module: module.id)) {
          let place = TreePlace.input(change.path.steps).text(failer: module.id)
          lines.append(
            "~ \(module.id.number) \(module.title)  \(name)\(place)  "
              + ValueText.mapping(change.old) + "  →  " + ValueText.mapping(change.new))
        }
      }
      if former.title != module.title {
        modules.insert(module.id)
        lines.append("~ \(module.id.number) is called \(module.title), was \(former.title)")
      }
    }
    for module in old.allModules where after[module.id] == nil {
      modules.insert(module.id)
      lines.append("- module \(module.id.number) \(module.title)")
    }
    if lines.isEmpty { lines.append("~ settings or layout, no module") }
  }

  private static func modules(of blueprint: Blueprint) -> [ModuleID: ModuleNode] {
    Dictionary(blueprint.allModules.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
  }
}
