import FettleCore
import GRDB

/// Which way a list is gone through, and from where: what the queries of its parts have in common.
struct ListWay<Column: ListColumn> {
  let order: ListOrder<Column>
  let request: ListRequest<ListPlace<Column>>

  var isForwards: Bool { request.isForwards }
  /// Whether the keys get less on the way.
  var goesDown: Bool { isForwards == order.isDescending }
  var direction: String { goesDown ? "DESC" : "ASC" }
  /// How a key on the way compares with the place.
  var sign: String { goesDown ? "<" : ">" }
  var place: ListPlace<Column>? { request.place }

  /// Whether one place is come to before another.
  func precedes(_ left: ListPlace<Column>, _ right: ListPlace<Column>) -> Bool {
    isForwards ? order.precedes(left, right) : order.precedes(right, left)
  }

  /// Expressions to sort by.
  func sorted(_ expressions: [String]) -> String {
    expressions.map { "\($0) \(direction)" }.joined(separator: ", ")
  }

  /// What lies behind a row of values on the way.
  func beyond(_ expressions: [String], _ values: StatementArguments) -> RuleCondition {
    let marks = expressions.map { _ in "?" }.joined(separator: ", ")
    return RuleCondition(
      sql: "(\(expressions.joined(separator: ", "))) \(sign) (\(marks))", arguments: values)
  }

  /// Members that each make a group of the list, in the direction it is gone through, without those
  /// that lie before the place.
  func groups<Member>(
    _ members: some Sequence<Member>, by key: (Member) -> ListKey
  ) -> [(member: Member, key: ListKey)] {
    members.map { (member: $0, key: key($0)) }
      .filter { member in
        guard let place else { return true }
        return goesDown ? member.key <= place.key : member.key >= place.key
      }.sorted { goesDown ? $1.key < $0.key : $0.key < $1.key }
  }
}

extension ListKey {
  /// The value as a query takes it.
  var argument: StatementArguments {
    switch self {
    case .number(let number): [number]
    case .text(let text): [text]
    }
  }
}
