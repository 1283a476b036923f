import FettleCore
import Foundation

/// Compiled jinja2 in a Python process of its own, asked round by round.
struct Jinja {
  private static let script = #"""
    import datetime, json, re, sys, time, jinja2
    env = jinja2.Environment()
    spaces = re.compile(" +")
    env.globals["squeeze"] = lambda text: spaces.sub("-", text)
    text, milliseconds, bundle = sys.argv[1], int(sys.argv[2]), json.loads(sys.argv[3])
    bundle["created"] = datetime.datetime.fromisoformat(bundle["created"].replace("Z", "+00:00"))
    template = env.from_string(text)
    count, start = 0, time.perf_counter()
    end = start + milliseconds / 1000
    template.render(d=bundle)
    while time.perf_counter() < end:
        for _ in range(100): template.render(d=bundle)
        count += 100
    print(count / (time.perf_counter() - start))
    """#

  /// Nil when there is no Python with jinja2.
  init?() {
    guard (try? Self.python(["-c", "import jinja2"])) != nil else { return nil }
  }

  /// Renderings per second of a compiled template.
  func rate(of sample: Sample, milliseconds: Int) throws -> Double? {
    let bundle = JSONWriter.text(.collection(Sample.bundle))
    let output = try Self.python([
      "-c", Self.script, sample.jinja, String(milliseconds), bundle,
    ])
    return Double(output.trimmingCharacters(in: .whitespacesAndNewlines))
  }

  private static func python(_ arguments: [String]) throws -> String {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["python3"] + arguments
    let output = Pipe()
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw Failure() }
    return String(decoding: data, as: UTF8.self)
  }

  private struct Failure: Error, CustomStringConvertible {
    var description: String { "python3 with jinja2 ended with an error" }
  }
}
