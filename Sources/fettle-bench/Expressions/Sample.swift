import FettleCore

/// A template, the same work by hand, and the same template for jinja2.
struct Sample: Sendable {
  let name: String
  let template: Template
  let floor: @Sendable (Bundle) -> String
  let jinja: String
  /// What the ratio to jinja2 has to reach (bar P10); nil when none was set.
  let bar: Double?

  /// The bundle every sample reads.
  static let bundle: Bundle = [
    "created": .date(Instant(milliseconds: 1_790_000_705_123)), "name": "ada lovelace",
    "email": "  Ada.Lovelace@Example.ORG ", "price": 12.5, "quantity": 3, "total": 37.5,
    "note": "", "tags": "first class   two  words",
    "items": .array(
      (1...100).map { number in
        [
          "id": .integer(number), "name": .text("item \(number)"),
          "status": .text(number.isMultiple(of: 3) ? "open" : "closed"),
        ]
      }),
  ]

  static let scope = Scope(bundles: [1: bundle], now: Instant(milliseconds: 1_790_000_705_123))

  static let all = [
    Sample(
      name: "E1 date",
      template: Template("{{formatDate(1.created; \"YYYY-MM-DD HH:mm:ss\")}}"),
      floor: { bundle in
        guard case .date(let instant)? = bundle["created"] else { return "" }
        return Floor.date(instant)
      }, jinja: #"{{ d["created"].strftime("%Y-%m-%d %H:%M:%S") }}"#, bar: 30),
    Sample(
      name: "E2 text",
      template: Template("Order of {{upper(1.name)}}: {{1.price * 1.quantity}} EUR"),
      floor: { bundle in
        guard case .text(let name)? = bundle["name"], case .number(let price)? = bundle["price"],
          case .number(let quantity)? = bundle["quantity"]
        else { return "" }
        return "Order of \(name.uppercased()): \(price.double * quantity.double) EUR"
      }, jinja: #"Order of {{ d["name"]|upper }}: {{ d["price"] * d["quantity"] }} EUR"#, bar: 15),
    Sample(
      name: "E3 list",
      template: Template("{{join(map(1.items; \"name\"; \"status\"; \"open\"); \", \")}}"),
      floor: { bundle in
        guard case .array(let items)? = bundle["items"] else { return "" }
        var text = ""
        for case .collection(let item) in items where item["status"] == "open" {
          guard case .text(let name)? = item["name"] else { continue }
          if !text.isEmpty { text += ", " }
          text += name
        }
        return text
      },
      jinja:
        #"{{ d["items"]|selectattr("status","equalto","open")|map(attribute="name")|join(", ") }}"#,
      bar: 8),
    Sample(
      name: "E4 choice",
      template: Template("{{if(1.total > 100; \"large\"; ifempty(1.note; \"small\"))}}"),
      floor: { bundle in
        guard case .number(let total)? = bundle["total"], case .text(let note)? = bundle["note"]
        else { return "" }
        return total.double > 100 ? "large" : note.isEmpty ? "small" : note
      }, jinja: #"{{ "large" if d["total"] > 100 else (d["note"] or "small") }}"#, bar: nil),
    Sample(
      name: "E5 body",
      template: Template(
        #"{"email":"{{lower(trim(1.email))}}","tags":"{{replace(1.tags; "/ +/g"; "-")}}","#
          + #""first":"{{first(split(1.name; space))}}","size":{{length(1.items)}}}"#),
      floor: { bundle in
        guard case .text(let email)? = bundle["email"], case .text(let tags)? = bundle["tags"],
          case .text(let name)? = bundle["name"], case .array(let items)? = bundle["items"]
        else { return "" }
        return #"{"email":"\#(Floor.trimmed(email).lowercased())","tags":"\#(Floor.joined(tags))","#
          + #""first":"\#(name.split(separator: " ").first ?? "")","size":\#(items.count)}"#
      },
      jinja: #"{"email":"{{ d["email"]|trim|lower }}","tags":"{{ squeeze(d["tags"]) }}","#
        + #""first":"{{ d["name"].split(" ")[0] }}","size":{{ d["items"]|length }}}"#, bar: nil),
  ]

  /// Refuses to measure two sides that do different work.
  func verify() throws {
    let own = Coercion.text(try template.evaluate(in: Self.scope)) ?? ""
    let other = floor(Self.bundle)
    guard own == other else { throw Mismatch(name: name, own: own, floor: other) }
  }
}

/// Two sides of a sample that do not agree.
struct Mismatch: Error, CustomStringConvertible {
  let name: String
  let own: String
  let floor: String

  var description: String { "\(name): the template gives \(own), its floor \(floor)" }
}

/// What somebody would write by hand for one sample.
private enum Floor {
  static func date(_ instant: Instant) -> String {
    let time = CivilTime(instant, offsetSeconds: 0)
    var text: [UInt8] = []
    text.reserveCapacity(19)
    func two(_ number: Int) {
      text.append(UInt8(ascii: "0") + UInt8(number / 10 % 10))
      text.append(UInt8(ascii: "0") + UInt8(number % 10))
    }
    two(time.year / 100)
    two(time.year)
    text.append(UInt8(ascii: "-"))
    two(time.month)
    text.append(UInt8(ascii: "-"))
    two(time.day)
    text.append(UInt8(ascii: " "))
    two(time.hour)
    text.append(UInt8(ascii: ":"))
    two(time.minute)
    text.append(UInt8(ascii: ":"))
    two(time.second)
    return String(decoding: text, as: UTF8.self)
  }

  static func trimmed(_ text: String) -> Substring {
    var rest = text[...]
    while rest.first?.isWhitespace == true { rest.removeFirst() }
    while rest.last?.isWhitespace == true { rest.removeLast() }
    return rest
  }

  /// Every run of spaces as one hyphen.
  static func joined(_ text: String) -> String {
    var output: [UInt8] = []
    var wasSpace = false
    for byte in text.utf8 {
      let isSpace = byte == UInt8(ascii: " ")
      if !isSpace { output.append(byte) } else if !wasSpace { output.append(UInt8(ascii: "-")) }
      wasSpace = isSpace
    }
    return String(decoding: output, as: UTF8.self)
  }
}
