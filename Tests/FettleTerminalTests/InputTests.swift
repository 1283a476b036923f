import FettleTestKit
import Testing

@testable import FettleTerminal

@Suite("Input", .fewAtOnce)
struct InputTests {
  private func decode(_ pieces: InputDecoder.Raw...) -> [InputEvent] {
    pieces.compactMap { InputDecoder.event($0) }
  }

  @Test("control characters are keys")
  func keys() {
    #expect(
      decode(.scalar(27), .scalar(13), .scalar(9), .scalar(127), .scalar(19), .scalar(28))
        == [
          .key(.escape), .key(.enter), .key(.tab), .key(.backspace), .key(.control("s")),
          .key(.control("\\")),
        ])
  }

  @Test("a surrogate or a number that is no scalar is nothing")
  func noScalar() { #expect(decode(.scalar(0xD800), .scalar(0x11_0000)).isEmpty) }

  private func press(_ keys: Key..., in line: inout LineEditor) {
    for key in keys {
      let isHandled = line.handle(key)
      #expect(isHandled, "\(key)")
    }
  }

  @Test("editing a line")
  func line() {
    var line = LineEditor("one two")
    press(.control("w"), in: &line)
    #expect(line.text == "one ")
    press(.home, .character("日"), in: &line)
    #expect(line.text == "日one " && line.cursor == 1)
    press(.wordRight, in: &line)
    line.insert("e\u{301}")
    #expect(line.text == "日onee\u{301} ")
    press(.backspace, in: &line)
    #expect(line.text == "日one ")
    press(.control("u"), in: &line)
    #expect(line.text == " " && line.cursor == 0)
    press(.left, .backspace, .delete, in: &line)
    #expect(line.text == "")
    let takesEnter = line.handle(.enter)
    #expect(!takesEnter)
  }

  @Test("a combining mark joins what stands before the cursor")
  func combining() {
    var line = LineEditor("e")
    line.insert("\u{301}")
    #expect(line.cursor == 1)
    #expect(line.text.unicodeScalars.count == 2)
  }
}
