extension Blueprint {
  /// The places of bundles that feed fields its modules call secret.
  /// - Parameter descriptor: what the module of a type accepts; nil when it cannot be run.
  public func secretPlaces(_ descriptor: (String) -> ModuleDescriptor?) -> Set<ValuePath> {
    allModules.reduce(into: []) { places, module in
      guard let descriptor = descriptor(module.type), !descriptor.secretFields.isEmpty else {
        return
      }
      places.formUnion(Lineage(of: module).sources(of: descriptor.secretFields))
    }
  }
}

extension [JournalEntry] {
  /// The entries as people may see them: what stands at the places that feed secret fields is masked, and
  /// wherever else its text stands.
  /// - Parameters:
  ///   - places: those that feed secret fields.
  ///   - known: bundles that are in no entry: what the trigger was given, what a retry began with.
  public func withoutSecrets(
    at places: Set<ValuePath>, known: [VisibleBundles.Entry] = []
  ) -> [JournalEntry] {
    guard !places.isEmpty else { return self }
    var secrets: Set<String> = []
    func note(_ bundle: Bundle, of module: ModuleID) {
      for place in places where place.module == module {
        if let value = Value.collection(bundle).value(at: place.steps[...]),
          let text = Coercion.text(value)
        {
          secrets.insert(text)
        }
      }
    }
    for entry in known { note(entry.bundle, of: entry.module) }
    for entry in self {
      guard case .finished(_, let output) = entry.step else { continue }
      for bundle in output.bundles { note(bundle, of: entry.module) }
    }
    let mask = Mask(secrets.sorted())
    return map { entry in
      let step: JournalEntry.Step
      switch entry.step {
      case .begun(let input, let effect):
        step = .begun(input: mask.masked(input), effect: effect)
      case .finished(let input, var output):
        output.bundles = output.bundles.map { bundle in
          bundle.hiding(places.filter { $0.module == entry.module })
        }
        output.assignments = output.assignments.map {
          VariableAssignment(name: $0.name, value: mask.masked($0.value), scope: $0.scope)
        }
        // They are for the store alone.
        output.changes = []
        step = .finished(input: mask.masked(input), output: mask.masked(output))
      case .failed(let input, let error):
        step = .failed(input: mask.masked(input), error: mask.masked(error))
      case .filteredOut(let refusal):
        step = .filteredOut(
          FilterRefusal(
            filter: refusal.filter,
            conditions: refusal.conditions.map {
              UnmetCondition(
                text: mask.masked($0.text), left: mask.masked($0.left),
                right: $0.right.map(mask.masked))
            }))
      case .committed, .rolledBack: step = entry.step
      }
      return JournalEntry(
        number: entry.number, module: entry.module, date: entry.date, step: step,
        followsBegun: entry.followsBegun)
    }
  }
}

extension Collection {
  /// The bundle with a sign at these places. However short a secret is, its own place does not show it.
  fileprivate func hiding(_ places: some Sequence<ValuePath>) -> Collection {
    var value = Value.collection(self)
    for place in places {
      guard let secret = value.value(at: place.steps[...]), !secret.isNull, secret != "" else {
        continue
      }
      _ = value.write(.text(Mask.sign), at: place.steps[...])
    }
    return value.collection ?? self
  }
}
