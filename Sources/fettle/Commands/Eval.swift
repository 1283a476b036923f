import ArgumentParser
import FettleCore

/// `fettle eval TEMPLATE`
struct Eval: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "eval",
    abstract: "Evaluate a template, for people who write mappings.",
    discussion: """
      FILE holds an object of module id to bundle. Exit status 1 when the evaluation fails.
      """)

  @Argument(help: "A template, such as 'Hello {{1.name}}'.")
  var template: String

  @Option(help: "The bundles it can see.")
  var bundles: String?

  @Option(help: "The instant that counts as now, in ISO 8601.")
  var now: String?

  @Option(help: "The zone of dates without one, as an IANA name.")
  var timezone = "UTC"

  @Flag(help: "Print {\"value\": …} or {\"error\": {…}}.")
  var json = false

  func validate() throws {
    if let now, Instant(iso8601: now) == nil {
      throw ValidationError("--now is an instant such as 2026-09-21T14:05:00Z.")
    }
  }

  func run() async throws {
    var scope = Scope(now: now.flatMap { Instant(iso8601: $0) } ?? SystemClock().now())
    scope.timeZone = timezone
    if let bundles { scope.bundles = try Self.bundles(bundles) }
    do throws(ExpressionError) {
      let value = try Template(template).evaluate(in: scope)
      if json {
        Console.say(["value": value], indented: false)
      } else {
        Console.say(value.isNull ? "" : Coercion.text(value) ?? JSONWriter.text(value))
      }
    } catch {
      guard json else {
        Console.complain("at character \(error.position): \(error.message)")
        throw ExitCode(1)
      }
      Console.say(
        [
          "error": [
            "type": .text(error.type.rawValue), "message": .text(error.message),
            "position": .integer(error.position),
          ]
        ], indented: false)
      throw ExitCode(1)
    }
  }

  private static func bundles(_ path: String) throws -> VisibleBundles {
    guard let fields = try InputFile.json(path).collection else {
      throw CommandFailure.usage(
        "\(path) is no object of module id to bundle, such as {\"1\": {\"name\": \"Ada\"}}")
    }
    var bundles = VisibleBundles()
    for field in fields.fields {
      guard let id = Int(field.name), let bundle = field.value.collection else {
        throw CommandFailure.usage(
          "\(path): \"\(field.name)\" is not a module id with an object behind it")
      }
      bundles[ModuleID(id)] = bundle
    }
    return bundles
  }
}
