import FettleCore
import FettleEngine

/// Which fields of the bundles the failed module reads and for what, which of them are secret, and
/// which made it fail.
struct MappedFields: Equatable, Sendable {
  /// Nil when the blueprint has no such module.
  let lineage: Lineage?
  /// Places that feed fields the module calls secret.
  private(set) var secrets: Set<ValuePath> = []
  private let secretInputs: [[ValuePath.Step]]

  init(_ module: ModuleNode?, descriptor: ModuleDescriptor?) {
    secretInputs = module.flatMap { node in descriptor.map(node.secretInputs) } ?? []
    lineage = module.map(Lineage.init)
    secrets = lineage?.sources(of: secretInputs) ?? []
  }

  /// Whether a field of the input must not be shown.
  func isSecret(input: [ValuePath.Step]) -> Bool {
    secretInputs.contains { input.starts(with: $0) }
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
    case .input(let steps): return secretInputs.contains { $0.starts(with: steps) }
    case .bundle(let path):
      return secrets.contains { $0.module == path.module && $0.steps.starts(with: path.steps) }
    }
  }

  /// Whether a change must not be shown or written down with its value.
  func isSecret(_ draft: Draft) -> Bool {
    switch draft.target {
    case .bundle: isSecret(draft.path)
    case .mapping: holdsSecret(.input(draft.path.steps))
    }
  }

  /// A value of the input, or its mapping, without what is secret in it.
  func shown(_ value: Value, input: [ValuePath.Step]) -> Value {
    if isSecret(input: input) { return value.isNull ? value : .text(SecretMask.mask) }
    guard holdsSecret(.input(input)) else { return value }
    switch value {
    case .array(let elements):
      return .array(
        elements.enumerated().map { shown($1, input: input + [.element($0 + 1)]) })
    case .collection(let fields):
      return .collection(
        Collection(
          fields.fields.map { ($0.name, shown($0.value, input: input + [.field($0.name)])) }))
    default: return value
    }
  }

  /// The texts of the input that are secret; none where a sign stands for them already.
  func secretTexts(of input: Collection) -> [String] {
    secretInputs.compactMap { Value.collection(input).value(at: $0[...])?.text }
      .filter { $0 != Mask.sign }
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
  /// What is said where such a sign would be written over the secret.
  static let refusal =
    "the dots stand for a secret, and would take its place; change the other fields one by one"

  init() {}

  init(_ bundles: VisibleBundles, _ mapped: MappedFields, input: Collection?) {
    var values: Set<String> = []
    for path in mapped.secrets {
      if let text = bundles.value(at: path)?.text { values.insert(text) }
    }
    if let input { values.formUnion(mapped.secretTexts(of: input)) }
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

extension Value {
  /// Whether a sign for a secret stands anywhere in it.
  var holdsMask: Bool {
    switch self {
    case .text(let text): text.contains(Mask.sign)
    case .array(let elements): elements.contains(where: \.holdsMask)
    case .collection(let collection): collection.fields.contains { $0.value.holdsMask }
    default: false
    }
  }
}
