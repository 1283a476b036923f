import ArgumentParser
import FettleCore
import FettleEngine
import FettleProgram
import FettleTerminal
import Glibc

/// `fettle demo`
struct Demo: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "demo",
    abstract: "See Fettle at work, with nothing to set up.",
    discussion: """
      Makes a throw-away store, starts a small local service that fails on purpose, runs two \
      scenarios through it and opens the terminal on what failed. The order that was refused lacks \
      its e-mail address: open it, press e, give it one, and resume with r and Enter.
      """)

  @Flag(help: "Do not open the terminal; print the list.")
  var headless = false

  @Flag(help: "With --headless, print the list as JSON.")
  var json = false

  @OptionGroup var appearance: AppearanceOptions

  func validate() throws {
    if json && !headless { throw ValidationError("--json needs --headless.") }
  }

  func run() async throws {
    if !headless { try requireTerminal() }
    let folder = try ThrowAwayFolder()
    defer { folder.remove() }
    let (server, base) = try await MisbehavingService.start()
    let path = "\(folder.path)/demo.db"
    let workshop = try Workshop(path: path, creating: true, clock: appearance.clock)
    for scenario in [DemoScenario.invoices(base: base), .orders(base: base)] {
      try await run(scenario, in: workshop)
    }
    if headless {
      try await RecordTable.print(RecordFilter(), of: workshop, json: json)
    } else {
      try await Terminal.show("demo", appearance.options) { () throws(StoreError) in workshop.desk }
    }
    server.stop()
  }

  private func run(_ scenario: DemoScenario, in workshop: Workshop) async throws {
    let blueprint: Blueprint
    let bundles: Value
    do {
      blueprint = try Blueprint(json: Array(scenario.blueprint.utf8))
      bundles = try JSONReader.read(scenario.bundles)
    } catch {
      throw CommandFailure(message: "the demo is broken: \(error)", status: 1)
    }
    let given = (bundles.array ?? []).compactMap(\.collection)
    _ = try await reporting { () async throws(StoreError) in
      try await workshop.runner.run(blueprint, given: given)
    }
  }
}

/// A folder of its own for a store that nobody will miss.
struct ThrowAwayFolder {
  let path: String

  init() throws {
    let base = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    var template = Array("\(base)/fettle-demo-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else {
      throw CommandFailure.usage(
        "no folder for the demo can be made in \(base): \(String(cString: strerror(errno)))")
    }
    path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  /// Removes the files a store consists of, and the folder.
  func remove() {
    for name in ["demo.db", "demo.db-wal", "demo.db-shm"] { unlink("\(path)/\(name)") }
    rmdir(path)
  }
}
