public import FettleCore
import Synchronization

/// The modules that can be run, by the type blueprints name them with.
///
/// Copies share what they know, so that what is replaced is replaced for every part of a program at
/// once. A run that has begun goes on with the modules it began with.
public struct ModuleRegistry: Sendable {
  private let known: Known

  /// What is known now.
  private final class Known: Sendable {
    private struct State {
      var implementations: [String: any Module]
      var edition = 0
      /// Gives the modules that nobody has asked for yet.
      var rest: (@Sendable () -> [any Module])?
    }

    private let state: Mutex<State>

    init(_ implementations: [any Module], rest: (@Sendable () -> [any Module])?) {
      state = Mutex(State(implementations: Self.byType(implementations), rest: rest))
    }

    var implementations: [String: any Module] {
      state.withLock { state in
        Self.complete(&state)
        return state.implementations
      }
    }

    subscript(type: String) -> (any Module)? {
      state.withLock { state in
        if let known = state.implementations[type] { return known }
        Self.complete(&state)
        return state.implementations[type]
      }
    }

    private static func complete(_ state: inout State) {
      guard let rest = state.rest else { return }
      state.rest = nil
      state.implementations.merge(rest().map { ($0.descriptor.type, $0) }) { known, _ in known }
    }

    var edition: Int { state.withLock { $0.edition } }

    func replace(with implementations: [any Module]) {
      let byType = Self.byType(implementations)
      state.withLock { state in
        state.implementations = byType
        state.rest = nil
        state.edition += 1
      }
    }

    private static func byType(_ implementations: [any Module]) -> [String: any Module] {
      Dictionary(
        (FlowModules.implementations + implementations).map { ($0.descriptor.type, $0) },
        uniquingKeysWith: { $1 })
    }
  }

  /// These modules. Of two with the same type the later one counts.
  /// - Parameter rest: gives more modules when one is asked for that is not among them, once. Of two
  ///   with the same type, one of theirs does not count.
  public init(
    _ implementations: [any Module], rest: (@Sendable () -> [any Module])? = nil
  ) { known = Known(implementations, rest: rest) }

  /// Puts other modules in the place of those that are known.
  public func replace(with implementations: [any Module]) { known.replace(with: implementations) }

  /// How often they were replaced.
  var edition: Int { known.edition }

  /// The module of that type, or nil when Fettle cannot run it.
  public subscript(type: String) -> (any Module)? { known[type] }

  /// What the module of that type accepts and does; nil when Fettle cannot run it.
  public func descriptor(of type: String) -> ModuleDescriptor? {
    self[type]?.descriptor ?? FlowModules.walked[type]
  }

  /// The types that can be run, in order.
  public var types: [String] {
    (Array(known.implementations.keys) + FlowModules.walked.keys).sorted()
  }
}
