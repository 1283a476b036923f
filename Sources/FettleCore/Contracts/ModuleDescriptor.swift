/// What a module may do to the world. The engine, resume, dry run and the terminal all ask it
/// (durability 1).
public enum EffectClass: String, Sendable, CaseIterable {
  /// The output follows from the input alone.
  case pure
  /// Looks at the world, changes nothing.
  case read
  /// Doing it twice equals doing it once.
  case idempotent
  /// Doing it twice is visible.
  case effect
  /// Takes part in commit and rollback.
  case transactional
}

/// The kinds of module, as far as the engine treats them differently (semantics 6.1.6).
public enum ModuleKind: String, Sendable, CaseIterable {
  /// Starts a run; emits the bundles it was given or found.
  case trigger
  /// Makes one bundle from one.
  case transformer
  /// Does something in the world.
  case action
  /// Finds any number of bundles.
  case search
  /// Emits one bundle for each element of an array.
  case feeder
  /// Sends a bundle down routes.
  case router
  /// Makes one bundle out of many.
  case aggregator
  /// Chooses a branch, or merges the branches again.
  case conditional

  /// Whether a module of this kind may emit several bundles, whatever number it emits: the point
  /// where the traversals of bundles split (semantics 1.1).
  public var splits: Bool {
    switch self {
    case .trigger, .search, .feeder: true
    case .transformer, .action, .router, .aggregator, .conditional: false
    }
  }
}

/// What a field of a module's input must be.
public struct FieldDescriptor: Sendable, Hashable {
  /// The name in the mapper.
  public let name: String
  /// The name people read.
  public let label: String
  /// The type a value is converted to; nil takes any.
  public let kind: ValueKind?
  /// Whether the module cannot do without it.
  public let isRequired: Bool
  /// The only values it takes; empty when there is no such list.
  public let choices: [String]
  /// The smallest and the largest number it takes.
  public let range: ClosedRange<Double>?
  /// Whether it is masked wherever it is shown.
  public let isSecret: Bool
  /// Whether it lists names and values, as headers are: collections with `name` or `key` and `value`.
  /// Values under names that credentials are sent under are secret.
  public let listsNames: Bool

  /// A field of these properties.
  public init(
    _ name: String, _ label: String, _ kind: ValueKind?, required: Bool = false,
    choices: [String] = [], range: ClosedRange<Double>? = nil, secret: Bool = false,
    listsNames: Bool = false
  ) {
    self.name = name
    self.label = label
    self.kind = kind
    isRequired = required
    self.choices = choices
    self.range = range
    isSecret = secret
    self.listsNames = listsNames
  }

  /// What it must be, in a few words: `text, required`, `0-4`, `one of get, post`.
  public var expectation: String {
    var parts: [String] = []
    if !choices.isEmpty {
      parts.append("one of " + choices.joined(separator: ", "))
    } else if let range {
      parts.append(
        "\(Number(range.lowerBound).text)-\(Number(range.upperBound).text)")
    } else if let kind {
      parts.append(kind.rawValue)
    }
    if isRequired { parts.append("required") }
    return parts.joined(separator: ", ")
  }
}

/// What a module accepts, what it emits and what it may do to the world. The editor, the check
/// before a resume and crash recovery read it; none of them runs the module.
public struct ModuleDescriptor: Sendable, Hashable {
  /// The type as blueprints name it, for example `http:MakeRequest`.
  public let type: String
  /// What the engine does with its bundles.
  public let kind: ModuleKind
  /// What it may do to the world, unless its input says more.
  public let effect: EffectClass
  /// How long one operation may take, in seconds, where the module sets a limit of its own; nil
  /// leaves it to the limit of the run.
  public let seconds: Int?
  /// The fields of its input. Other fields pass through unchecked.
  public let fields: [FieldDescriptor]

  /// A module of these properties.
  public init(
    type: String, kind: ModuleKind, effect: EffectClass, seconds: Int? = nil,
    fields: [FieldDescriptor] = []
  ) {
    self.type = type
    self.kind = kind
    self.effect = effect
    self.seconds = seconds
    self.fields = fields
  }
}

extension ModuleDescriptor {
  /// One reason why an input does not fit.
  public struct Misfit: Sendable, Hashable {
    /// The field.
    public let field: FieldDescriptor
    /// One sentence that begins with the name of the field.
    public let message: String
  }

  /// The places of an input, or of the mapper it is made of, that are secret: fields that are, and values
  /// of headers and parameters whose names are those of credentials.
  public func secretPlaces(in input: Collection) -> [[ValuePath.Step]] {
    fields.flatMap { field -> [[ValuePath.Step]] in
      if field.isSecret { return [[.field(field.name)]] }
      guard field.listsNames, let items = input[field.name]?.array else { return [] }
      return items.enumerated().compactMap { position, item in
        guard let parts = item.collection,
          let name = (parts["name"] ?? parts["key"]).flatMap(Coercion.text),
          CredentialName.isKnown(name)
        else { return nil }
        return [.field(field.name), .element(position + 1), .field("value")]
      }
    }
  }

  /// An input with a sign in the place of what is secret.
  public func masked(_ input: Collection) -> Collection {
    let places = secretPlaces(in: input)
    guard !places.isEmpty else { return input }
    return input.hiding(places)
  }

  /// What takes the secrets of an input out of what is told of it.
  /// - Parameter user: who logs in with them, where a header may join the two.
  public func mask(of input: Collection, user: String? = nil) -> Mask {
    let secrets = secretPlaces(in: input).flatMap { place -> [String] in
      guard let text = Value.collection(input).value(at: place[...]).flatMap(Coercion.text) else {
        return []
      }
      return place.count == 1 ? [text] : CredentialName.secrets(in: text)
    }
    return secrets.isEmpty ? .nothing : Mask(secrets, user: user)
  }

  /// Converts each field of a mapped input to its type, by the table of expression-language 7.1.
  /// - Parameter timeZone: the zone of texts that are dates and name none.
  /// - Returns: the converted input and every reason why it does not fit.
  public func fitted(
    _ input: Collection, timeZone: String = "UTC"
  ) -> (input: Collection, misfits: [Misfit]) {
    var fitted = input
    var misfits: [Misfit] = []
    for field in fields {
      let value = input[field.name] ?? .null
      guard !value.isNull, value != .text("") || field.kind == .text else {
        if field.isRequired { misfits.append(Misfit(field, "is required and is empty")) }
        continue
      }
      if value == .text(""), field.isRequired {
        misfits.append(Misfit(field, "is required and is empty"))
        continue
      }
      guard let kind = field.kind else { continue }
      guard let converted = Self.converted(value, to: kind, timeZone) else {
        misfits.append(
          Misfit(
            field, "must be \(kind.rawValue), got \(value.kind.rawValue) \(field.quoted(value))"))
        continue
      }
      fitted[field.name] = converted
      if !field.choices.isEmpty, let text = converted.text, !text.isEmpty,
        !field.choices.contains(where: { $0.lowercased() == text.lowercased() })
      {
        misfits.append(
          Misfit(
            field,
            "must be one of \(field.choices.joined(separator: ", ")), got \(field.quoted(value))"))
      }
      if let range = field.range, let number = converted.number, !range.contains(number.double) {
        misfits.append(
          Misfit(field, "must be \(field.expectation), got \(field.quoted(converted))"))
      }
    }
    return (fitted, misfits)
  }

  private static func converted(
    _ value: Value, to kind: ValueKind, _ timeZone: String
  ) -> Value? {
    switch kind {
    case .text: Coercion.text(value).map(Value.text)
    case .number: Coercion.number(value).map(Value.number)
    case .boolean: Coercion.boolean(value).map(Value.boolean)
    case .array: value.array == nil ? .array([value]) : value
    case .date: Coercion.date(value, timeZone: timeZone).map(Value.date)
    case .buffer, .collection, .null: value.kind == kind ? value : nil
    }
  }
}

extension ModuleDescriptor.Misfit {
  init(_ field: FieldDescriptor, _ what: String) {
    self.field = field
    message = "\"\(field.name)\" \(what)"
  }
}

extension FieldDescriptor {
  /// A value as messages quote it; a secret is not quoted.
  fileprivate func quoted(_ value: Value) -> String { isSecret ? Mask.sign : value.excerpt }
}

extension Value {
  /// The value in at most 60 characters, as messages quote it.
  public var excerpt: String {
    let text: String
    switch self {
    case .text(let content): text = "\"\(content.prefix(80))\""
    case .array(let elements): text = "[\(elements.count)]"
    case .collection(let collection): text = "{\(collection.count)}"
    case .buffer(let buffer): text = "\(buffer.bytes.count) bytes"
    default: text = JSONWriter.text(self)
    }
    return text.count <= 60 ? text : "\(text.prefix(56))…\""
  }
}
