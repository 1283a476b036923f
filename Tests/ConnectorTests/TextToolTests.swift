import FettleCore
import FettleTestKit
import Testing

@Suite("Text parser, CSV, XML, tools: the shapes blueprints read (blueprints 9, 10)", .fewAtOnce)
struct TextToolTests {
  @Test("regexp:Parser gives $1, $2 or the name of the group, once or for every match")
  func parser() async throws {
    let first = try await perform(
      "regexp:Parser", ["text": "Order 12, Order 13"],
      parameters: ["pattern": "Order (\\d)(\\d)", "global": false, "sensitive": true])
    #expect(first.bundles == [["$1": "1", "$2": "2"]])
    let all = try await perform(
      "regexp:Parser", ["text": "order 12, Order 13"],
      parameters: ["pattern": "order (?<number>\\d+)( x)?", "global": true, "sensitive": false])
    #expect(all.bundles == [["number": "12", "$2": .null], ["number": "13", "$2": .null]])
    let look = try await perform(
      "regexp:Parser", ["text": "a=1 b=2"],
      parameters: ["pattern": "(?<=b=)(\\d)", "sensitive": true])
    #expect(look.bundles == [["$1": "2"]])
    let none = try await perform("regexp:Parser", ["text": "-"], parameters: ["pattern": "(x)"])
    #expect(none.bundles.isEmpty)
    let going = try await perform(
      "regexp:Parser", ["text": "-"], parameters: ["pattern": "(x)", "continueWhenNoRes": true])
    #expect(going == .nothingFound)
    let error = await failure("regexp:Parser", ["text": "x"], parameters: ["pattern": "("])
    #expect(error?.type == .bundleValidation)
    #expect(error?.field == "pattern")
  }

  @Test("a pattern that would take for ever fails instead")
  func bound() async {
    let error = await failure(
      "regexp:Parser", ["text": .text(String(repeating: "a", count: 40) + "!")],
      parameters: ["pattern": "^(a+)+$"])
    #expect(error == nil || error?.message.contains("too long") == true)
  }

  @Test("AdvancedParser, Replace, GetElementsFromText")
  func others() async throws {
    let advanced = try await perform(
      "regexp:AdvancedParser", ["pattern": "(\\w)=(\\d)", "text": "a=1;b=2"],
      parameters: ["global": true])
    #expect(
      advanced.bundles == [
        ["value": "a=1", "__IMTMATCH__": ["a", "1"]],
        ["value": "b=2", "__IMTMATCH__": ["b", "2"]],
      ])
    let replaced = try await perform(
      "regexp:Replace",
      ["pattern": "(\\d+)", "value": "<$1>", "text": "1 and 22", "global": true])
    #expect(replaced.bundles == [["text": "<1> and <22>"]])
    let links = try await perform(
      "regexp:GetElementsFromText",
      ["text": "see https://a.example/x?y=1, (http://b.example).", "pattern": "##http_urls"])
    #expect(
      links.bundles == [["match": "https://a.example/x?y=1"], ["match": "http://b.example"]])
  }

  @Test("HTMLToText reads what browsers would show")
  func html() async throws {
    let page = """
      <html><head><title>no</title><style>p{}</style></head><body><h1>Big &amp; bold</h1>
      <p>One<br>two   <b>three</b> <a href="https://x.example/">link</a></p>
      <ul><li>first<li>second</ul><script>evil()</script></body></html>
      """
    let text = try await perform("regexp:HTMLToText", ["html": .text(page)]).bundles.first?["text"]
    #expect(
      text
        == "BIG & BOLD\n\nOne\ntwo three link [https://x.example/]\n\n* first\n* second")
    let plain = try await perform(
      "regexp:HTMLToText", ["html": "<h2>a</h2>ü", "newline": "crlf", "uppercaseHeadings": false])
    #expect(plain.bundles.first?["text"] == "a\r\n\r\nü")
  }

  @Test("ParseCSV gives col1, col2 for a row; quotes and line ends inside of values count")
  func csv() async throws {
    let text = "\u{FEFF}name,note\r\nAda,\"a \"\"b\"\", c\"\r\nBob,\"two\nlines\"\r\n"
    let output = try await perform(
      "csv:ParseCSV", ["csv": .text(text)],
      parameters: ["csvContainsHeaders": true, "delimiterType": "other", "delimiter": ","])
    #expect(
      output.bundles == [
        ["col1": "Ada", "col2": "a \"b\", c"], ["col1": "Bob", "col2": "two\nlines"],
      ])
    let semicolons = try await perform(
      "csv:ParseCSV", ["csv": "1;2\n3;4"], parameters: ["delimiterType": "semicolon"])
    #expect(semicolons.bundles == [["col1": "1", "col2": "2"], ["col1": "3", "col2": "4"]])
    let short = await failure("csv:ParseCSV", ["csv": "1,2\n3\n"])
    #expect(short?.type == .data)
    #expect(short?.message.contains("row 2 has 1 columns, not 2") == true)
    let relaxed = try await perform(
      "csv:ParseCSV", ["csv": "1,2\n3\n"], parameters: ["relax": true])
    #expect(relaxed.bundles.last == ["col1": "3"])
    let back = try await perform(
      "csv:CreateCSV", ["rows": [["a": "x,y", "b": 1], ["a": "\"q\""]]])
    #expect(back.bundles == [["text": "a,b\r\n\"x,y\",1\r\n\"\"\"q\"\"\",\r\n"]])
  }

  @Test("ParseXML: elements are arrays, text in _value, attributes in _attributes")
  func xml() async throws {
    let text = """
      <?xml version="1.0"?><order id="7"><item sku="a">1.50</item><item>x &amp; y</item>
      <s:empty xmlns:s="urn:s"/></order>
      """
    let output = try await perform("xml:ParseXML", ["xml": .text(text)])
    let order = output.bundles.first?["order"]?.array?.first?.collection
    #expect(order?["_attributes"] == ["id": "7"])
    #expect(
      order?["item"].map { JSONWriter.text($0) }
        == #"[{"_attributes":{"sku":"a"},"_value":1.50},{"_value":"x & y"}]"#)
    #expect(order?["s:empty"] != nil)
    let kept = try await perform(
      "xml:ParseXML", ["xml": "<a>1.50</a>"], parameters: ["preserveNumbersAsText": true])
    #expect(kept.bundles == [["a": [["_value": "1.50"]]]])
  }

  @Test("ParseXML says where a document is broken, and fetches and unfolds nothing")
  func brokenXML() async throws {
    let error = await failure("xml:ParseXML", ["xml": "<a>\n<b></a>"])
    #expect(error?.type == .data)
    #expect(error?.message.contains("line 2") == true, "\(error?.message ?? "")")
    let outside = """
      <!DOCTYPE a [<!ENTITY f SYSTEM "file:///etc/passwd">]><a>&f;</a>
      """
    let read = try? await perform("xml:ParseXML", ["xml": .text(outside)])
    #expect(
      read.map { JSONWriter.text(.array($0.bundles.map(Value.collection))) }?.contains("root:")
        != true)
    let deep = String(repeating: "<a>", count: 3000) + String(repeating: "</a>", count: 3000)
    #expect(await failure("xml:ParseXML", ["xml": .text(deep)])?.type == .data)
  }

  @Test("CreateXML writes what ParseXML reads; names and texts cannot become markup")
  func createXML() async throws {
    let input: Collection = [
      "order": ["_attributes": ["id": "7\""], "item": [["_value": "<x>"], "two"], "none": .null]
    ]
    let xml = try await perform("xml:CreateXML", input).bundles.first?["xml"]?.text ?? ""
    #expect(
      xml.hasSuffix(
        "<order id=\"7&quot;\"><item>&lt;x&gt;</item><item>two</item><none/></order>"))
    let again = try await perform("xml:ParseXML", ["xml": .text(xml)])
    #expect(
      again.bundles.first?["order"]?.array?.first?.collection?["item"]
        == [["_value": "<x>"], ["_value": "two"]])
    #expect(await failure("xml:CreateXML", ["a b": "x"])?.type == .bundleValidation)
    #expect(await failure("xml:CreateXML", ["a": 1, "b": 2])?.type == .bundleValidation)
  }

  @Test("Switcher takes the first row that fits, by equality or by pattern, else the rest")
  func switcher() async throws {
    let cases: Value = [
      ["pattern": ".*(img|pic).*", "output": "image"], ["pattern": "x", "output": 2],
    ]
    func ask(_ input: Value, _ usesPatterns: Bool) async throws -> Value? {
      try await perform(
        "util:Switcher",
        [
          "input": input, "casesTable": cases, "elseOutput": "help",
          "useRegExpMatch": .boolean(usesPatterns),
        ]
      ).bundles.first?["output"]
    }
    #expect(try await ask("a pic", true) == "image")
    #expect(try await ask("a pic", false) == "help")
    #expect(try await ask("x", false) == 2)
  }

  @Test("FunctionIncrement counts for the cycle, the execution or ever")
  func increment() async throws {
    let cycle = try await perform("util:FunctionIncrement", [:], parameters: ["reset": "run"])
    #expect(cycle.bundles == [["i": 1]])
    let next = try await perform(
      "util:FunctionIncrement", [:], parameters: ["reset": "execution"],
      variables: Variables(cycle: [:], execution: ["increment 1": 4]))
    #expect(next.bundles == [["i": 5]])
    #expect(next.assignments.map(\.scope) == [.execution])
    let ever = try await perform(
      "util:FunctionIncrement", [:], parameters: ["reset": "scenario"])
    #expect(ever.bundles == [["i": 1]])
    #expect(ever.changes.count == 1)
  }

  @Test("the older variables answer in a field value; an expression is calculated")
  func variables() async throws {
    let set = try await perform("util:SetVariable", ["name": "a", "value": 5])
    #expect(set.bundles == [["value": 5]])
    let read = try await perform(
      "util:GetVariable", ["name": "a"], variables: Variables(cycle: ["a": 7]))
    #expect(read.bundles == [["value": 7]])
    let sum = try await perform("math:EvaluateExpression", ["expression": "2 + 3 * 4"])
    #expect(sum.bundles == [["result": 14]])
    #expect(
      await failure("math:EvaluateExpression", ["expression": "2 +"])?.field == "expression")
    #expect(await failure("util:FunctionSleep", ["duration": 301])?.type == .bundleValidation)
  }
}
