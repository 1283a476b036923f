import ArgumentParser
import FettleCore
import Glibc
import Logging

/// How log lines are written.
enum LogFormat: String, ExpressibleByArgument, CaseIterable {
  /// `time=… level=info message="ran" scenario="Orders"`.
  case logfmt
  /// One JSON object a line.
  case json
}

/// Writes log lines to standard error, one write a line, so that lines of several tasks do not mix.
struct LineLogHandler: LogHandler {
  let format: LogFormat
  let clock: any RunClock
  var metadata: Logger.Metadata = [:]
  var logLevel: Logger.Level = .info

  init(format: LogFormat, level: Logger.Level, clock: any RunClock = SystemClock()) {
    self.format = format
    self.clock = clock
    logLevel = level
  }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    let all = metadata.merging(event.metadata ?? [:]) { $1 }
    var fields: [(String, String)] = [
      ("time", clock.now().iso8601), ("level", event.level.rawValue),
      ("message", event.message.description),
    ]
    fields += all.sorted { $0.key < $1.key }.map { ($0.key, "\($0.value)") }
    let line: String
    switch format {
    case .json:
      line = JSONWriter.text(.collection(Collection(fields.map { ($0, .text($1)) })))
    case .logfmt:
      line = fields.map { name, value in "\(name)=\(Self.written(value))" }.joined(separator: " ")
    }
    let bytes = Array((line + "\n").utf8)
    _ = write(STDERR_FILENO, bytes, bytes.count)
  }

  /// A value, quoted where it would be more than one word. Data never becomes a line of its own.
  static func written(_ value: String) -> String {
    let isPlain =
      !value.isEmpty
      && value.utf8.allSatisfy {
        $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "=")
          && $0 != UInt8(ascii: "\\")
      }
    return isPlain ? value : JSONWriter.text(.text(value))
  }
}
