public import FettleCore

/// An app that is described in a file: any HTTP API, without a line of code. The format is told in
/// the article *Describe an app*.
public struct DeclarativeApp: Sendable {
  /// Its id, the part of a module's type before the colon.
  public let name: String
  /// Where it is, unless its connection says otherwise (setting `url`).
  let base: String
  /// The kind of its connection; nil when it needs none.
  public let connection: String?
  /// Where one logs in and gets tokens: settings of a connection of the kind `oauth2`.
  public let login: Collection
  /// The secrets it reads from a connection of the kind `app`, in the order of the file.
  public let secretNames: [String]
  /// What is sent with every request. For the kind `app` it proves who asks, from `{{var.secret.…}}`.
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
    /// In how many seconds the service asks to be asked again, where it says so in the answer.
    let retryAfter: Mapping?
  }

  /// One module.
  struct ModuleDescription: Sendable {
    let descriptor: ModuleDescriptor
    /// Whether its events come to a webhook of the scenario, so that there is nothing to ask.
    let takesEvents: Bool
    /// What is asked for first: the names of the columns that rows are written and read by.
    let columns: Columns?
    let request: Request
    let output: Output
    let errors: [ErrorRule]

    /// Whether what is asked is up to the blueprint, so that no answer is a surprise.
    var takesAnyAnswer: Bool {
      if case .text = request.body { true } else { false }
    }
  }

  /// What is sent.
  struct Request: Sendable {
    var method: Mapping = .constant("get")
    var path: Mapping = .constant("")
    var parts = Parts()
    var body: Body = .none
    /// The cells of a row, by the numbers or the names of their columns; nil where none is written.
    var row: Mapping?
  }

  /// Names of columns, which the service tells in an answer of its own.
  struct Columns: Sendable {
    /// Asked for where this is something; nil asks always.
    let condition: Mapping?
    let request: Request
    /// The list of the names in the answer.
    let names: ValuePathText
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
    /// Whether items are rows: their cells become fields, by the numbers and the names of their columns.
    var isRows = false
    /// Which items are wanted, as conditions on their fields.
    var filter: Mapping?
    /// The field that items are sorted by, and `desc` for the other direction.
    var orderBy: Mapping?
    var order: Mapping?
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
