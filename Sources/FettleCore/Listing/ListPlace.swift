/// What tells rows of a list apart.
public protocol ListPosition: Hashable, Comparable, Sendable {
  /// A position beside this one, with no row between them.
  func beside(isBehind: Bool) -> Self
}

extension Int: ListPosition {
  /// The next number, or the one before.
  public func beside(isBehind: Bool) -> Int { isBehind ? self + 1 : self - 1 }
}

extension Int64: ListPosition {
  /// The next number, or the one before; there is none beyond the ends.
  public func beside(isBehind: Bool) -> Int64 {
    isBehind ? (self == .max ? self : self + 1) : self == .min ? self : self - 1
  }
}

extension RecordID: ListPosition {
  /// Identities are hexadecimal digits: one that lacks a digit comes before, one with `~` behind.
  public func beside(isBehind: Bool) -> RecordID {
    RecordID(isBehind ? text + "~" : String(text.dropLast()))
  }
}

extension AuditEntry.Position: ListPosition {
  /// The place of the next line of its kind, or of the one before.
  public func beside(isBehind: Bool) -> AuditEntry.Position {
    AuditEntry.Position(record: record, source: source, number: number + (isBehind ? 1 : -1))
  }
}

/// A place in a list: between two rows, told by the row it stands next to. A list goes on from a place,
/// never from a row number, so that new rows move nothing.
public struct ListPlace<Column: ListColumn>: Hashable, Sendable, Comparable {
  /// What the list is ordered by, of the row next to it.
  public let key: ListKey
  /// The time of the row next to it.
  public let date: Instant
  /// The row next to it.
  public let position: Column.Position

  /// A place of these parts.
  public init(key: ListKey, date: Instant, position: Column.Position) {
    self.key = key
    self.date = date
    self.position = position
  }

  /// The place next to a row.
  public init(_ row: Column.Row, _ order: ListOrder<Column> = .newest) {
    self.init(
      key: order.key(of: row), date: Column.date(of: row), position: Column.position(of: row))
  }

  /// The place just before a row: what follows begins with it.
  public init(justBefore row: Column.Row, _ order: ListOrder<Column>) {
    self = ListPlace(row, order).justBefore(order)
  }

  /// The place just before the row that this one stands next to.
  public func justBefore(_ order: ListOrder<Column>) -> ListPlace {
    ListPlace(key: key, date: date, position: position.beside(isBehind: order.isDescending))
  }

  /// In the ascending order of the column.
  public static func < (left: ListPlace, right: ListPlace) -> Bool {
    if left.key != right.key { return left.key < right.key }
    return (left.date, left.position) < (right.date, right.position)
  }
}

/// Which part of a list is wanted.
public enum ListRequest<Place: Hashable & Sendable>: Sendable, Hashable {
  /// The rows at its beginning.
  case first
  /// The rows behind a place, from there on.
  case after(Place)
  /// The rows before a place: those nearest to it, in the order of the list.
  case before(Place)
  /// The rows at its end, in the order of the list.
  case last

  /// Whether the list is gone through from its beginning to its end.
  public var isForwards: Bool {
    switch self {
    case .first, .after: true
    case .before, .last: false
    }
  }

  /// The place it goes on from.
  public var place: Place? {
    switch self {
    case .after(let place), .before(let place): place
    case .first, .last: nil
    }
  }
}

/// What one stretch of a list brought.
public struct ListStretch<Row: Hashable & Sendable, Place: Hashable & Sendable>: Sendable, Hashable
{
  /// The rows that are let through, in the order of the list.
  public var rows: [Row]
  /// How many were looked at.
  public let searched: Int
  /// Where the next stretch begins; nil when the list ends here.
  public let end: Place?
  /// Whether indexes found the rows: then nothing was looked at but what was found.
  public let isLookUp: Bool

  /// A stretch of these parts.
  public init(rows: [Row], searched: Int, end: Place?, isLookUp: Bool) {
    self.rows = rows
    self.searched = searched
    self.end = end
    self.isLookUp = isLookUp
  }
}
