import ArgumentParser
import FettleCore

/// Evaluations of compiled templates beside hand-written Swift that does the same work, and beside
/// compiled jinja2 where python3-jinja2 is installed (bar P10).
struct Expressions: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "expressions", abstract: "Evaluations per second of realistic templates.")

  @OptionGroup var effort: Effort

  @Option(help: "Only the templates whose name begins like this.")
  var only = ""

  func run() async throws {
    let samples = Sample.all.filter { $0.name.hasPrefix(only) }
    for sample in samples { try sample.verify() }
    let jinja = Jinja()
    var rounds: [String: Rounds] = [:]
    for _ in 0..<effort.rounds {
      for sample in samples {
        let duration = Duration.milliseconds(effort.milliseconds)
        let scope = Sample.scope
        let own = try Measure.rate(for: duration) { use(try sample.template.evaluate(in: scope)) }
        let bundle = Sample.bundle
        let floor = Measure.rate(for: duration) { use(sample.floor(bundle)) }
        rounds[sample.name, default: Rounds()].add(own, of: "fettle")
        rounds[sample.name, default: Rounds()].add(floor, of: "floor")
        if let peer = try jinja?.rate(of: sample, milliseconds: effort.milliseconds) {
          rounds[sample.name, default: Rounds()].add(peer, of: "jinja2")
        }
      }
    }
    var table = Table(["template", "fettle", "Swift floor", "of floor", "jinja2", "to jinja2"])
    for sample in samples {
      guard let measured = rounds[sample.name] else { continue }
      let peer = measured.ratio("fettle", to: "jinja2")
      table.add([
        sample.name, Table.rate(measured.rate(of: "fettle")),
        Table.rate(measured.rate(of: "floor")),
        Table.ratio(measured.ratio("fettle", to: "floor")), Table.rate(measured.rate(of: "jinja2")),
        sample.bar.map { Table.ratio(peer, bar: $0) } ?? Table.ratio(peer),
      ])
    }
    print(table.text)
    if jinja == nil { print("jinja2 was not measured: python3-jinja2 is not installed.") }
  }
}
