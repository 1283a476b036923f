import FettleTestKit
import Glibc
import Testing

@testable import FettleTerminal

@Suite("Text that can be drawn", .fewAtOnce)
struct SafeTextTests {
  static let table: [(String, String, String)] = [
    ("plain", "plain", "plain"),
    ("\u{1B}[31mred", "␛[31mred", "^[[31mred"),
    ("a\u{7}b\u{0}", "a␇b␀", "a^Gb^@"),
    ("two\nlines\r\n", "two⏎lines␍⏎", "two^Jlines^M^J"),
    ("del\u{7F}", "del␡", "del^?"),
    ("\u{9B}31m", "\\u{9B}31m", "\\u{9B}31m"),
    ("a\u{202E}b\u{2069}", "a‹RLO›b‹PDI›", "a<RLO>b<PDI>"),
    ("a\u{200B}b\u{FEFF}", "a‹ZWSP›b‹BOM›", "a<ZWSP>b<BOM>"),
    ("tag\u{E0041}", "tag‹U+E0041›", "tag<U+E0041>"),
    ("\u{E000}", "\\u{E000}", "\\u{E000}"),
    ("line\u{2028}end", "line\\u{2028}end", "line\\u{2028}end"),
    ("\u{301}first", "\\u{301}first", "\\u{301}first"),
    ("é", "é", "\\u{E9}"),
    ("👩\u{200D}👩\u{200D}👧", "👩", "\\u{1F469}"),
    ("🇩🇪", "‹D›‹E›", "<D><E>"),
  ]

  @Test("is made visible, never obeyed", arguments: table)
  func sanitized(outside: String, shown: String, ascii: String) {
    #expect(SafeText(outside).text == shown)
    #expect(SafeText(outside).ascii.text == ascii)
  }

  @Test("holds no more marks than a cell of curses")
  func marks() {
    let text = SafeText("a" + String(repeating: "\u{301}", count: 40))
    #expect(text.glyphs.first?.text.unicodeScalars.count == 1 + SafeText.Glyph.mostMarks)
    #expect(text.glyphs.allSatisfy { $0.text.unicodeScalars.count <= 1 + SafeText.Glyph.mostMarks })
  }

  @Test("does not read a huge value to show a line of it")
  func limit() {
    let huge = String(repeating: "x", count: 5_000_000)
    let clock = ContinuousClock()
    let time = clock.measure { #expect(SafeText(huge, limit: 100).glyphs.count == 100) }
    #expect(time < .milliseconds(50))
  }

  @Test("is clipped by columns, wide characters included")
  func clipped() {
    #expect(SafeText("日本語").clipped(to: 6).text == "日本語")
    #expect(SafeText("日本語").clipped(to: 5).text == "日本…")
    #expect(SafeText("日本語").clipped(to: 4).text == "日…")
    #expect(SafeText("abc").clipped(to: 0).text == "")
    #expect(SafeText("日本語").clippedInFront(to: 5).text == "…本語")
    #expect(SafeText("日本語").padded(to: 5).width == 5)
  }

  @Test("is wrapped at spaces, and never for ever")
  func wrapped() {
    #expect(SafeText("one two three").wrapped(to: 8, lines: 5).map(\.text) == ["one two", "three"])
    #expect(SafeText("abcdefgh").wrapped(to: 3, lines: 2).map(\.text) == ["abc", "de…"])
    #expect(SafeText("日本").wrapped(to: 1, lines: 3).count <= 3)
  }

  @Test("literals are the program's own and have twins; what is put into them is not")
  func interpolation() {
    let outside = "→\u{1B}"
    let text: SafeText = "a → \(outside)"
    #expect(text.text == "a → →␛")
    #expect(text.ascii.text == "a > \\u{2192}^[")
  }

  @Test("every mark of the program has a twin in ASCII")
  func twins() {
    for binding in KeyContext.allCases.flatMap(KeyMap.bindings) {
      for text in [binding.help, binding.name] + binding.keys.map(\.name) {
        let unknown = text.glyphs.filter { glyph in
          glyph.text.unicodeScalars.contains { !$0.isASCII && Sanitizer.asciiTwins[$0] == nil }
        }
        #expect(unknown.isEmpty)
      }
    }
  }

  @Test("the widths are those of the C library")
  func widths() throws {
    // For this thread only: the locale of the process belongs to all tests.
    let locale = try #require(newlocale(1 << LC_CTYPE, "C.UTF-8", nil))
    let before = uselocale(locale)
    defer {
      uselocale(before)
      freelocale(locale)
    }
    var differing: [String] = []
    for value in UInt32(0x20)...0x1FFFF {
      guard let scalar = Unicode.Scalar(value) else { continue }
      let safe = SafeText(String(Character(scalar)))
      // Only what is drawn as itself has to agree; the rest is spelled in ASCII and marks.
      guard safe.glyphs.count == 1, let glyph = safe.glyphs.first,
        glyph.text.unicodeScalars.first == scalar
      else { continue }
      let width = NcursesTerminal.libraryWidth(of: scalar)
      // Unknown to this library: the driver draws question marks.
      if width < 0 { continue }
      // A mark that became a spacing one in a later Unicode than that of the library.
      if value == 0x1171E { continue }
      if width != glyph.width { differing.append(String(value, radix: 16)) }
    }
    #expect(differing.isEmpty, "\(differing.count): \(differing.prefix(40))")
  }
}
