import FettleCore

/// A module that turns the bundles of one operation of its source into one bundle, or into one for
/// each group (semantics 6.6).
struct Aggregator: Sendable {
  let module: ModuleNode
  /// The module whose operation is aggregated; nil when the blueprint names none.
  let source: ModuleID?
  let groupBy: Template?
  private let stopsIfEmpty: Bool
  private let kind: Kind

  enum Kind: Sendable {
    case array
    case text(separator: String)
    case number(Calculation)
    case table(column: String, row: String)
    case archive(ArchiveWriter.Form, name: String)
  }

  enum Calculation: String, Sendable {
    case sum, avg, count, max, min
  }

  static let types: Set<String> = [
    "builtin:BasicAggregator", "util:TextAggregator", "util:NumericalAggregator",
    "util:FunctionAggregator2", "util:FunctionAggregator", "util:TableAggregator",
    "util:AggregateAggregator", archiveType,
  ]
  /// Its fields are those that Make's help names; no export of it was seen.
  static let archiveType = "archive:CreateArchive"
  static let archiveFields = [
    FieldDescriptor("fileName", "File name", .text, required: true),
    FieldDescriptor("data", "Data", nil),
  ]

  /// Nil when the module is no aggregator.
  init?(_ module: ModuleNode) {
    guard Self.types.contains(module.type) else { return nil }
    self.module = module
    let parameters = module.parameters
    source = module.feeder
    let flags = module.document["flags"]?.collection ?? [:]
    let grouping = flags["groupBy"]?.text ?? ""
    groupBy = grouping.isEmpty ? nil : Template(grouping)
    stopsIfEmpty = flags["stopIfEmpty"].flatMap(Coercion.boolean) ?? false
    switch module.type {
    case "builtin:BasicAggregator": kind = .array
    case "util:TextAggregator": kind = .text(separator: Self.separator("row", parameters) ?? "")
    case "util:TableAggregator", "util:AggregateAggregator":
      kind = .table(
        column: Self.separator("column", parameters) ?? "\t",
        row: Self.separator("row", parameters) ?? "\n")
    case Self.archiveType:
      let form = (parameters["type"]?.text ?? parameters["format"]?.text ?? "").lowercased()
      let name = [parameters["name"], parameters["archiveName"], parameters["fileName"]].lazy
        .compactMap { $0?.text }.first { !$0.isEmpty }
      kind = .archive(ArchiveWriter.Form(rawValue: form) ?? .zip, name: name ?? "archive")
    default:
      let name = (parameters["fn"]?.text ?? parameters["function"]?.text ?? "sum").lowercased()
      kind = .number(Calculation(rawValue: name) ?? .sum)
    }
  }

  /// What the editor offers as a separator, or the text beside "other".
  private static func separator(_ name: String, _ parameters: Collection) -> String? {
    guard let written = parameters["\(name)Separator"]?.text else { return nil }
    guard written == "other" else { return written }
    let key = "other" + name.prefix(1).uppercased() + name.dropFirst() + "Separator"
    return parameters[key]?.text ?? ""
  }

  /// What it emits for the items it was given, in their order. Groups come in the order of their
  /// first item. It cannot fail: what does not fit was refused when it was taken in.
  func emit(_ items: [AggregatedItem]) -> [Bundle] {
    guard groupBy != nil else {
      if items.isEmpty, stopsIfEmpty { return [] }
      return [bundle(items.map(\.fields), key: nil)]
    }
    if items.isEmpty { return stopsIfEmpty ? [] : [bundle([], key: .null)] }
    var keys: [Value] = []
    var groups: [String: [Collection]] = [:]
    for item in items {
      let key = item.key ?? .null
      let name = JSONWriter.text(key)
      if groups[name] == nil { keys.append(key) }
      groups[name, default: []].append(item.fields)
    }
    return keys.map { bundle(groups[JSONWriter.text($0)] ?? [], key: $0) }
  }

  /// Refuses what could not be aggregated later.
  /// - Parameters:
  ///   - filling: what the archive holds that it fills, which grows; nil where nobody has added it up.
  ///   - items: what it was given before, where nobody has.
  /// - Throws: `DataError` for a value to calculate with that is no number, and for a file without a
  ///   name; `MaxFileSizeExceededError` for files that are too large together.
  func check(
    _ fields: Collection, filling: inout ArchiveFilling?, after items: [AggregatedItem]
  ) throws(ModuleError) {
    if case .archive = kind {
      let file = try checkedFile(fields)
      var whole = filling ?? ArchiveFilling(items, of: module.id)
      try whole.add(file.content)
      filling = whole
      return
    }
    guard case .number = kind, let value = fields["value"], Self.number(value) == nil,
      !value.isNull, value != ""
    else { return }
    throw ModuleError(
      .data, "\"value\" must be a number, got \(value.excerpt)", field: "value", stage: .input)
  }

  private func checkedFile(_ fields: Collection) throws(ModuleError) -> ArchiveWriter.File {
    guard let data = fields["data"], !data.isNull, let file = Self.file(fields) else {
      let isNamed = Self.file(fields) != nil
      throw ModuleError(
        .data,
        isNamed ? "\"data\" is required and is empty" : "\"fileName\" must be the name of a file",
        field: isNamed ? "data" : "fileName", stage: .input)
    }
    return file
  }

  /// What a file of an archive holds.
  static func content(_ fields: Collection) -> [UInt8] {
    if case .buffer(let buffer)? = fields["data"] { return buffer.bytes }
    return Array(text(fields["data"]).utf8)
  }

  private static func file(_ fields: Collection) -> ArchiveWriter.File? {
    let name = ["fileName", "filename", "name"].lazy.compactMap { fields[$0].map { text($0) } }
      .first
    return ArchiveWriter.File(path: name ?? "", content: content(fields))
  }

  private static func number(_ value: Value?) -> Number? {
    value.flatMap { $0.isNull || $0 == "" ? nil : Coercion.number($0) }
  }

  private func bundle(_ rows: [Collection], key: Value?) -> Bundle {
    var bundle: Bundle = [:]
    if let key {
      // Blueprints read the key of a group under either name.
      bundle["key"] = key
      bundle["__IMTKEY__"] = key
    }
    switch kind {
    case .array:
      bundle["array"] = .array(rows.map(Value.collection))
      bundle["__IMTAGGLENGTH__"] = .integer(rows.count)
    case .text(let separator):
      bundle["text"] = .text(rows.map { Self.text($0["value"]) }.joined(separator: separator))
    case .archive(let form, let name):
      let bytes = ArchiveWriter.archive(of: rows.compactMap(Self.file), as: form)
      bundle["fileName"] = .text("\(name).\(form.rawValue)")
      bundle["data"] = .buffer(Buffer(bytes))
      bundle["fileSize"] = .integer(bytes.count)
    case .number(let calculation): bundle["result"] = result(calculation, rows)
    case .table(let column, let row):
      bundle["text"] = .text(
        rows.map { $0.fields.map { Self.text($0.value) }.joined(separator: column) }
          .joined(separator: row))
    }
    return bundle
  }

  private static func text(_ value: Value?) -> String {
    guard let value, !value.isNull else { return "" }
    return Coercion.text(value) ?? JSONWriter.text(value)
  }

  private func result(_ calculation: Calculation, _ rows: [Collection]) -> Value {
    let numbers = rows.compactMap { Self.number($0["value"]) }
    let sum = numbers.reduce(Number(0), +)
    let result: Number? =
      switch calculation {
      case .sum: sum
      case .avg: numbers.isEmpty ? nil : sum / Number(numbers.count)
      case .count: Number(rows.count)
      case .max: numbers.max { $0.double < $1.double }
      case .min: numbers.min { $0.double < $1.double }
      }
    return result.flatMap { $0.double.isFinite ? .number($0) : nil } ?? .null
  }
}

extension Cycle {
  /// An aggregator takes a bundle in; what follows it waits for the last bundle of its source.
  mutating func aggregate(
    by aggregator: Aggregator, in flow: [ModuleNode], at position: Int, sight: VisibleBundles
  ) async throws(StoreError) -> Passage {
    let open = frames.lastIndex { frame in
      if case .aggregation(let source, let waiting, _) = frame {
        return source == aggregator.source && waiting.contains(aggregator.module.id)
      }
      return false
    }
    guard let open, case .aggregation(let source, let waiting, var items) = frames[open] else {
      let named = aggregator.source.map { "its source module \($0)" } ?? "no source module (feeder)"
      return try await failed(
        ModuleError(
          .invalidConfiguration,
          "the aggregator has \(named) on the way that led here; set parameters.feeder"),
        input: .null, in: flow, at: position, sight: sight)
    }
    let id = aggregator.module.id
    do throws(ModuleError) {
      let fields = try Operation.map(aggregator.module, in: scope(sight))
      try aggregator.check(fields, filling: &fillings[id], after: items)
      var key: Value?
      if let groupBy = aggregator.groupBy {
        do throws(ExpressionError) { key = try groupBy.evaluate(in: scope(sight)) } catch {
          throw ModuleError(error.type, "group by: \(error)", field: "groupBy", stage: .mapping)
        }
      }
      // What two hold is copied by the first that changes it: all items for each of them.
      frames[open] = .aggregation(source: source, waiting: waiting, items: [])
      items.append(AggregatedItem(aggregator: id, key: key, fields: fields))
    } catch {
      fillings[id] = nil
      return try await failed(error, input: .null, in: flow, at: position, sight: sight)
    }
    frames[open] = .aggregation(source: source, waiting: waiting, items: items)
    isAtStart = false
    return .completed
  }

  /// Emits what the aggregators of a source took in, one aggregator after the other.
  /// - Parameters:
  ///   - waiting: the aggregators that have not emitted.
  ///   - sight: what could be mapped where the source stands.
  mutating func emit(
    _ waiting: [ModuleID], of source: ModuleID, _ items: [AggregatedItem], sight: VisibleBundles
  ) async throws(StoreError) -> Passage {
    for (position, id) in waiting.enumerated() {
      guard let place = plan.station(of: id), case .aggregator(let aggregator) = place.part else {
        continue
      }
      // While one emits, the others are still owed.
      let later = Array(waiting[(position + 1)...])
      if !later.isEmpty {
        frames.append(
          .aggregation(
            source: source, waiting: later,
            items: items.filter { later.contains($0.aggregator) }))
      }
      let bundles = aggregator.emit(items.filter { $0.aggregator == id })
      execution.operations += bundles.isEmpty ? 0 : 1
      let passage = try await send(
        bundles, of: aggregator.module, in: place.flow, at: place.position, sight: sight)
      if !later.isEmpty { frames.removeLast() }
      switch passage {
      case .completed: continue
      case .fellOut where !later.isEmpty, .dropped where !later.isEmpty: continue
      default: return passage
      }
    }
    return .completed
  }
}
