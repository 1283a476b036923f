import FettleCore
import FettleTestKit
import Testing

@Suite("A mask takes secrets out", .fewAtOnce)
struct MaskTests {
  @Test(
    "in each form in which logins send them",
    arguments: [
      "a secret 1", "a%20secret%201", "YSBzZWNyZXQgMQ==", "YWRhOmEgc2VjcmV0IDE=",
      // PLAIN (RFC 4616), without and with an identity to act for.
      "AGFkYQBhIHNlY3JldCAx", "YWRhAGFkYQBhIHNlY3JldCAx",
      // XOAUTH2.
      "dXNlcj1hZGEBYXV0aD1CZWFyZXIgYSBzZWNyZXQgMQEB",
    ])
  func forms(sent: String) {
    let mask = Mask(["a secret 1"], user: "ada")
    #expect(mask.masked("535 no: \(sent).") == "535 no: \(Mask.sign).")
  }

  private static let odd = #"pé "w/\+ <&>'%=;"#

  @Test(
    "however its characters are written",
    arguments: [
      // As it is.
      #"pé "w/\+ <&>'%=;"#,
      // Percent-encoded: in capitals, in small letters, as forms do, only what must be, twice.
      "p%C3%A9%20%22w%2F%5C%2B%20%3C%26%3E%27%25%3D%3B",
      "p%c3%a9%20%22w%2f%5c%2b%20%3c%26%3e%27%25%3d%3b",
      "p%C3%A9+%22w%2F%5C%2B+%3C%26%3E%27%25%3D%3B", "p%C3%A9%20%22w/%5C+%20%3C&%3E'%25=;",
      "p%25C3%25A9%2520%2522w%252F%255C%252B%2520%253C%2526%253E%2527%2525%253D%253B",
      // JSON: as few escapes as there must be, as many as there may be, inside of JSON.
      #"pé \"w/\\+ <&>'%=;"#, #"p\u00e9 \"w\/\\+ \u003c\u0026\u003e\u0027%\u003D;"#,
      #"pé \\\"w/\\\\+ <&>'%=;"#,
      // XML and HTML.
      "pé &quot;w/\\+ &lt;&amp;&gt;&#39;%=;", "p&#233; &#34;w/\\+ &lt;&amp;&gt;&#x27;%=;",
      "pé &amp;quot;w/\\+ &amp;lt;&amp;amp;&amp;gt;&amp;#39;%=;",
      // E-mail.
      "p=C3=A9 \"w/\\+ <&>'%=3D;",
      // UTF-8, read as Latin-1.
      "pÃ© \"w/\\+ <&>'%=;",
      // Hexadecimal.
      "70c3a92022772f5c2b203c263e27253d3b", "70C3A92022772F5C2B203C263E27253D3B",
    ])
  func written(text: String) {
    let mask = Mask([Self.odd])
    #expect(mask.masked("no: \(text).") == "no: \(Mask.sign).")
    #expect(mask.masked("\(text)\(text)") == Mask.sign + Mask.sign)
  }

  @Test("in base64 of something longer, wherever it stands there", arguments: 0..<6)
  func inside(offset: Int) {
    let secret = "long-secret-1"
    let text = String(repeating: "x", count: offset) + secret + ";and more"
    let masked = Mask([secret]).masked(Buffer(Array(text.utf8)).base64)
    #expect(masked.contains(Mask.sign))
    #expect(masked.count < 24 + offset, "\(masked)")
  }

  @Test("base64 as addresses take it, and as addresses and JSON encode it")
  func addresses() {
    let secret = "???>>>~~~ooo"
    let mask = Mask([secret])
    for form in [
      "Pz8/Pj4+fn5+b29v", "Pz8_Pj4-fn5-b29v", "Pz8%2FPj4%2Bfn5%2Bb29v", #"Pz8\/Pj4+fn5+b29v"#,
    ] { #expect(mask.masked("\(form)!") == "\(Mask.sign)!") }
  }

  @Test("nothing else: what only looks alike stays")
  func others() {
    let mask = Mask(["a secret 1", "abc"])
    for text in [
      "a secret 2", "a%20secret", "a secret", "abc", "a\\u0020secre", "a&#32;", "", "%", "\\", "&",
    ] { #expect(mask.masked(text) == text) }
  }

  @Test("what is left of a secret where an answer was cut off", arguments: 4..<17)
  func cut(length: Int) {
    let mask = Mask([Self.odd + "more"])
    let start = String(repeating: "x", count: 300)
    for form in [Self.odd, "p%C3%A9%20%22w%2F%5C%2B%20%3C%26%3E%27%25%3D%3B"] {
      let error = ModuleError(.data, start + String(form.prefix(length + 4)))
      let shown = mask.masked(error).message
      #expect(shown == start + Mask.sign || shown == start + String(form.prefix(length + 4)))
      if length >= 11 { #expect(shown.hasSuffix(Mask.sign), "\(form.prefix(length))") }
    }
    let quoted = ModuleError(.data, "got \"\(Self.odd.prefix(length))…\"")
    if length > 4 { #expect(mask.masked(quoted).message == "got \"\(Mask.sign)…\"") }
    // Short messages are whole: their last word is a word.
    let word = ModuleError(.data, "no such custom")
    #expect(Mask(["customer-key"]).masked(word) == word)
  }

  @Test("in names, numbers and buffers, with text or without")
  func values() {
    let mask = Mask(["12345678", "pässwort-1"])
    #expect(mask.masked(.number(Number(12_345_678))) == .text(Mask.sign))
    #expect(mask.masked(.number(Number(123_456_789))) == .number(Number(123_456_789)))
    let named = mask.masked(Value.collection(["x pässwort-1": ["a pässwort-1"]]))
    #expect(named == ["x \(Mask.sign)": .array([.text("a \(Mask.sign)")])])
    let picture: [UInt8] = [0xFF, 0x00, 0x70, 0xE4] + Array("sswort-1".utf8) + [0xFE]
    #expect(
      mask.masked(.buffer(Buffer(picture)))
        == .buffer(Buffer([0xFF, 0x00] + Array(Mask.sign.utf8) + [0xFE])))
    // By chance four bytes of a picture are anything.
    let chance: [UInt8] = [0xFF, 0x61, 0x62, 0x63, 0x64]
    #expect(Mask(["abcd"]).masked(.buffer(Buffer(chance))) == .buffer(Buffer(chance)))
  }
}
