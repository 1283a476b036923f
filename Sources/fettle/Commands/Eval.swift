import ArgumentParser
import FettleCore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// `fettle eval`: what a template gives, without a scenario around it.
struct Eval: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Evaluate a template and print its value.",
    discussion: """
      Prints the value: texts as they are, everything else as JSON; nothing for an empty value. \
      Exits with 1 when the evaluation fails and with 2 when the input is not usable.
      """)

  @Argument(help: "The template as it stands in a mapper, for example '{{upper(1.name)}}'.")
  var template: String

  @Option(help: "A JSON file: an object of module number to bundle.")
  var bundles: String?

  @Option(help: "What 'now' is, in ISO 8601; the current time when missing.")
  var now: String?

  @Option(help: "The scenario time zone, an IANA name.")
  var timezone = "UTC"

  @Flag(help: "Print {\"value\": …} or {\"error\": {\"type\", \"message\", \"position\"}}.")
  var json = false

  func run() throws {
    let scope = Scope(bundles: try readBundles(), now: try instant(), timeZone: timezone)
    do {
      let value = try Template(template).evaluate(in: scope)
      if json {
        print(JSONWriter.text(["value": value]))
      } else if case .text(let text) = value {
        print(text)
      } else {
        print(value.isNull ? "" : JSONWriter.text(value))
      }
    } catch {
      if json {
        print(
          JSONWriter.text([
            "error": [
              "type": .text(error.type.rawValue), "message": .text(error.message),
              "position": .integer(error.position),
            ]
          ]))
      } else {
        Self.complain("\(error.type.rawValue) at character \(error.position): \(error.message)")
      }
      throw ExitCode(1)
    }
  }

  private func instant() throws -> Instant {
    guard let now else {
      var time = timespec()
      clock_gettime(CLOCK_REALTIME, &time)
      return Instant(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }
    guard let instant = Instant(iso8601: now) else {
      throw Self.refusal(
        "--now wants a date in ISO 8601 such as 2026-01-15T10:20:30Z, not '\(now)'")
    }
    return instant
  }

  private func readBundles() throws -> [ModuleID: Bundle] {
    guard let path = bundles else { return [:] }
    let content: Value
    do {
      content = try JSONReader.read(try Self.contents(of: path))
    } catch let error as JSONError {
      throw Self.refusal("\(path): \(error.description)")
    }
    guard let modules = content.collection else {
      throw Self.refusal("\(path): an object of module number to bundle is wanted")
    }
    var bundles: [ModuleID: Bundle] = [:]
    for field in modules.fields {
      guard let id = Int(field.name), let bundle = field.value.collection else {
        throw Self.refusal("\(path): '\(field.name)' is no module number with an object as bundle")
      }
      bundles[ModuleID(id)] = bundle
    }
    return bundles
  }

  private static func contents(of path: String) throws -> [UInt8] {
    guard let file = fopen(path, "rb") else {
      throw refusal("\(path): \(String(cString: strerror(errno)))")
    }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65536)
    while case let count = fread(&buffer, 1, buffer.count, file), count > 0 {
      bytes += buffer[..<count]
    }
    // A directory opens and cannot be read.
    if ferror(file) != 0 { throw refusal("\(path): \(String(cString: strerror(errno)))") }
    return bytes
  }

  /// Says what is wrong with the input, in one line, and gives the exit code for it.
  private static func refusal(_ message: String) -> ExitCode {
    complain(message)
    return ExitCode(2)
  }

  private static func complain(_ message: String) {
    var line = Array("fettle eval: \(message)\n".utf8)
    _ = line.withUnsafeMutableBytes { write(2, $0.baseAddress, $0.count) }
  }
}
