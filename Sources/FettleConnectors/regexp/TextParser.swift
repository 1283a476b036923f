import FettleCore

/// What the modules of the text parser have in common.
enum TextParser {
  /// The matches of a pattern.
  /// - Parameter field: the field that holds the pattern, for the message.
  static func matches(
    _ pattern: String, in text: String, field: String, flags: Collection = [:], limit: Int = .max
  ) throws(ModuleError) -> [MatchingPattern.Match] {
    try guarded(field) { () throws(MatchingPattern.Problem) in
      try compiled(pattern, flags).matches(in: text, limit: limit)
    }
  }

  /// A pattern with the flags the modules have: they match case unless they are told not to.
  static func compiled(
    _ pattern: String, _ flags: Collection
  ) throws(MatchingPattern.Problem) -> MatchingPattern {
    let flag = { (name: String) in flags[name].flatMap(Coercion.boolean) }
    return try MatchingPattern(
      pattern, ignoresCase: flag("sensitive") == false, isMultiline: flag("multiline") ?? false,
      dotMatchesAll: flag("singleline") ?? false)
  }

  /// Turns what is wrong with a pattern into the failure of its field.
  static func guarded<Result>(
    _ field: String, _ body: () throws(MatchingPattern.Problem) -> Result
  ) throws(ModuleError) -> Result {
    do throws(MatchingPattern.Problem) { return try body() } catch {
      throw ModuleError(
        .bundleValidation, "\"\(field)\": \(error.description)", field: field, stage: .input)
    }
  }

  /// The flags of a parser: fields of the mapper win over static parameters.
  static func flags(_ input: Collection, _ parameters: Collection) -> Collection {
    var flags = parameters
    for field in input.fields { flags[field.name] = field.value }
    return flags
  }

  /// What is emitted where nothing matches: nothing, unless the module is told to go on.
  static func nothing(_ flags: Collection) -> OperationOutput {
    flags["continueWhenNoRes"].flatMap(Coercion.boolean) == true
      ? .nothingFound : OperationOutput([])
  }
}

/// `regexp:Parser`: one bundle for a match, with a field `$1`, `$2` … or the name of each group.
struct Parser: ModuleImplementation {
  static let descriptor = ModuleDescriptor(
    type: "regexp:Parser", kind: .search, effect: .pure,
    fields: [FieldDescriptor("text", "Text", .text)])

  func perform(
    _ input: Collection, in context: OperationContext
  ) async throws(ModuleError) -> OperationOutput {
    let flags = TextParser.flags(input, context.module.parameters)
    guard let pattern = flags["pattern"]?.text, !pattern.isEmpty else {
      throw ModuleError(
        .bundleValidation, "\"pattern\" is required and is empty", field: "pattern", stage: .input)
    }
    let compiled = try TextParser.guarded("pattern") { () throws(MatchingPattern.Problem) in
      try TextParser.compiled(pattern, flags)
    }
    let isGlobal = flags["global"].flatMap(Coercion.boolean) ?? false
    let matches = try TextParser.guarded("pattern") { () throws(MatchingPattern.Problem) in
      try compiled.matches(in: input["text"]?.text ?? "", limit: isGlobal ? .max : 1)
    }
    guard !matches.isEmpty else { return TextParser.nothing(flags) }
    return OperationOutput(
      matches.map { match in
        Collection(
          match.groups.enumerated().map { index, group in
            (
              compiled.groupNames[index + 1] ?? "$\(index + 1)",
              group.map(Value.text) ?? .null
            )
          })
      })
  }
}

/// `regexp:AdvancedParser`: as the parser, with the pattern in the mapper; a field `value` holds the
/// match, `__IMTMATCH__` the groups.
struct AdvancedParser: ModuleImplementation {
  static let descriptor = ModuleDescriptor(
    type: "regexp:AdvancedParser", kind: .search, effect: .pure,
    fields: [
      FieldDescriptor("pattern", "Pattern", .text, required: true),
      FieldDescriptor("text", "Text", .text),
    ])

  func perform(
    _ input: Collection, in context: OperationContext
  ) async throws(ModuleError) -> OperationOutput {
    let flags = TextParser.flags(input, context.module.parameters)
    let isGlobal = flags["global"].flatMap(Coercion.boolean) ?? false
    let matches = try TextParser.matches(
      input["pattern"]?.text ?? "", in: input["text"]?.text ?? "", field: "pattern", flags: flags,
      limit: isGlobal ? .max : 1)
    guard !matches.isEmpty else { return TextParser.nothing(flags) }
    return OperationOutput(
      matches.map { match in
        [
          "value": .text(match.text),
          "__IMTMATCH__": .array(match.groups.map { $0.map(Value.text) ?? .null }),
        ]
      })
  }
}

/// `regexp:Replace`: replaces what a pattern finds; `$1` in the new value is the first group.
struct Replace: ModuleImplementation {
  static let descriptor = ModuleDescriptor(
    type: "regexp:Replace", kind: .transformer, effect: .pure,
    fields: [
      FieldDescriptor("pattern", "Pattern", .text, required: true),
      FieldDescriptor("value", "New value", .text), FieldDescriptor("text", "Text", .text),
      FieldDescriptor("global", "Global match", .boolean),
      FieldDescriptor("sensitive", "Case sensitive", .boolean),
      FieldDescriptor("multiline", "Multiline", .boolean),
      FieldDescriptor("singleline", "Singleline", .boolean),
    ])

  func perform(
    _ input: Collection, in context: OperationContext
  ) async throws(ModuleError) -> OperationOutput {
    let text = try TextParser.guarded("pattern") { () throws(MatchingPattern.Problem) in
      try TextParser.compiled(input["pattern"]?.text ?? "", input).replacing(
        in: input["text"]?.text ?? "", with: input["value"]?.text ?? "",
        all: input["global"]?.boolean ?? false)
    }
    return OperationOutput([["text": .text(text)]])
  }
}

/// `regexp:GetElementsFromText`: the addresses, links or other things of a known kind in a text, one
/// bundle each, with a field `match`.
struct GetElementsFromText: ModuleImplementation {
  static let descriptor = ModuleDescriptor(
    type: "regexp:GetElementsFromText", kind: .search, effect: .pure,
    fields: [
      FieldDescriptor("text", "Text", .text),
      FieldDescriptor("pattern", "Pattern", .text, required: true),
      FieldDescriptor("requireProtocol", "Require protocol", .boolean),
    ])

  func perform(
    _ input: Collection, in context: OperationContext
  ) async throws(ModuleError) -> OperationOutput {
    let name = input["pattern"]?.text ?? ""
    let pattern: String
    switch name {
    case "##http_urls":
      let start =
        input["requireProtocol"]?.boolean ?? true
        ? #"https?:\/\/"# : #"(?:https?:\/\/|www\.)"#
      pattern = start + #"[^\s<>"'(){}\[\]]*[^\s<>"'(){}\[\].,;:!?]"#
    case "##emails", "##email_addresses":
      pattern = #"[A-Za-z0-9._%+\-]+@[A-Za-z0-9](?:[A-Za-z0-9\-.]*[A-Za-z0-9])?\.[A-Za-z]{2,}"#
    case "##numbers": pattern = #"[+\-]?\d+(?:[.,]\d+)*"#
    default:
      guard !name.hasPrefix("##") else {
        throw ModuleError(
          .bundleValidation, "\"pattern\" asks for \(name), which is not known here",
          field: "pattern", stage: .input)
      }
      pattern = name
    }
    let matches = try TextParser.matches(
      pattern, in: input["text"]?.text ?? "", field: "pattern", flags: ["sensitive": true])
    guard !matches.isEmpty else { return TextParser.nothing(context.module.parameters) }
    return OperationOutput(matches.map { ["match": .text($0.text)] })
  }
}
