import Glibc
import PseudoTerminal

/// A full-screen program to be measured, and what stands on its screen when it can be used.
struct Screenful {
  let name: String
  let path: String
  let arguments: [String]
  /// Where it finds its data, for one that is started as people start it.
  var dataHome = "/nonexistent"
  /// A text that is on the screen as soon as the content is.
  let content: String
  /// The key that moves the cursor or the text down by one line.
  var down = "j"
  /// The keys that go to the end and to the beginning; nil where it has none.
  let end: String?
  let beginning: String?

  /// What was measured of it, times in milliseconds.
  struct Figures {
    var firstByte: [Double] = []
    var usable: [Double] = []
    var key: [Double] = []
    var bytesPerKey = 0.0
    var flood = 0.0
    var resize: Double?
    var toEnd: Double?
    var toBeginning: Double?
    /// Of the whole process, in MB, right after the start and the keys that were timed.
    var started = 0.0
    /// The same when nobody did anything for three seconds.
    var resident = 0.0
    /// The same when keys were pressed again after that: what an hour of work needs, without the start.
    var inUse = 0.0
    /// What of it is not the pages of files, which every process shares and the kernel may take back.
    var own = 0.0
    /// The share of a processor while nobody does anything.
    var idle = 0.0
  }

  /// The program could not be measured.
  struct Unusable: Error, CustomStringConvertible {
    let description: String
  }

  private var environment: [String] {
    let home = getenv("HOME").map { String(cString: $0) } ?? "/"
    let path = getenv("PATH").map { String(cString: $0) } ?? "/usr/bin:/bin"
    return [
      "HOME=\(home)", "PATH=\(path)", "TERM=xterm-256color", "LC_ALL=C.UTF-8", "TZ=UTC",
      "XDG_DATA_HOME=\(dataHome)",
    ]
  }

  /// Starts it and waits until it can be used.
  private func start(_ columns: Int, _ rows: Int) throws -> (PseudoTerminal, Double) {
    let began = PseudoTerminal.now()
    let terminal = try PseudoTerminal(
      path, arguments, environment: environment, columns: columns, rows: rows)
    return (terminal, began)
  }

  /// Starts it and waits until its content is there.
  private func opened(
    _ columns: Int, _ rows: Int, _ figures: inout Figures
  ) throws -> PseudoTerminal {
    let (terminal, began) = try start(columns, rows)
    guard terminal.read(until: { !$0.output.isEmpty }, seconds: 20) else {
      throw Unusable(description: "\(name) wrote nothing")
    }
    figures.firstByte.append((PseudoTerminal.now() - began) * 1000)
    guard terminal.read(until: { $0.shows(content) }, seconds: 60) else {
      throw Unusable(description: "\(name) does not show \"\(content)\"")
    }
    figures.usable.append((terminal.lastByte - began) * 1000)
    return terminal
  }

  /// Measures it once.
  /// - Parameters:
  ///   - starts: how often it is started; keys are pressed in the last one.
  ///   - keys: how many single keys are timed.
  func measured(columns: Int, rows: Int, starts: Int, keys: Int) throws -> Figures {
    var figures = Figures()
    for _ in 1..<max(1, starts) {
      let terminal = try opened(columns, rows, &figures)
      terminal.readUntilQuiet(for: 30)
      terminal.type("q")
      _ = terminal.waitForEnd(seconds: 2)
    }
    let terminal = try opened(columns, rows, &figures)
    terminal.readUntilQuiet(for: 300)

    var bytes = 0
    for _ in 0..<keys {
      let (time, count) = timed(terminal, down)
      if count > 0 {
        figures.key.append(time)
        bytes += count
      }
    }
    figures.bytesPerKey = Double(bytes) / Double(max(1, figures.key.count))
    figures.flood = timed(terminal, String(repeating: down, count: 500), quiet: 150).time
    if let end { figures.toEnd = timed(terminal, end, quiet: 100).time }
    if let beginning { figures.toBeginning = timed(terminal, beginning, quiet: 100).time }
    let pressed = PseudoTerminal.now()
    terminal.resize(columns: columns == 80 ? 140 : 80, rows: rows == 24 ? 45 : 24)
    terminal.readUntilQuiet(for: 100)
    if terminal.lastByte > pressed { figures.resize = (terminal.lastByte - pressed) * 1000 }
    figures.started = Self.megabytes("VmRSS:", of: terminal.process)
    figures.own = Self.megabytes("RssAnon:", of: terminal.process)
    let before = Self.processorSeconds(terminal.process)
    terminal.readUntilQuiet(for: 3000, atMost: 3)
    figures.idle = (Self.processorSeconds(terminal.process) - before) / 3
    figures.resident = Self.megabytes("VmRSS:", of: terminal.process)
    for _ in 0..<keys { _ = timed(terminal, down) }
    figures.inUse = Self.megabytes("VmRSS:", of: terminal.process)
    return figures
  }

  /// The time from pressing to the last byte that follows, in milliseconds.
  private func timed(
    _ terminal: PseudoTerminal, _ keys: String, quiet: Int32 = 15
  ) -> (time: Double, bytes: Int) {
    let pressed = PseudoTerminal.now()
    terminal.type(keys)
    let bytes = terminal.readUntilQuiet(for: quiet)
    return (max(0, terminal.lastByte - pressed) * 1000, bytes)
  }

  private static func megabytes(_ kind: String, of process: pid_t) -> Double {
    for line in lines("/proc/\(process)/status") where line.hasPrefix(kind) {
      return line.split(separator: " ").dropFirst().first.flatMap { Double($0) }.map { $0 / 1024 }
        ?? 0
    }
    return 0
  }

  private static func processorSeconds(_ process: pid_t) -> Double {
    // The name in parentheses may hold spaces: fields are counted behind it.
    guard let line = lines("/proc/\(process)/stat").first,
      let name = line.lastIndex(of: ")")
    else { return 0 }
    let fields = line[name...].split(separator: " ")
    let ticks =
      (Double(fields.dropFirst(12).first ?? "0") ?? 0)
      + (Double(fields.dropFirst(13).first ?? "0") ?? 0)
    return ticks / Double(sysconf(Int32(_SC_CLK_TCK)))
  }

  private static func lines(_ path: String) -> [Substring] {
    guard let file = fopen(path, "r") else { return [] }
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 8192)
    let count = fread(&bytes, 1, bytes.count, file)
    return String(decoding: bytes[..<count], as: UTF8.self).split(separator: "\n")
  }
}
