public import FettleCore

/// The modules that can be run, by the type blueprints name them with.
public struct ModuleRegistry: Sendable {
  private let implementations: [String: any Module]

  /// These modules. Of two with the same type the later one counts.
  public init(_ implementations: [any Module]) {
    self.implementations = Dictionary(
      (FlowModules.implementations + implementations).map { ($0.descriptor.type, $0) },
      uniquingKeysWith: { $1 })
  }

  /// The module of that type, or nil when Fettle cannot run it.
  public subscript(type: String) -> (any Module)? { implementations[type] }

  /// What the module of that type accepts and does; nil when Fettle cannot run it.
  public func descriptor(of type: String) -> ModuleDescriptor? {
    implementations[type]?.descriptor ?? FlowModules.walked[type]
  }

  /// The types that can be run, in order.
  public var types: [String] { (Array(implementations.keys) + FlowModules.walked.keys).sorted() }
}
