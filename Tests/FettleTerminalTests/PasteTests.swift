import FettleTestKit
import Testing

@testable import FettleTerminal

@Suite("Pastes", .fewAtOnce)
struct PasteTests {
  private static let end = "\u{1B}[201~"
  private static let begin = "\u{1B}[200~"

  /// A paste that comes in pieces.
  private func paste(_ pieces: String...) -> PasteReader.Ending {
    var reader = PasteReader(at: 0)
    for piece in pieces { _ = reader.take(Array(piece.utf8), at: 0) }
    return reader.end()
  }

  @Test("is one event, whatever is in it; what stands behind it are keys")
  func whole() {
    let ending = paste("q\u{1B}[B\u{3}\u{0}", "жщ", "ю\u{1B}x" + Self.end + "jk")
    #expect(ending.event == .paste("q\u{1B}[B\u{3}\u{0}жщю\u{1B}x"))
    #expect(ending.rest == Array("jk".utf8))
    #expect(!ending.isRepaired)
  }

  @Test("its end is seen wherever it is split", arguments: 0...6)
  func split(at place: Int) {
    let mark = Array(Self.end.utf8)
    var reader = PasteReader(at: 0)
    _ = reader.take(Array("a".utf8) + mark[..<place], at: 0)
    #expect(reader.hasEnded == (place == 6))
    _ = reader.take(mark[place...] + Array("q".utf8), at: 0)
    #expect(reader.hasEnded)
    #expect(reader.end().event == .paste("a"))
    #expect(reader.end().rest == Array("q".utf8))
  }

  @Test("the ends of its lines are line feeds, however the terminal sends them")
  func lines() {
    #expect(paste("a\rb\r\nc\n\nd\r\r" + Self.end).event == .paste("a\nb\nc\n\nd\n\n"))
  }

  @Test("an end within it, with the true one behind it, runs nothing as keys")
  func early() {
    let ending = paste("a" + Self.end + "x" + Self.end + "rm\r" + Self.end + "q")
    #expect(ending.event == .paste("a\(Self.end)x\(Self.end)rm\n"))
    #expect(ending.rest == Array("q".utf8))
  }

  @Test("a beginning within it is data, and two pastes in a row are two")
  func nested() {
    #expect(paste("a" + Self.begin + "b" + Self.end).event == .paste("a\(Self.begin)b"))
    let ending = paste("a" + Self.end + Self.begin + "b" + Self.end)
    #expect(ending.event == .paste("a"))
    #expect(ending.rest == Array((Self.begin + "b" + Self.end).utf8))
  }

  @Test("bytes that are no UTF-8 are replaced, which is told")
  func invalid() {
    var reader = PasteReader(at: 0)
    _ = reader.take([0x61, 0xFF, 0xC3] + Array(Self.end.utf8), at: 0)
    #expect(reader.end().event == .paste("a\u{FFFD}\u{FFFD}"))
    #expect(reader.end().isRepaired)
  }

  @Test("one that is too long is dropped whole, its end is seen all the same")
  func tooLong() {
    var reader = PasteReader(at: 0)
    let block = [UInt8](repeating: 0x61, count: 1 << 20)
    for _ in 0..<17 { _ = reader.take(block, at: 0) }
    #expect(!reader.hasEnded)
    _ = reader.take(Array(Self.end.utf8).prefix(3), at: 0)
    _ = reader.take(Array(Self.end.utf8).dropFirst(3) + [0x71], at: 0)
    #expect(reader.end().event == .pasteTooLong(17 << 20))
    #expect(reader.end().rest == [0x71])
  }

  @Test("Ctrl-C alone after a silence gives it up; one that comes with the rest is data")
  func givenUp() {
    var reader = PasteReader(at: 0)
    let taken = [
      reader.take([0x61], at: 100), reader.take([3], at: 101), reader.take([0x61, 3], at: 1000),
      reader.take([3], at: 1000 + PasteReader.shortestSilence),
    ]
    #expect(taken == [true, true, true, false])
  }

  @Test("a key in a text of megabytes looks at what is beside the cursor, and the box shows that")
  func largeText() {
    let line = String(repeating: "word ", count: 400_000)
    var editor = LineEditor(line + "\n" + line + "end")
    let clock = ContinuousClock()
    let time = clock.measure {
      for key in [Key.character("x"), .left, .left, .backspace, .right, .delete, .wordLeft] {
        _ = editor.handle(key)
      }
      let box = TextBox(editor, columns: 78, rows: 20, isASCII: false)
      #expect(box.rows.last?.text.hasSuffix("ed") == true, "\(box.rows.map(\.text))")
      #expect(box.rows.count == 20)
    }
    let text = editor.text
    #expect(text.hasSuffix("word ed"))
    // Seven keys and a picture that looked at every character would take eight such looks.
    var count = 0
    let look = clock.measure { for character in text where character != "\n" { count += 1 } }
    #expect(count > 3_999_000)
    #expect(time < look * 5, "\(time), a look takes \(look)")
  }

  @Test("the column is kept from line to line, as far as a line has it")
  func columns() {
    var editor = LineEditor("жщюя\nab\n\ncdef", cursor: 3)
    var places: [Int] = []
    for step in [1, 1, 1, 1, -1, -1, -1, -1] {
      editor.moveLine(step)
      places.append(editor.cursor)
    }
    #expect(places == [7, 8, 9, 13, 8, 5, 0, 0])
  }
}
