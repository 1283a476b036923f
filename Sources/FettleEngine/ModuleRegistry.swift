public import FettleCore

/// The modules that can be run, by the type blueprints name them with.
public struct ModuleRegistry: Sendable {
  private let implementations: [String: any ModuleImplementation]

  /// These modules. Of two with the same type the later one counts.
  public init(_ implementations: [any ModuleImplementation]) {
    self.implementations = Dictionary(
      (FlowModules.implementations + implementations).map { (type(of: $0).descriptor.type, $0) },
      uniquingKeysWith: { $1 })
  }

  /// The module of that type, or nil when Fettle cannot run it.
  public subscript(type: String) -> (any ModuleImplementation)? { implementations[type] }

  /// What the module of that type accepts and does; nil when Fettle cannot run it.
  public func descriptor(of type: String) -> ModuleDescriptor? {
    implementations[type].map { Swift.type(of: $0).descriptor } ?? FlowModules.walked[type]
  }

  /// The types that can be run, in order.
  public var types: [String] { (Array(implementations.keys) + FlowModules.walked.keys).sorted() }
}
