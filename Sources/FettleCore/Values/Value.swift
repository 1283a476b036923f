/// One piece of data in a scenario: a field of a bundle, an operand, the result of an expression.
///
/// Two values are equal when they would be written the same way: texts by their bytes (not by
/// Unicode equivalence), numbers by their spelling. Expressions compare by meaning instead; see
/// the operators in `Expressions`.
public enum Value: Sendable {
  /// No value: a missing field, an empty argument, JSON `null`.
  case null
  case text(String)
  case number(Number)
  case boolean(Bool)
  /// An instant with millisecond resolution.
  case date(Instant)
  /// Bytes, for example the content of a file.
  case buffer(Buffer)
  case array([Value])
  case collection(Collection)
}

/// One record output by a module: a collection of named fields; the unit that flows.
///
/// The engine adds `__IMTINDEX__` (1-based position) and `__IMTLENGTH__` (number of bundles of the
/// operation) to every bundle a module emits (semantics 6.2.5).
public typealias Bundle = Collection

/// The name of a type as people read it: in errors, in the editor, in `fettle show`.
public enum ValueKind: String, Sendable, CaseIterable {
  case null, text, number, boolean, date, buffer, array, collection
}

extension Value {
  /// The type of this value.
  public var kind: ValueKind {
    switch self {
    case .null: .null
    case .text: .text
    case .number: .number
    case .boolean: .boolean
    case .date: .date
    case .buffer: .buffer
    case .array: .array
    case .collection: .collection
    }
  }

  /// Whether this is `null`.
  public var isNull: Bool {
    if case .null = self { return true }
    return false
  }

  /// The text, when this is a text.
  public var text: String? {
    if case .text(let text) = self { return text }
    return nil
  }

  /// The number, when this is a number.
  public var number: Number? {
    if case .number(let number) = self { return number }
    return nil
  }

  /// The truth value, when this is a boolean.
  public var boolean: Bool? {
    if case .boolean(let boolean) = self { return boolean }
    return nil
  }

  /// The elements, when this is an array.
  public var array: [Value]? {
    if case .array(let elements) = self { return elements }
    return nil
  }

  /// The fields, when this is a collection.
  public var collection: Collection? {
    if case .collection(let collection) = self { return collection }
    return nil
  }

  /// A number from an integer.
  public static func integer(_ value: Int) -> Value { .number(Number(value)) }
}

extension Value: Hashable {
  /// Equal when both would be written the same way.
  public static func == (left: Value, right: Value) -> Bool {
    switch (left, right) {
    case (.null, .null): true
    case (.text(let a), .text(let b)): a.hasSameBytes(as: b)
    case (.number(let a), .number(let b)): a == b
    case (.boolean(let a), .boolean(let b)): a == b
    case (.date(let a), .date(let b)): a == b
    case (.buffer(let a), .buffer(let b)): a == b
    case (.array(let a), .array(let b)): a == b
    case (.collection(let a), .collection(let b)): a == b
    default: false
    }
  }

  /// Feeds the value into `hasher`.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(kind)
    switch self {
    case .null: break
    case .text(let text): hasher.combine(text)
    case .number(let number): hasher.combine(number)
    case .boolean(let boolean): hasher.combine(boolean)
    case .date(let date): hasher.combine(date)
    case .buffer(let buffer): hasher.combine(buffer)
    case .array(let elements): hasher.combine(elements)
    case .collection(let collection): hasher.combine(collection)
    }
  }
}

// There is no literal nil: where a `Value?` is wanted, `condition ? value : nil` would be the value
// null instead of none.
extension Value: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
  ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
  /// A text.
  public init(stringLiteral value: String) { self = .text(value) }
  /// A number.
  public init(integerLiteral value: Int) { self = .number(Number(value)) }
  /// A number.
  public init(floatLiteral value: Double) { self = .number(Number(value)) }
  /// A boolean.
  public init(booleanLiteral value: Bool) { self = .boolean(value) }
  /// An array.
  public init(arrayLiteral elements: Value...) { self = .array(elements) }
  /// A collection; a repeated key keeps its last value.
  public init(dictionaryLiteral elements: (String, Value)...) {
    self = .collection(Collection(elements))
  }
}

extension String {
  /// Whether both texts are the same bytes. Swift's `==` also holds for different spellings of the
  /// same character, which would hide an edit and merge two JSON keys.
  func hasSameBytes(as other: String) -> Bool {
    // Texts of at most 15 bytes, as most names are, lie in these two words themselves; longer ones
    // that share their memory are found here too.
    if unsafeBitCast(self, to: (UInt64, UInt64).self)
      == unsafeBitCast(other, to: (UInt64, UInt64).self)
    {
      return true
    }
    let (own, others) = (utf8, other.utf8)
    guard own.count == others.count else { return false }
    // Native texts lie in one piece of memory, so that this is one comparison of bytes.
    return own.withContiguousStorageIfAvailable { a in
      others.withContiguousStorageIfAvailable { b in a.hasSameBytes(as: b) }
    }.flatMap { $0 } ?? own.elementsEqual(others)
  }
}

extension String {
  /// Whether the text is these bytes.
  func hasSameBytes(as other: UnsafeBufferPointer<UInt8>) -> Bool {
    guard utf8.count == other.count else { return false }
    return utf8.withContiguousStorageIfAvailable { $0.hasSameBytes(as: other) }
      ?? utf8.elementsEqual(other)
  }
}

extension UnsafeBufferPointer<UInt8> {
  /// Whether both hold the same bytes; eight at a time.
  func hasSameBytes(as other: UnsafeBufferPointer<UInt8>) -> Bool {
    guard count == other.count, let a = baseAddress, let b = other.baseAddress else {
      return count == other.count
    }
    let (left, right) = (UnsafeRawPointer(a), UnsafeRawPointer(b))
    var place = 0
    while place + 8 <= count {
      let x = left.loadUnaligned(fromByteOffset: place, as: UInt64.self)
      let y = right.loadUnaligned(fromByteOffset: place, as: UInt64.self)
      if x != y { return false }
      place += 8
    }
    while place < count {
      if a[place] != b[place] { return false }
      place += 1
    }
    return true
  }
}
