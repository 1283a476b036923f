import ArgumentParser
import FettleCore
import FettleEngine
import FettleProgram
import FettleTerminal

/// `fettle edit ID --set PATH=VALUE`
struct Edit: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "edit",
    abstract: "Change the data of an incomplete execution.",
    discussion: """
      PATH is written as in a mapping: 1.email, 1.items[2].name, 1.`Full Name`.
      --set keeps the type of the field: a text stays a text. Where there is no field yet, VALUE is \
      read as JSON when it is JSON, else as text. --set-json sets the type too.
      A variable is named as var.total; a retry begins with the variables of the record.
      --mapping mends the mapping instead of the data: its PATH names a module and a field of its \
      input, as in --mapping '4.email={{1.contact.email}}'.
      All changes of one call are made together or not at all.
      """)

  @Argument(help: "The id of a record, or its first digits.")
  var id: String

  @Option(name: .customLong("set"), help: "PATH=VALUE; may be repeated.")
  var assignments: [String] = []

  @Option(name: .customLong("set-json"), help: "PATH=JSON; may be repeated.")
  var jsonAssignments: [String] = []

  @Option(help: "PATH of a field to take away; may be repeated.")
  var remove: [String] = []

  @Option(help: "PATH=MAPPING of a field of a module's input; may be repeated.")
  var mapping: [String] = []

  @Flag(help: "Change the mappings in the blueprint the scenario has today too.")
  var inScenario = false

  @Flag(help: "Print the record as JSON.")
  var json = false

  @OptionGroup var options: StoreOptions

  func validate() throws {
    if assignments.isEmpty && jsonAssignments.isEmpty && remove.isEmpty && mapping.isEmpty {
      throw ValidationError("Nothing to change; use --set PATH=VALUE.")
    }
    if inScenario && mapping.isEmpty {
      throw ValidationError("--in-scenario is about mappings; use --mapping PATH=MAPPING.")
    }
  }

  func run() async throws {
    let workshop = try Workshop(options, creating: false)
    let digits = id
    let record = try await reporting { () async throws(StoreError) in
      try await workshop.desk.record(try await workshop.desk.identify(digits))
    }
    var bundles = record.editable
    var blueprint = record.blueprint
    var drafts: [Draft] = []
    var told: [(path: ValuePath, old: Value?, new: Value?)] = []
    func change(_ path: String, _ value: (Value?) throws -> Value?) throws {
      do {
        let path = try ValuePath(parsing: path)
        let edit = try workshop.desk.edit(
          try value(bundles.value(at: path)), at: path, of: &bundles)
        drafts.append(Draft(path: path, value: edit.new))
        told.append((path, edit.old, edit.new))
      } catch let error as ValuePathError {
        throw CommandFailure.usage(error.description)
      } catch let error as BundleEditError { throw CommandFailure.usage(error.description) }
    }
    for assignment in assignments {
      let (path, text) = try Self.parts(assignment)
      try change(path) { Self.value(text, like: $0) }
    }
    for assignment in jsonAssignments {
      let (path, text) = try Self.parts(assignment)
      try change(path) { _ in
        do { return try JSONReader.read(text) } catch {
          throw CommandFailure.usage("the value of \(path) is no JSON: \(error)")
        }
      }
    }
    for path in remove { try change(path) { _ in nil } }
    for assignment in mapping {
      let (text, template) = try Self.parts(assignment)
      do {
        let path = try ValuePath(parsing: text)
        guard !path.isVariable else {
          throw CommandFailure.usage("\(path) is a variable, which no mapping fills; use --set")
        }
        let old = blueprint.mapping(at: path)
        let new = Self.value(template, like: old)
        blueprint = try blueprint.replacingMapping(at: path, with: new)
        drafts.append(Draft(path: path, value: new, in: .mapping))
        told.append((path, old, new))
      } catch let error as CommandFailure { throw error } catch {
        throw CommandFailure.usage("\(error)")
      }
    }
    let (made, alsoInScenario) = (drafts, inScenario)
    let after = try await reporting { () async throws(StoreError) in
      _ = try await workshop.desk.amend(
        record.id, version: record.summary.version, made, alsoInScenario: alsoInScenario)
      return try await workshop.desk.record(record.id)
    }
    // Who changes what feeds a secret field is not told what it was.
    let shown = PlainText.withoutSecrets(after, workshop.desk)
    if json { return Console.say(.collection(shown.json)) }
    let mappings = told.suffix(mapping.count).map { change in
      let module = after.blueprint.module(change.path.module)
      let secret = module.flatMap { node in
        workshop.desk.descriptor(of: node).map(node.secretInputs)
      }
      guard secret?.contains(where: { change.path.steps.starts(with: $0) }) == true else {
        return change
      }
      let sign = Value.text(Mask.sign)
      return (change.path, change.old.map { _ in sign }, change.new.map { _ in sign })
    }
    told =
      shown.edits.suffix(told.count - mappings.count).map { ($0.path, $0.old, $0.new) } + mappings
    for change in told {
      Console.say(
        "\(change.path): \(change.old.map { JSONWriter.text($0) } ?? "nothing") -> "
          + "\(change.new.map { JSONWriter.text($0) } ?? "nothing")")
    }
    let problems = workshop.desk.check(after, bundles: after.bundles).problems
    for problem in problems { Console.say("still wrong: \(problem.message)") }
    Console.say("Run it with 'fettle retry \(after.id.short)'.")
  }

  static func parts(_ assignment: String) throws -> (path: String, value: String) {
    // A back-quoted name may hold an equals sign.
    var isQuoted = false
    for index in assignment.indices {
      if assignment[index] == "`" { isQuoted.toggle() }
      if assignment[index] == "=", !isQuoted {
        return (String(assignment[..<index]), String(assignment[assignment.index(after: index)...]))
      }
    }
    throw CommandFailure.usage("\"\(assignment)\" is not PATH=VALUE")
  }

  /// The value a text stands for, in a field that holds `old`.
  static func value(_ text: String, like old: Value?) -> Value {
    let parsed = try? JSONReader.read(text)
    switch old {
    case .text?: return parsed?.text.map(Value.text) ?? .text(text)
    case .date?: return Instant(iso8601: text).map(Value.date) ?? parsed ?? .text(text)
    default: return parsed ?? .text(text)
    }
  }
}
