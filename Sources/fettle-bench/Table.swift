import Foundation

/// Lines of text in columns.
struct Table {
  private var rows: [[String]]

  init(_ head: [String]) { rows = [head] }

  mutating func add(_ row: [String]) { rows.append(row) }

  /// The first column on the left, numbers on the right.
  var text: String {
    let columns = rows.map(\.count).max() ?? 0
    let widths = (0..<columns).map { column in
      rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
    }
    return rows.map { row in
      row.enumerated().map { column, cell in
        let space = String(repeating: " ", count: widths[column] - cell.count)
        return column == 0 ? cell + space : space + cell
      }.joined(separator: "  ")
    }.joined(separator: "\n")
  }

  static func rate(_ rate: Double?) -> String {
    guard let rate else { return "-" }
    if rate >= 1e6 { return String(format: "%.2f M/s", rate / 1e6) }
    if rate >= 1e3 { return String(format: "%.1f k/s", rate / 1e3) }
    return String(format: "%.1f /s", rate)
  }

  static func ratio(_ ratio: Double?) -> String {
    guard let ratio else { return "-" }
    return String(format: ratio < 10 ? "%.2fx" : "%.0fx", ratio)
  }

  /// A ratio beside the bar it has to reach.
  static func ratio(_ ratio: Double?, bar: Double) -> String {
    guard let ratio else { return "-" }
    return "\(Self.ratio(ratio)) (bar \(Self.ratio(bar)) \(ratio >= bar ? "met" : "MISSED"))"
  }

  /// A ratio beside the bar it must not go over.
  static func ratio(_ ratio: Double?, atMost bar: Double) -> String {
    guard let ratio else { return "-" }
    return "\(Self.ratio(ratio)) (at most \(Self.ratio(bar)) \(ratio <= bar ? "met" : "MISSED"))"
  }
}
