import FettleCore
import SwiftCSV

/// `csv:ParseCSV`: one bundle for each row, with fields `col1`, `col2` … (blueprints 10). A first row
/// of headers is left out; it gives labels, never names.
struct ParseCSV: ModuleImplementation {
  static let descriptor = ModuleDescriptor(
    type: "csv:ParseCSV", kind: .search, effect: .pure,
    fields: [FieldDescriptor("csv", "CSV", nil, required: true)])

  func perform(
    _ input: Collection, in context: OperationContext
  ) async throws(ModuleError) -> OperationOutput {
    let parameters = context.module.parameters
    guard let text = Self.text(input["csv"]) else {
      throw ModuleError(
        .bundleValidation, "\"csv\" is no text in UTF-8", field: "csv", stage: .input)
    }
    let delimiter = try Self.delimiter(parameters)
    let isRelaxed = parameters["relax"].flatMap(Coercion.boolean) ?? false
    let hasHeaders = parameters["csvContainsHeaders"].flatMap(Coercion.boolean) ?? false
    let columns = parameters["colCount"].flatMap(Coercion.number)?.integer
    var rows = try Self.rows(of: text, delimiter)
    let width = columns ?? rows.first?.count ?? 0
    if hasHeaders, !rows.isEmpty { rows.removeFirst() }
    var bundles: [Bundle] = []
    for (index, row) in rows.enumerated() {
      // A line with nothing on it is no row.
      if row.count == 1, row[0].isEmpty, width != 1 { continue }
      guard isRelaxed || row.count == width else {
        throw ModuleError(
          .data,
          "\"csv\": row \(index + (hasHeaders ? 2 : 1)) has \(row.count) columns, not \(width)",
          field: "csv", stage: .input)
      }
      bundles.append(
        Collection(row.enumerated().map { ("col\($0.offset + 1)", .text($0.element)) }))
    }
    return OperationOutput(bundles)
  }

  private static func text(_ value: Value?) -> String? {
    guard let value else { return "" }
    guard case .buffer(let buffer) = value else { return Coercion.text(value) }
    return String(validating: buffer.bytes, as: UTF8.self)
  }

  private static func rows(
    of text: String, _ delimiter: Character
  ) throws(ModuleError) -> [[String]] {
    // The mark that some editors put in front is not part of the first value.
    let content = text.unicodeScalars.first == "\u{FEFF}" ? String(text.dropFirst()) : text
    guard !content.isEmpty else { return [] }
    do {
      // Its header row is our first row: whether it is one of headers is decided here.
      let csv = try EnumeratedCSV(
        string: content, delimiter: .character(delimiter), loadColumns: false)
      return [csv.header] + csv.rows
    } catch {
      throw ModuleError(
        .data, "\"csv\" cannot be read: \(error)", field: "csv", stage: .input)
    }
  }

  static func delimiter(_ parameters: Collection) throws(ModuleError) -> Character {
    switch parameters["delimiterType"]?.text ?? "comma" {
    case "comma", ",": return ","
    case "semicolon", ";": return ";"
    case "tab", "\t": return "\t"
    default:
      let text = parameters["delimiter"]?.text ?? ","
      guard let delimiter = text == "\\t" ? "\t" : text.first, text.count == 1 || text == "\\t"
      else {
        throw ModuleError(
          .invalidConfiguration, "\"delimiter\" must be one character", field: "delimiter")
      }
      return delimiter
    }
  }
}

/// `csv:CreateCSV`: one text from an array of rows, quoted where a value needs it (RFC 4180).
struct CreateCSV: ModuleImplementation {
  static let descriptor = ModuleDescriptor(
    type: "csv:CreateCSV", kind: .transformer, effect: .pure,
    fields: [
      FieldDescriptor("rows", "Rows", .array, required: true),
      FieldDescriptor("includeHeaders", "Include headers in the first row", .boolean),
      FieldDescriptor("quoteAll", "Quote all values", .boolean),
    ])

  func perform(
    _ input: Collection, in context: OperationContext
  ) async throws(ModuleError) -> OperationOutput {
    let delimiter = String(try ParseCSV.delimiter(context.module.parameters))
    let rows = (input["rows"]?.array ?? []).map { $0.collection ?? ["value": $0] }
    var names: [String] = []
    for name in rows.flatMap(\.names) where !names.contains(name) { names.append(name) }
    let quotesAll = input["quoteAll"]?.boolean ?? false
    func written(_ value: Value?) -> String {
      let text = value.flatMap { $0.isNull ? "" : Coercion.text($0) ?? JSONWriter.text($0) } ?? ""
      let needsQuotes =
        quotesAll || text.contains(delimiter) || text.contains("\"")
        || text.contains(where: \.isNewline)
      return needsQuotes ? "\"\(text.replacing("\"", with: "\"\""))\"" : text
    }
    var lines: [String] = []
    if input["includeHeaders"]?.boolean ?? true {
      lines.append(names.map { written(.text($0)) }.joined(separator: delimiter))
    }
    lines += rows.map { row in names.map { written(row[$0]) }.joined(separator: delimiter) }
    return OperationOutput([["text": .text(lines.joined(separator: "\r\n") + "\r\n")]])
  }
}
