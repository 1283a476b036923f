extension Blueprint {
  /// The places of bundles that feed fields its modules call secret.
  /// - Parameter descriptor: what the module of a type accepts; nil when it cannot be run.
  public func secretPlaces(_ descriptor: (String) -> ModuleDescriptor?) -> Set<ValuePath> {
    allModules.reduce(into: []) { places, module in
      guard let descriptor = descriptor(module.type) else { return }
      let secret = module.secretInputs(descriptor)
      if !secret.isEmpty { places.formUnion(Lineage(of: module).sources(of: secret)) }
    }
  }
}

extension Blueprint {
  /// The blueprint as people may see it: a sign stands for what is written by hand where it feeds secret
  /// fields. What is mapped from bundles stays, as it is no secret itself, and so does a word beside it,
  /// as in `Bearer {{1.token}}`.
  public func withoutSecrets(_ descriptor: (ModuleNode) -> ModuleDescriptor?) -> Blueprint {
    var places: [ValuePath] = []
    for module in allModules {
      guard let descriptor = descriptor(module) else { continue }
      for steps in module.secretInputs(descriptor) {
        let place = ValuePath(module: module.id, steps: steps)
        guard let written = mapping(at: place)?.text, !Self.isMapped(written) else { continue }
        places.append(place)
      }
    }
    return places.reduce(self) { blueprint, place in
      (try? blueprint.replacingMapping(at: place, with: .text(Mask.sign))) ?? blueprint
    }
  }

  private static func isMapped(_ written: String) -> Bool {
    // What is quoted in an expression is written by hand too.
    written.isEmpty
      || !Template(written).references.isEmpty && !written.contains("\"")
        && written.hasSuffix("}}")
        && written.prefix { $0 != "{" }.allSatisfy { $0.isLetter || $0 == " " }
  }
}

extension ModuleNode {
  /// The places of its input that are secret, as far as the blueprint says.
  public func secretInputs(_ descriptor: ModuleDescriptor) -> [[ValuePath.Step]] {
    descriptor.secretPlaces(in: document["mapper"]?.collection ?? [:])
  }
}

extension [JournalEntry] {
  /// The entries as people may see them: what stands at the places that feed secret fields is masked, and
  /// wherever else its text stands.
  /// - Parameters:
  ///   - places: those that feed secret fields.
  ///   - known: bundles that are in no entry: what the trigger was given, what a retry began with.
  ///   - input: an input of a module without what that calls secret.
  public func withoutSecrets(
    at places: Set<ValuePath>, known: [VisibleBundles.Entry] = [],
    input masked: (ModuleID, Collection) -> Collection = { $1 }
  ) -> [JournalEntry] {
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
    func shown(_ input: Value, of module: ModuleID) -> Value {
      mask.masked(input.collection.map { .collection(masked(module, $0)) } ?? input)
    }
    return map { entry in
      let step: JournalEntry.Step
      switch entry.step {
      case .begun(let input, let effect):
        step = .begun(input: shown(input, of: entry.module), effect: effect)
      case .finished(let input, var output):
        output.bundles = output.bundles.map { bundle in
          bundle.hiding(places.lazy.filter { $0.module == entry.module }.map(\.steps))
        }
        output.assignments = output.assignments.map {
          VariableAssignment(name: $0.name, value: mask.masked($0.value), scope: $0.scope)
        }
        // They are for the store alone.
        output.changes = []
        step = .finished(input: shown(input, of: entry.module), output: mask.masked(output))
      case .failed(let input, let error):
        step = .failed(input: shown(input, of: entry.module), error: mask.masked(error))
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
  func hiding(_ places: some Sequence<[ValuePath.Step]>) -> Collection {
    var value = Value.collection(self)
    for place in places {
      guard let secret = value.value(at: place[...]), !secret.isNull, secret != "" else { continue }
      _ = value.write(.text(Mask.sign), at: place[...])
    }
    return value.collection ?? self
  }
}
