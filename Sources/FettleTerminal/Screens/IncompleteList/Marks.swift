import FettleCore

/// What is marked: single records by identity, or everything a filter lets through except some. The
/// set is fixed only when an action on it is asked for.
enum Marks: Hashable, Sendable {
  case some(Set<RecordID>)
  case allOf(ListFilter, except: Set<RecordID>)

  static let none = Marks.some([])

  var isEmpty: Bool { self == .none }

  /// How many; nil when nobody has counted them.
  var count: Int? {
    if case .some(let ids) = self { return ids.count }
    return nil
  }

  func contains(_ id: RecordID) -> Bool {
    switch self {
    case .some(let ids): ids.contains(id)
    case .allOf(_, let excepted): !excepted.contains(id)
    }
  }

  mutating func toggle(_ id: RecordID) {
    switch self {
    case .some(var ids):
      if ids.remove(id) == nil { ids.insert(id) }
      self = .some(ids)
    case .allOf(let filter, var excepted):
      if excepted.remove(id) == nil { excepted.insert(id) }
      self = .allOf(filter, except: excepted)
    }
  }

  mutating func mark(_ ids: some Sequence<RecordID>) {
    switch self {
    case .some(let known): self = .some(known.union(ids))
    case .allOf(let filter, let excepted):
      self = .allOf(filter, except: excepted.subtracting(ids))
    }
  }

  /// What the header says of it.
  var words: SafeText {
    switch self {
    case .some(let ids): "\(ids.count) marked"
    case .allOf(_, let excepted):
      excepted.isEmpty ? "all matching marked" : "all matching but \(excepted.count) marked"
    }
  }
}
