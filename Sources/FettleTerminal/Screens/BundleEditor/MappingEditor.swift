import FettleCore

/// The mapping of a field of the failed module while it is typed, with what it gives.
struct MappingEditor: Hashable, Sendable {
  /// The module and the way down from its mapper.
  let path: ValuePath
  /// What stood in the blueprint when the editing began; nil when nothing did.
  let original: Value?
  /// What the module expects of the field.
  let field: FieldDescriptor?

  /// What the mapping gives with the bundles of the record, or why it gives nothing.
  func outcome(
    of text: String, bundles: VisibleBundles, now: Instant
  ) -> Result<Value, ValueEditor.Problem> {
    let template = Template(text)
    if let problem = template.problems.first(where: { $0.severity == .error }) {
      return .failure(
        ValueEditor.Problem("\(problem.message), at character \(problem.position)"))
    }
    var scope = Scope(now: now)
    scope.bundles = bundles
    do throws(ExpressionError) {
      return .success(try template.evaluate(in: scope))
    } catch { return .failure(ValueEditor.Problem("\(error.message)")) }
  }

  /// What to say beside the mapping while it is typed.
  func hint(for text: String, in detail: DetailState, now: Instant) -> SafeText {
    switch outcome(of: text, bundles: detail.mappable, now: now) {
    case .failure(let problem): return "! " + problem.text
    case .success(let value):
      let isSecret = detail.mapped.isSecret(input: path.steps)
      let gives =
        "= " + ValueText.typed(value, isSecret: isSecret, mask: detail.mask).clipped(to: 60)
      guard let field else { return gives }
      let descriptor = ModuleDescriptor(type: "", kind: .action, effect: .pure, fields: [field])
      if let misfit = descriptor.fitted([field.name: value]).misfits.first {
        return "! \(misfit.message)  " + gives
      }
      return gives + "  ok"
    }
  }

  /// The mappings Tab goes through: references to every place of the bundles, those first whose name
  /// is like that of the field.
  func candidates(in detail: DetailState) -> [String] {
    var likely: [String] = []
    var others: [String] = []
    let wanted = Self.plain(path.name ?? "")
    func walk(_ value: Value, _ path: ValuePath) {
      guard likely.count + others.count < 500, path.steps.count < 8 else { return }
      if !path.steps.isEmpty {
        let name = Self.plain(path.name ?? "")
        let isLikely = !wanted.isEmpty && (name.contains(wanted) || wanted.contains(name))
        let text = "{{\(path)}}"
        if isLikely { likely.append(text) } else { others.append(text) }
      }
      switch value {
      case .collection(let fields):
        for field in fields.fields.prefix(60) where !field.name.hasPrefix("__IMT") {
          walk(field.value, path.appending(.field(field.name)))
        }
      case .array(let elements):
        if let first = elements.first { walk(first, path.appending(.element(1))) }
      default: break
      }
    }
    for entry in detail.mappable.entries {
      walk(.collection(entry.bundle), ValuePath(module: entry.module))
    }
    return likely + others
  }

  func nextCandidate(after text: String, in detail: DetailState) -> String? {
    let all = candidates(in: detail).filter { $0 != original?.text }
    guard !all.isEmpty else { return nil }
    return all[((all.firstIndex(of: text) ?? -1) + 1) % all.count]
  }

  private static func plain(_ name: String) -> String {
    String(name.lowercased().filter { $0.isLetter || $0.isNumber })
  }
}
