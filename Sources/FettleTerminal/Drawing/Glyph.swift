extension SafeText {
  /// One character on the screen: a scalar that takes columns and the marks upon it.
  ///
  /// It holds no string, and its parts stand so that nothing between them is empty: to paint a screen,
  /// thousands of them are copied and compared.
  struct Glyph: Hashable, Sendable {
    /// What takes the columns.
    let scalar: Unicode.Scalar
    private var marks = Marks()
    /// Whether it is the program's own, which has a twin in ASCII.
    let isOwn: Bool
    private let columns: UInt8

    /// A cell of curses holds a character and four marks; more would be cut off unseen.
    static let mostMarks = 4

    /// The numbers of the marks, in order; 0 behind the last. An array would have to be counted.
    private struct Marks: Hashable, Sendable {
      private var first: UInt32 = 0
      private var second: UInt32 = 0
      private var third: UInt32 = 0
      private var fourth: UInt32 = 0

      var isEmpty: Bool { first == 0 }

      var scalars: [Unicode.Scalar] {
        [first, second, third, fourth].compactMap { $0 == 0 ? nil : Unicode.Scalar($0) }
      }

      mutating func set(_ mark: Unicode.Scalar, at position: Int) {
        switch position {
        case 0: first = mark.value
        case 1: second = mark.value
        case 2: third = mark.value
        default: fourth = mark.value
        }
      }
    }

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
    var hasMarks: Bool { !marks.isEmpty }

    /// The scalar and its marks.
    var scalars: [Unicode.Scalar] {
      guard columns > 0 else { return [] }
      return hasMarks ? [scalar] + marks.scalars : [scalar]
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
      glyph.marks.set(mark, at: position)
      return glyph
    }
  }
}
