public import FettleCore
public import FettleEngine

extension PlainText {
  /// A record as it may be printed: the values that feed secret fields of its failed module are masked
  /// in its bundles, variables and edits, as on the screen.
  public static func withoutSecrets(
    _ record: IncompleteExecution, _ desk: OperatorDesk
  ) -> IncompleteExecution {
    let hiding = HiddenSecrets(record, desk)
    var hidden = hiding.isEmpty ? record : hiding.hidden(record)
    hidden.blueprint = record.blueprint.withoutSecrets(desk.descriptor)
    return hidden
  }

  /// The places of a record's bundles that feed secret fields of its failed module, in order.
  public static func secretPlaces(
    of record: IncompleteExecution, _ desk: OperatorDesk
  ) -> [ValuePath] {
    HiddenSecrets(record, desk).mapped.secrets.sorted { $0.description < $1.description }
  }
}

/// What of a record must not be printed or copied.
struct HiddenSecrets {
  let mapped: MappedFields
  /// The values of now and those at the failure, which other texts may have in them.
  private let masks: [SecretMask]
  /// The places that are shown because it was asked for.
  private var revealed: Set<TreePlace> = []

  init(_ detail: DetailState) {
    mapped = detail.mapped
    masks = [detail.mask]
    revealed = detail.revealed
  }

  init(_ record: IncompleteExecution, _ desk: OperatorDesk) {
    let mapped = MappedFields(
      record.failedModule, descriptor: record.failedModule.flatMap(desk.descriptor))
    self.mapped = mapped
    masks = [record.originalEditable, record.editable].map {
      SecretMask($0, mapped, input: record.mappedInput.collection)
    }
  }

  var isEmpty: Bool { mapped.secrets.isEmpty && masks.allSatisfy(\.isEmpty) }

  func hidden(_ record: IncompleteExecution) -> IncompleteExecution {
    var hidden = record
    hidden.originalBundles = record.originalBundles.entries.reduce(into: VisibleBundles()) {
      let bundle = self.hidden(.collection($1.bundle), at: ValuePath(module: $1.module))
      $0 = $0.adding(bundle.collection ?? [:], of: $1.module)
    }
    hidden.edits = record.edits.map { edit in
      BundleEdit(
        path: edit.path, old: edit.old.map { self.hidden($0, at: edit.path) },
        new: edit.new.map { self.hidden($0, at: edit.path) }, author: edit.author,
        date: edit.date)
    }
    hidden.variables = Variables(
      cycle: variables(record.variables.cycle), execution: variables(record.variables.execution))
    hidden.mappedInput = self.hidden(record.mappedInput, at: nil)
    return hidden
  }

  private func variables(_ variables: Collection) -> Collection {
    hidden(.collection(variables), at: ValuePath(module: ValuePath.variables)).collection ?? [:]
  }

  /// A value without the secrets in it.
  /// - Parameter path: where it stands in the bundles; nil where it stands elsewhere.
  func hidden(_ value: Value, at path: ValuePath?) -> Value {
    if let path, revealed.contains(.bundle(path)) { return value }
    if let path, mapped.isSecret(path), !value.isNull { return .text(SecretMask.mask) }
    switch value {
    case .text(let text): return .text(masks.reduce(text) { $1.masked($0) })
    case .array(let elements):
      return .array(
        elements.enumerated().map { hidden($1, at: path?.appending(.element($0 + 1))) })
    case .collection(let collection):
      return .collection(
        Collection(
          collection.fields.map {
            ($0.name, hidden($0.value, at: path?.appending(.field($0.name))))
          }
        ))
    default: return value
    }
  }
}

extension HiddenSecrets {
  /// A value that was copied as it is shown and comes back: what is masked in it is left as it was. Of an
  /// array with more or fewer elements nobody knows which is which; what is masked there stays so.
  /// - Parameters:
  ///   - old: what stands there.
  ///   - path: where it stands in the bundles; nil where it stands elsewhere.
  func restored(_ value: Value, from old: Value?, at path: ValuePath?) -> Value {
    guard let old, value != old else { return value }
    if hidden(old, at: path) == value { return old }
    switch (value, old) {
    case (.collection(var fields), .collection(let former)):
      for position in 0..<fields.count {
        let name = fields.fields[position].name
        fields[at: position] = restored(
          fields[at: position], from: former[name], at: path?.appending(.field(name)))
      }
      return .collection(fields)
    case (.array(let elements), .array(let former)) where elements.count == former.count:
      return .array(
        elements.enumerated().map { index, element in
          restored(element, from: former[index], at: path?.appending(.element(index + 1)))
        })
    default: return value
    }
  }
}

extension DetailState {
  /// The first place within a bundle that is secret and was not asked for; nil when there is none.
  func hiddenSecret(within place: TreePlace) -> ValuePath? {
    guard case .bundle(let path) = place else { return nil }
    return mapped.secrets.filter {
      $0.module == path.module && $0.steps.starts(with: path.steps)
        && bundles.value(at: $0) != nil && !revealed.contains(.bundle($0))
    }.min { $0.description < $1.description }
  }
}
