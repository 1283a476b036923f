/// What a list that a store answers can be ordered by, and what its rows are.
public protocol ListColumn: RawRepresentable, CaseIterable, Hashable, Sendable
where RawValue == String, AllCases == [Self] {
  /// A row of the list.
  associatedtype Row
  /// What tells rows apart that are equal in the column and in their time.
  associatedtype Position: ListPosition

  /// The time of the rows; what is equal in another column follows by it.
  static var time: Self { get }

  /// Other names of columns, which are understood and not offered.
  static var synonyms: [String: Self] { get }

  /// The column as a screen names it.
  var title: String { get }

  /// Whether who sorts by it means the greatest first.
  var beginsWithGreatest: Bool { get }

  /// What is compared of a row.
  func key(of row: Row) -> ListKey

  /// The time of a row.
  static func date(of row: Row) -> Instant

  /// What tells a row apart from others of its time.
  static func position(of row: Row) -> Position
}

extension ListColumn {
  /// Other names of columns: none.
  public static var synonyms: [String: Self] { [:] }

  /// The column as a screen names it.
  public var title: String { rawValue }

  /// The columns in the words of a message: `started, status`.
  public static var names: String { allCases.map(\.rawValue).joined(separator: ", ") }
}

/// The order of a list: by one of its columns, up or down. Rows that are equal in the column follow by
/// their time and then by their position, so that every order is total and a list can go on from any
/// place.
public struct ListOrder<Column: ListColumn>: Hashable, Sendable {
  /// What is compared.
  public var column: Column
  /// Whether the greatest comes first.
  public var isDescending: Bool

  /// An order by a column.
  public init(_ column: Column, isDescending: Bool) {
    self.column = column
    self.isDescending = isDescending
  }

  /// The order by a column in the direction that is meant where none is named.
  public init(_ column: Column) {
    self.init(column, isDescending: column.beginsWithGreatest)
  }

  /// An order in words: `size`, or `-size` for the greatest first; nil when there is none such.
  public init?(words: String) {
    let isDescending = words.hasPrefix("-")
    let name = isDescending ? String(words.dropFirst()) : words
    guard let column = Column(rawValue: name) ?? Column.synonyms[name] else { return nil }
    self.init(column, isDescending: isDescending)
  }

  /// The latest comes first.
  public static var newest: ListOrder { ListOrder(.time, isDescending: true) }

  /// The order a list is shown in where none was chosen: that of its first column.
  public static var usual: ListOrder { ListOrder(Column.allCases.first ?? .time) }

  /// The order by the column behind this one.
  public var next: ListOrder {
    let columns = Column.allCases
    let position = columns.firstIndex(of: column) ?? 0
    return ListOrder(columns[(position + 1) % columns.count])
  }

  /// What is compared of a row.
  public func key(of row: Column.Row) -> ListKey { column.key(of: row) }

  /// Whether one place comes before another in the list.
  public func precedes(_ left: ListPlace<Column>, _ right: ListPlace<Column>) -> Bool {
    isDescending ? right < left : left < right
  }
}

extension ListOrder: CustomStringConvertible {
  /// `size`, or `-size` for the greatest first.
  public var description: String { (isDescending ? "-" : "") + column.rawValue }
}

/// A value that lists are ordered by: numbers as numbers, texts by their bytes.
public enum ListKey: Hashable, Sendable, Comparable {
  case number(Int64)
  case text(String)

  /// By value; a number comes before a text.
  public static func < (left: ListKey, right: ListKey) -> Bool {
    switch (left, right) {
    case (.number(let a), .number(let b)): a < b
    case (.text(let a), .text(let b)): a.utf8.lexicographicallyPrecedes(b.utf8)
    case (.number, .text): true
    case (.text, .number): false
    }
  }
}
