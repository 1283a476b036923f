extension Sequence<String> {
  /// The name that somebody probably meant who wrote another: it begins so, or a third of its letters at
  /// the most is left out, too many, wrong or changed places. Nil when none is that near.
  public func nearest(to word: String) -> String? {
    let written = Array(word.lowercased().utf8.prefix(64))
    guard !written.isEmpty else { return nil }
    let near = map { (name: $0, distance: slips(written, Array($0.lowercased().utf8))) }
      .min { $0.distance < $1.distance }
    if let near, near.distance * 3 <= Swift.max(written.count, near.name.utf8.count) {
      return near.name
    }
    return written.count < 2 ? nil : first { $0.lowercased().utf8.starts(with: written) }
  }

  /// How many slips of the keyboard make one word the other (the distance of Damerau and Levenshtein,
  /// each place changed once).
  private func slips(_ one: [UInt8], _ other: [UInt8]) -> Int {
    var (before, above) = ([Int](), Array(0...other.count))
    for (row, letter) in one.enumerated() {
      var line = [row + 1]
      for (column, sought) in other.enumerated() {
        var least = Swift.min(
          above[column + 1] + 1, line[column] + 1, above[column] + (letter == sought ? 0 : 1))
        if row > 0, column > 0, letter == other[column - 1], one[row - 1] == sought {
          least = Swift.min(least, before[column - 1] + 1)
        }
        line.append(least)
      }
      (before, above) = (above, line)
    }
    return above[other.count]
  }
}
