public import FettleCore

/// An app that is described in a file: any HTTP API, without a line of code. The format is told in
/// the article *Describe an app*.
public struct DeclarativeApp: Sendable {
  /// Its id, the part of a module's type before the colon.
  public let name: String
  /// Where it is, unless its connection says otherwise (setting `url`).
  let base: String
  /// The kind of its connection; nil when it needs none.
  let connection: String?
  /// Where one logs in and gets tokens: settings of a connection of the kind `oauth2`.
  public let login: Collection
  /// For the kind `app`: what proves who asks, from `{{var.secret.…}}`.
  let authentication: Parts
  /// What its answers mean, the first that fits counts.
  let errors: [ErrorRule]
  let modules: [ModuleDescription]

  /// Headers and a query, as templates.
  struct Parts: Sendable {
    var headers: Mapping = .constant([:])
    var query: Mapping = .constant([:])
  }

  /// When an answer is a failure, and which.
  struct ErrorRule: Sendable {
    /// The statuses it is about; empty for any.
    let statuses: Set<Int>
    /// The place in the answer it looks at.
    let path: ValuePathText?
    /// The values that fit; empty when anything but nothing, false and an empty text does.
    let values: [Value]
    /// Nil when such an answer is none.
    let type: ErrorType?
    let message: Mapping?
  }

  /// One module.
  struct ModuleDescription: Sendable {
    let descriptor: ModuleDescriptor
    let method: Mapping
    let path: Mapping
    let parts: Parts
    let body: Body
    let output: Output
    let errors: [ErrorRule]

    /// Whether what is asked is up to the blueprint, so that no answer is a surprise.
    var takesAnyAnswer: Bool {
      if case .text = body { true } else { false }
    }
  }

  /// What a request carries.
  enum Body: Sendable {
    case none
    case json(Mapping)
    /// What the template gives, as it is.
    case text(Mapping)
    case form(Mapping)
  }

  /// How an answer becomes bundles.
  struct Output: Sendable {
    /// The array whose elements are the bundles; nil makes the answer one bundle.
    var items: ValuePathText?
    /// What a bundle is made of; nil takes it as it is.
    var bundle: Mapping?
    /// How many bundles are wanted at most.
    var limit: Mapping?
    /// Where the next page is told, and the parameter that asks for it.
    var nextPage: ValuePathText?
    var pageParameter: String?
    /// For a trigger: what tells one item from another.
    var identity: Mapping?
  }

  /// The modules, ready to run.
  public func modules(
    transport: Transport = .shared, connections: any ConnectionOpening
  ) -> [any Module] {
    let authentication = HTTPAuthentication(transport: transport, connections: connections)
    return modules.map {
      DeclarativeModule(app: self, description: $0, authentication: authentication)
    }
  }

  /// The types of its modules.
  public var types: [String] { modules.map(\.descriptor.type) }
}

/// A place in an answer: names and numbers from 1, with dots between them.
struct ValuePathText: Sendable, Hashable {
  let steps: [String]

  init(_ text: String) { steps = text.split(separator: ".").map(String.init) }

  /// What stands there; null where nothing does.
  func value(in value: Value) -> Value {
    var value = value
    for step in steps {
      if let elements = value.array {
        let index = (Int(step) ?? 0) - 1
        value = elements.indices.contains(index) ? elements[index] : .null
      } else {
        value = value.collection?[step] ?? .null
      }
    }
    return value
  }
}
