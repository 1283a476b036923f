import FettleCore
import Glibc

/// Files that people hand in.
enum InputFile {
  /// The content of a file, or of standard input for `-`.
  static func bytes(_ path: String) throws(CommandFailure) -> [UInt8] {
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
    }
  }

  private static func unreadable(_ path: String) -> CommandFailure {
    .usage("\(path) cannot be read: \(String(cString: strerror(errno)))")
  }

  /// A blueprint.
  static func blueprint(_ path: String) throws(CommandFailure) -> Blueprint {
    do throws(BlueprintError) { return try Blueprint(json: try bytes(path)) } catch let error as BlueprintError {
      throw .usage("\(path) is no blueprint: \(error)")
    } catch let failure as CommandFailure { throw failure } catch {
      throw .usage("\(path) cannot be read")
    }
  }

  /// Bundles: an array of objects, or one object.
  static func bundles(_ path: String) throws(CommandFailure) -> [Bundle] {
    let value: Value
    do { value = try JSONReader.read(try bytes(path)) } catch let error as JSONError {
      throw .usage("\(path) is no JSON: \(error)")
    } catch let failure as CommandFailure { throw failure } catch {
      throw .usage("\(path) cannot be read")
    }
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
