import FettleCore
import FettleEngine

/// Which fields of the bundles the failed module reads and for what, which of them are secret, and
/// which made it fail.
struct MappedFields: Equatable, Sendable {
  /// Nil when the blueprint has no such module.
  let lineage: Lineage?
  /// Places that feed fields the module calls secret.
  private(set) var secrets: Set<ValuePath> = []
  private let secretInputs: Set<String>

  init(_ module: ModuleNode?, descriptor: ModuleDescriptor?) {
    secretInputs = descriptor?.secretFields ?? []
    lineage = module.map(Lineage.init)
    secrets = lineage?.sources(of: secretInputs) ?? []
  }

  /// Whether a field of the input must not be shown.
  func isSecret(input: [ValuePath.Step]) -> Bool {
    guard case .field(let name)? = input.first else { return false }
    return secretInputs.contains(name)
  }

  func isSecret(_ path: ValuePath) -> Bool {
    guard !secrets.isEmpty else { return false }
    return secrets.contains { $0.module == path.module && path.steps.starts(with: $0.steps) }
  }

  func isSecret(_ place: TreePlace) -> Bool {
    switch place {
    case .input(let steps): isSecret(input: steps)
    case .bundle(let path): isSecret(path)
    }
  }

  /// Whether a place is secret, or something in it is.
  func holdsSecret(_ place: TreePlace) -> Bool {
    if isSecret(place) { return true }
    switch place {
    case .input(let steps): return steps.isEmpty && !secretInputs.isEmpty
    case .bundle(let path):
      return secrets.contains { $0.module == path.module && $0.steps.starts(with: path.steps) }
    }
  }

  /// Whether a change must not be shown or written down with its value.
  func isSecret(_ draft: Draft) -> Bool {
    switch draft.target {
    case .bundle: isSecret(draft.path)
    case .mapping: isSecret(input: draft.path.steps)
    }
  }

  /// Where a field of the input comes from.
  func sources(ofInput input: [ValuePath.Step]) -> [ValuePath] {
    lineage?.origins(of: input).map(\.source) ?? []
  }

  /// The field of the input that a place feeds, and whether as it is or as a part of something.
  func use(of path: ValuePath) -> Lineage.Origin? { lineage?.input(fedBy: path) }

  /// How many fields of a module's bundle are read.
  func count(ofModule module: ModuleID) -> Int {
    Set((lineage?.origins ?? []).map(\.source).filter { $0.module == module }).count
  }

  /// Places the module reads and the bundles do not have.
  func missing(in bundles: VisibleBundles) -> [ValuePath] {
    var seen: Set<ValuePath> = []
    return (lineage?.origins ?? []).map(\.source).filter { path in
      guard !path.steps.isEmpty, bundles[path.module] != nil, bundles.value(at: path) == nil,
        seen.insert(path).inserted
      else { return false }
      return path.steps.allSatisfy { if case .field = $0 { true } else { false } }
    }
  }

  /// The fields that made the module fail, or would as the bundles are now, the surest first.
  /// - Parameter isTouched: whether what a field of the input is made of was changed.
  func culprits(
    of error: ModuleError, check: ResumeCheck, bundles: VisibleBundles,
    isTouched: (_ input: [ValuePath.Step]) -> Bool
  ) -> [Culprit] {
    guard let lineage else { return [] }
    var error = error
    // The failure tells of a field as it was then; when that was changed, the check tells more.
    if let field = error.field, isTouched([.field(field)]) { error.field = nil }
    return lineage.culprits(
      of: error,
      misfits: check.problems.compactMap { problem in problem.field.map { ($0, problem.message) } },
      input: check.input ?? [:], bundles: bundles)
  }
}

/// Texts that must not be shown wherever they appear: the values of secret fields, which messages of
/// services and composed texts like to repeat.
struct SecretMask: Equatable, Sendable {
  private var values: [String] = []

  /// What stands for a secret.
  static let mask = "••••"

  init() {}

  init(_ bundles: VisibleBundles, _ mapped: MappedFields, input: Collection?) {
    var values: Set<String> = []
    for path in mapped.secrets {
      if let text = bundles.value(at: path)?.text { values.insert(text) }
    }
    for field in input?.fields ?? [] where mapped.isSecret(input: [.field(field.name)]) {
      if let text = field.value.text { values.insert(text) }
    }
    // Shorter ones would mask half of every sentence; longer ones first, lest a part of them stays.
    self.values = values.filter { (4...4096).contains($0.utf8.count) }
      .sorted { ($0.utf8.count, $0) > ($1.utf8.count, $1) }
  }

  /// The text with every secret masked.
  func masked(_ text: String) -> String {
    var text = text
    for value in values {
      var result = ""
      var rest = text[...]
      while let found = rest.firstRange(of: value) {
        result += rest[..<found.lowerBound]
        result += Self.mask
        rest = rest[found.upperBound...]
      }
      guard !result.isEmpty else { continue }
      text = result + rest
    }
    return text
  }

  /// Whether there is anything to mask.
  var isEmpty: Bool { values.isEmpty }
}

extension Substring {
  /// The first place of a text, by its bytes.
  fileprivate func firstRange(of text: String) -> Range<Index>? {
    let wanted = Array(text.utf8)
    guard let first = wanted.first else { return nil }
    var start = utf8.startIndex
    while let candidate = utf8[start...].firstIndex(of: first) {
      guard let end = utf8.index(candidate, offsetBy: wanted.count, limitedBy: utf8.endIndex) else {
        return nil
      }
      if utf8[candidate..<end].elementsEqual(wanted) { return candidate..<end }
      start = utf8.index(after: candidate)
    }
    return nil
  }
}
