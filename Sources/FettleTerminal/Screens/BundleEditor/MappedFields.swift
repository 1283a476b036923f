import FettleCore
import FettleEngine

/// Which fields of the bundles the failed module reads, and for what.
struct MappedFields: Equatable, Sendable {
  /// One reference in the mapping of the failed module.
  struct Use: Hashable, Sendable {
    /// The field of the module's input.
    let input: [ValuePath.Step]
    /// The place it is read from.
    let source: ValuePath
  }

  private(set) var uses: [Use] = []
  /// Places that only feed fields the module calls secret.
  private(set) var secrets: Set<ValuePath> = []
  private let secretInputs: Set<String>

  init(_ module: ModuleNode?, descriptor: ModuleDescriptor?) {
    secretInputs = Set((descriptor?.fields ?? []).filter(\.isSecret).map(\.name))
    guard let module else { return }
    for (path, template) in module.mapper.templates() {
      for reference in template.references {
        let source = ValuePath(module: reference.module, steps: reference.steps)
        let use = Use(input: path, source: source)
        if !uses.contains(use) { uses.append(use) }
      }
    }
    secrets = Set(uses.filter { isSecret(input: $0.input) }.map(\.source))
  }

  /// Whether a field of the input must not be shown.
  func isSecret(input: [ValuePath.Step]) -> Bool {
    guard case .field(let name)? = input.first else { return false }
    return secretInputs.contains(name)
  }

  func isSecret(_ path: ValuePath) -> Bool {
    secrets.contains { $0.module == path.module && path.steps.starts(with: $0.steps) }
  }

  /// Where a field of the input comes from.
  func sources(ofInput input: [ValuePath.Step]) -> [ValuePath] {
    uses.filter { $0.input.starts(with: input) || input.starts(with: $0.input) }.map(\.source)
  }

  /// The field of the input that a place feeds.
  func input(fedBy path: ValuePath) -> String? {
    for use in uses where use.source == path {
      if case .field(let name)? = use.input.first { return name }
    }
    return nil
  }

  /// Places the module reads and the bundles do not have.
  func missing(in bundles: VisibleBundles) -> [ValuePath] {
    var seen: Set<ValuePath> = []
    return uses.map(\.source).filter { path in
      guard !path.steps.isEmpty, bundles[path.module] != nil, bundles.value(at: path) == nil,
        seen.insert(path).inserted
      else { return false }
      return path.steps.allSatisfy { if case .field = $0 { true } else { false } }
    }
  }

  /// The place that most likely has to be mended: what the failure or the check names, then what is
  /// mapped and missing, then what is mapped and empty.
  func offender(
    in bundles: VisibleBundles, error: ModuleError, check: ResumeCheck
  ) -> ValuePath? {
    let named = ([error.field] + check.problems.map(\.field)).compactMap { $0 }
    let candidates = named.flatMap { sources(ofInput: [.field($0)]) }
    func isEmpty(_ path: ValuePath) -> Bool {
      guard let value = bundles.value(at: path) else { return true }
      return value.isNull || value == .text("")
    }
    let known = candidates.filter { bundles[$0.module] != nil }
    return known.first(where: isEmpty) ?? known.first ?? missing(in: bundles).first
      ?? uses.map(\.source).first { bundles[$0.module] != nil && isEmpty($0) }
  }
}
