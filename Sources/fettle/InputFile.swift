import FettleCore
import Glibc

/// Files that people hand in.
enum InputFile {
  /// The most JSON that is read from a file, in bytes; bundles are as large as what they hold.
  private static let mostJSON = 1_000_000_000

  /// The content of a file, or of standard input for `-`.
  /// - Parameter most: more than that many bytes are not read: a device has no end.
  static func bytes(_ path: String, most: Int = mostJSON) throws(CommandFailure) -> [UInt8] {
    let descriptor = path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw unreadable(path) }
    defer { if path != "-" { close(descriptor) } }
    var content: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = read(descriptor, &chunk, chunk.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw unreadable(path) }
      if count == 0 { return content }
      content += chunk[..<count]
      if content.count > most {
        throw .usage("\(path) is too large: at most \(most / 1_000_000) MB are read")
      }
    }
  }

  /// A path that means the same wherever a program is started: the daemon is started elsewhere.
  static func absolute(_ path: String) -> String {
    if path.hasPrefix("~/"), let home = getenv("HOME").map({ String(cString: $0) }),
      home.hasPrefix("/")
    {
      return home + path.dropFirst()
    }
    guard !path.hasPrefix("/"), let folder = getcwd(nil, 0) else { return path }
    defer { free(folder) }
    return "\(String(cString: folder))/\(path)"
  }

  private static func unreadable(_ path: String) -> CommandFailure {
    .usage("\(path) cannot be read: \(String(cString: strerror(errno)))")
  }

  /// A blueprint.
  static func blueprint(_ path: String) throws(CommandFailure) -> Blueprint {
    let content = try bytes(path, most: 10 * Blueprint.maximumSize)
    if content.isEmpty { throw .usage("\(path) is no blueprint: it is empty; export it again") }
    do { return try Blueprint(json: content) } catch {
      throw .usage("\(path) is no blueprint: \(error)")
    }
  }

  /// Any JSON.
  static func json(_ path: String) throws(CommandFailure) -> Value {
    let content = try bytes(path, most: mostJSON)
    do { return try JSONReader.read(content) } catch {
      throw .usage("\(path) is no JSON: \(error)")
    }
  }

  /// Bundles: an array of objects, or one object.
  static func bundles(_ path: String) throws(CommandFailure) -> [Bundle] {
    let value = try json(path)
    let elements = value.array ?? [value]
    var bundles: [Bundle] = []
    for (index, element) in elements.enumerated() {
      guard let bundle = element.collection else {
        throw .usage(
          "\(path): element \(index + 1) is \(element.kind.rawValue); a bundle is a JSON object")
      }
      bundles.append(bundle)
    }
    return bundles
  }
}
