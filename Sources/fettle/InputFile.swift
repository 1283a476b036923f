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

  /// The content of a file of JSON, in UTF-8: some editors write UTF-16, with or without the mark of its
  /// byte order. JSON begins with two characters of ASCII, so that zeros tell one from the other.
  private static func text(_ path: String, most: Int) throws(CommandFailure) -> [UInt8] {
    let content = try bytes(path, most: most)
    let isLittle: Bool
    switch (content.first, content.dropFirst().first, Array(content.dropFirst(2).prefix(2))) {
    case (0xFF, 0xFE, [0, 0]), (0, 0, _), (_, 0, [0, 0]):
      throw .usage("\(path) is written in UTF-32, which is not read; save it as UTF-8")
    case (0xFF, 0xFE, _), (.some, 0, _): isLittle = true
    case (0xFE, 0xFF, _), (0, .some, _): isLittle = false
    default: return content
    }
    let units = stride(from: 0, to: content.count - 1, by: 2).map { place in
      let (first, second) = (UInt16(content[place]), UInt16(content[place + 1]))
      return isLittle ? second << 8 | first : first << 8 | second
    }
    guard content.count.isMultiple(of: 2), let text = String(validating: units, as: UTF16.self)
    else {
      throw .usage("\(path) is written in UTF-16 and damaged; save it as UTF-8")
    }
    return Array(text.utf8)
  }

  private static func unreadable(_ path: String) -> CommandFailure {
    .usage("\(path) cannot be read: \(String(cString: strerror(errno)))")
  }

  /// A blueprint.
  static func blueprint(_ path: String) throws(CommandFailure) -> Blueprint {
    let content = try text(path, most: 10 * Blueprint.maximumSize)
    if content.isEmpty { throw .usage("\(path) is no blueprint: it is empty; export it again") }
    do { return try Blueprint(json: content) } catch {
      throw .usage("\(path) is no blueprint: \(error)")
    }
  }

  /// Any JSON.
  /// - Parameter orText: whether an object may stand in the place of the path.
  static func json(_ path: String, orText: Bool = false) throws(CommandFailure) -> Value {
    let isText = orText && path.first { !$0.isWhitespace } == "{"
    let content = isText ? Array(path.utf8) : try text(path, most: mostJSON)
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
