import FettleCore

/// `regexp:HTMLToText`: what a page says, as text: paragraphs apart, list items with a star, links
/// with their address behind them.
struct HTMLToText: ModuleImplementation {
  static let descriptor = ModuleDescriptor(
    type: "regexp:HTMLToText", kind: .transformer, effect: .pure,
    fields: [
      FieldDescriptor("html", "HTML", .text),
      FieldDescriptor("newline", "Newline", .text, choices: ["lf", "crlf", "cr"]),
      FieldDescriptor("uppercaseHeadings", "Uppercase headings", .boolean),
    ])

  func perform(
    _ input: Collection, in context: OperationContext
  ) async throws(ModuleError) -> OperationOutput {
    var writer = Writer(raisesHeadings: input["uppercaseHeadings"]?.boolean ?? true)
    writer.write(XMLTree.html(input["html"]?.text ?? ""), depth: 0)
    let ends = ["crlf": "\r\n", "cr": "\r"]
    let end = ends[input["newline"]?.text ?? ""] ?? "\n"
    return OperationOutput([["text": .text(writer.text.replacing("\n", with: end))]])
  }

  private struct Writer {
    let raisesHeadings: Bool
    private var lines = ""
    /// Line ends that are due before the next word.
    private var due = 0
    private var isBlankDue = false
    private var isRaised = false
    private var isKept = false

    init(raisesHeadings: Bool) { self.raisesHeadings = raisesHeadings }

    var text: String { lines }

    private static let paragraphs: Set<String> = [
      "p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "table", "blockquote", "pre",
    ]
    private static let blocks: Set<String> = [
      "div", "li", "tr", "section", "article", "header", "footer", "address", "hr", "dl", "dt",
      "dd", "form", "body", "html", "main", "nav", "figure",
    ]

    mutating func write(_ element: XMLTree.Element, depth: Int) {
      guard depth < 500 else { return }
      let name = element.name.lowercased()
      switch name {
      case "script", "style", "head", "title", "template": return
      case "br":
        lines += "\n"
        isBlankDue = false
        return
      case "img":
        if let alternative = element.attributes["alt"]?.text, !alternative.isEmpty {
          say(alternative)
        }
        return
      default: break
      }
      let gap = Self.paragraphs.contains(name) ? 2 : Self.blocks.contains(name) ? 1 : 0
      breakLine(gap)
      let before = (isRaised, isKept)
      if raisesHeadings, name.count == 2, name.hasPrefix("h"), name != "hr" { isRaised = true }
      if name == "pre" { isKept = true }
      if name == "li" { say(" * ") }
      let start = lines.endIndex
      for child in element.children {
        switch child {
        case .text(let text): say(text)
        case .element(let inner): write(inner, depth: depth + 1)
        }
      }
      if name == "a", let address = element.attributes["href"]?.text, !address.isEmpty,
        !address.hasPrefix("#"), !lines[min(start, lines.endIndex)...].contains(address)
      {
        isBlankDue = !lines.isEmpty
        say("[\(address)]")
      }
      if name == "td" || name == "th" { isBlankDue = true }
      (isRaised, isKept) = before
      breakLine(gap)
    }

    private mutating func breakLine(_ gap: Int) {
      if gap > 0, !lines.isEmpty { due = max(due, gap) }
    }

    private mutating func say(_ text: String) {
      let text = isRaised ? text.uppercased() : text
      if isKept {
        settle()
        lines += text
        return
      }
      let words = text.split { $0.isWhitespace }
      if text.first?.isWhitespace == true { isBlankDue = true }
      for (index, word) in words.enumerated() {
        if index > 0 { isBlankDue = true }
        settle()
        lines += word
      }
      if !words.isEmpty { isBlankDue = text.last?.isWhitespace == true }
    }

    private mutating func settle() {
      if due > 0 {
        let there = lines.reversed().prefix { $0 == "\n" }.count
        lines += String(repeating: "\n", count: max(0, due - there))
        isBlankDue = false
      }
      if isBlankDue, !lines.isEmpty, lines.last?.isNewline == false { lines += " " }
      due = 0
      isBlankDue = false
    }
  }
}
