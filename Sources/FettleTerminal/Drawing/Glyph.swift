extension SafeText {
  /// One character on the screen: a scalar that takes columns and the marks upon it.
  ///
  /// It holds no string: to paint a screen, thousands of them are copied and compared.
  struct Glyph: Hashable, Sendable {
    /// What takes the columns.
    let scalar: Unicode.Scalar
    /// Whether it is the program's own, which has a twin in ASCII.
    let isOwn: Bool
    private let columns: UInt8
    /// The numbers of the marks, in order; 0 behind the last.
    private var marks: SIMD4<UInt32> = .zero

    /// A cell of curses holds a character and four marks; more would be cut off unseen.
    static let mostMarks = SIMD4<UInt32>.scalarCount

    /// A space.
    static let space = Glyph(" ", isOwn: true)
    /// What stands in the second column of a wide glyph.
    static let secondHalf = Glyph(" ", width: 0, isOwn: true)

    /// A scalar without marks.
    init(_ scalar: Unicode.Scalar, width: Int = 1, isOwn: Bool) {
      self.scalar = scalar
      self.isOwn = isOwn
      columns = UInt8(clamping: width)
    }

    /// The columns it takes.
    var width: Int { Int(columns) }

    /// Whether there are marks upon it.
    var hasMarks: Bool { marks[0] != 0 }

    /// The scalar and its marks.
    var scalars: [Unicode.Scalar] {
      guard columns > 0 else { return [] }
      guard hasMarks else { return [scalar] }
      return [scalar]
        + marks.indices.compactMap { marks[$0] == 0 ? nil : Unicode.Scalar(marks[$0]) }
    }

    /// As text; none for the second half of a wide one.
    var text: String {
      var text = ""
      text.unicodeScalars.append(contentsOf: scalars)
      return text
    }

    /// With another mark upon it.
    /// - Parameter position: how many it has, fewer than `mostMarks`.
    func marked(_ mark: Unicode.Scalar, at position: Int) -> Glyph {
      var glyph = self
      glyph.marks[position] = mark.value
      return glyph
    }
  }
}
