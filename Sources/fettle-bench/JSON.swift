import ArgumentParser
import FettleCore
import Foundation

/// JSON in and out beside Foundation's `JSONSerialization`, on the same bytes (bar P11).
struct JSON: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "json", abstract: "JSON read and written, beside JSONSerialization.")

  @OptionGroup var effort: Effort

  func run() async throws {
    var table = Table(["document", "bytes", "in", "to Foundation", "out", "to Foundation"])
    for (name, value) in Self.documents {
      let bytes = JSONWriter.bytes(value)
      let data = Data(bytes)
      let object = try JSONSerialization.jsonObject(with: data)
      guard try JSONReader.read(bytes) == value else {
        throw Mismatch(name: name, own: "another value", floor: "the value written")
      }
      var reading = Rounds()
      var writing = Rounds()
      for _ in 0..<effort.rounds {
        let duration = Duration.milliseconds(effort.milliseconds)
        reading.add(
          try Measure.rate(for: duration) { use(try JSONReader.read(bytes)) }, of: "fettle")
        reading.add(
          try Measure.rate(for: duration) { use(try JSONSerialization.jsonObject(with: data)) },
          of: "Foundation")
        writing.add(Measure.rate(for: duration) { use(JSONWriter.bytes(value)) }, of: "fettle")
        writing.add(
          try Measure.rate(for: duration) {
            use(try JSONSerialization.data(withJSONObject: object))
          }, of: "Foundation")
      }
      table.add([
        name, String(bytes.count), Table.rate(reading.rate(of: "fettle")),
        Table.ratio(reading.ratio("fettle", to: "Foundation"), bar: 8),
        Table.rate(writing.rate(of: "fettle")),
        Table.ratio(writing.ratio("fettle", to: "Foundation"), bar: 8),
      ])
    }
    print(table.text)
  }

  /// A bundle, an answer of a service with nested records, and a long list.
  private static let documents: [(String, Value)] = [
    ("bundle", record(7)),
    ("answer", ["data": .array((1...20).map(record)), "next": .null, "total": 20]),
    ("list", .array((1...5000).map(record))),
  ]

  private static func record(_ number: Int) -> Value {
    [
      "id": .integer(number), "email": .text("customer\(number)@example.org"),
      "name": "Žofie \"Sofie\" Nováková", "active": .boolean(number.isMultiple(of: 2)),
      "balance": .number(Number(Double(number) * 12.25)),
      "note": "A line of plain text, as long as such notes tend to be.\nAnd a second one.",
      "address": ["street": "Dlouhá 1", "city": "Praha", "zip": "110 00", "country": .null],
      "tags": ["new", "newsletter", "vip"],
    ]
  }
}
