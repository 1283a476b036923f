/// Named fields in the order they arrived.
///
/// Field names are compared by their bytes and are case sensitive. Up to a few fields are searched
/// one by one; beyond that an index answers, so that a collection of 100,000 fields stays usable.
public struct Collection: Sendable {
  /// One field.
  public struct Field: Sendable, Hashable {
    /// The name.
    public let name: String
    /// The value.
    public var value: Value

    /// A field of that name and value.
    public init(name: String, value: Value) {
      self.name = name
      self.value = value
    }

    /// Equal when name and value are the same bytes.
    public static func == (left: Field, right: Field) -> Bool {
      left.name.hasSameBytes(as: right.name) && left.value == right.value
    }
  }

  /// The fields, in order.
  public private(set) var fields: [Field]
  private var index: [Name: Int]?

  private static let indexedFrom = 16

  /// No fields.
  public init() { fields = [] }

  /// The given fields; a repeated name keeps its first place and its last value.
  public init(_ pairs: some Sequence<(String, Value)>) {
    self.init()
    for (name, value) in pairs { self[name] = value }
  }

  /// The given fields, whose names are known to differ.
  init(distinct fields: [Field]) {
    self.fields = fields
    if fields.count > Self.indexedFrom { buildIndex() }
  }

  /// The number of fields.
  public var count: Int { fields.count }

  /// Whether there is no field.
  public var isEmpty: Bool { fields.isEmpty }

  /// The names, in order.
  public var names: [String] { fields.map(\.name) }

  /// Where the field of that name stands.
  public func position(of name: String) -> Int? {
    if let index { return index[Name(name)] }
    let length = name.utf8.count
    return fields.withUnsafeBufferPointer { fields in
      for position in fields.indices
      where fields[position].name.utf8.count == length
        && fields[position].name.hasSameBytes(as: name)
      {
        return position
      }
      return nil
    }
  }

  /// The value of a field. Reading a missing field gives nil. Writing nil removes the field;
  /// writing to a missing one appends it.
  public subscript(name: String) -> Value? {
    get {
      guard let position = position(of: name) else { return nil }
      return fields[position].value
    }
    set {
      switch (position(of: name), newValue) {
      case (let position?, let value?): fields[position].value = value
      case (let position?, nil): remove(at: position)
      case (nil, let value?): append(name, value)
      case (nil, nil): break
      }
    }
  }

  /// The value at a position, in order.
  public subscript(at position: Int) -> Value {
    get { fields[position].value }
    set { fields[position].value = newValue }
  }

  /// Gives the field at a position another name, which must not be taken.
  public mutating func rename(at position: Int, to name: String) {
    let value = fields[position].value
    fields[position] = Field(name: name, value: value)
    if index != nil { buildIndex() }
  }

  /// Puts a field of a name that is not taken at a position.
  public mutating func insert(_ field: Field, at position: Int) {
    fields.insert(field, at: position)
    if fields.count > Self.indexedFrom { buildIndex() }
  }

  /// Removes the field at a position.
  public mutating func remove(at position: Int) {
    fields.remove(at: position)
    if index != nil { buildIndex() }
  }

  private mutating func append(_ name: String, _ value: Value) {
    fields.append(Field(name: name, value: value))
    if index != nil {
      index?[Name(name)] = fields.count - 1
    } else if fields.count > Self.indexedFrom {
      buildIndex()
    }
  }

  private mutating func buildIndex() {
    guard fields.count > Self.indexedFrom else { return index = nil }
    var index: [Name: Int] = Dictionary(minimumCapacity: fields.count)
    for (position, field) in fields.enumerated() { index[Name(field.name)] = position }
    self.index = index
  }

  /// A name compared by its bytes.
  struct Name: Hashable, Sendable {
    let text: String
    init(_ text: String) { self.text = text }
    static func == (left: Name, right: Name) -> Bool { left.text.hasSameBytes(as: right.text) }
    func hash(into hasher: inout Hasher) { hasher.combine(text) }
  }
}

extension Collection: Hashable {
  /// Equal when the same fields stand in the same order.
  public static func == (left: Collection, right: Collection) -> Bool {
    left.fields == right.fields
  }

  /// Feeds the fields into `hasher`.
  public func hash(into hasher: inout Hasher) { hasher.combine(fields) }
}

extension Collection: ExpressibleByDictionaryLiteral {
  /// The given fields; a repeated name keeps its last value.
  public init(dictionaryLiteral elements: (String, Value)...) { self.init(elements) }
}
