extension HookStore {
  /// The webhook of a scenario whose trigger takes events in: the one its blueprint names, or the one
  /// it has, or one that is made now. An export often names none (blueprints 1), or one that only the
  /// place it comes from knows.
  /// - Returns: nil where the trigger takes no events.
  /// - Throws: `unfit` when the webhook it names belongs to another scenario.
  public func attach(
    _ blueprint: Blueprint, to scenario: ScenarioID
  ) async throws(StoreError) -> Hook? {
    guard blueprint.takesEvents else { return nil }
    let named = blueprint.namedHook
    if let named, var known = try await hooks().map(\.hook).first(where: { $0.id == named }) {
      if known.scenario == scenario { return known }
      if let other = known.scenario {
        throw .unfit(
          "webhook \(named) belongs to scenario \(other); give module "
            + "\(blueprint.flow.first?.id.description ?? "1") another one, or remove it there")
      }
      known.scenario = scenario
      try await change(known)
      return known
    }
    if let own = try await hook(of: scenario) { return own }
    var settings = HookSettings()
    settings.name = blueprint.name
    return try await addHook(
      number: named, address: Hook.freshAddress(), scenario: scenario, settings: settings)
  }
}

extension Hook {
  /// An address that cannot be guessed: 160 bits of chance.
  public static func freshAddress() -> String {
    var chance = SystemRandomNumberGenerator()
    return (0..<20).map { _ in UInt8.random(in: 0...255, using: &chance) }.hexadecimal
  }

  /// The path of its address on a service.
  public var path: String { "/hook/\(address)" }
}
