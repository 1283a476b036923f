public import FettleConnectors
public import FettleCore
import Glibc
import Synchronization

/// The apps that are described in files: those of the operator's, and those that come with Fettle.
public struct Apps: Sendable {
  /// Those that could be read, by name.
  public private(set) var apps: [DeclarativeApp] = []
  /// What is wrong with the files that could not, one sentence each.
  public private(set) var problems: [String] = []

  /// The files of some folders that end in `.yaml` or `.yml`, then the apps that come with Fettle. Of
  /// two that describe the same app the earlier counts, so that an operator can put another in the
  /// place of ours. A file that cannot be read keeps nothing from running.
  public init(folders: [String], builtIn: [DeclarativeApp] = DeclarativeApp.builtIn) {
    for folder in folders {
      for name in Self.files(in: folder) {
        let path = "\(folder)/\(name)"
        guard let text = Self.text(path) else {
          problems.append("\(path) cannot be read")
          continue
        }
        do throws(DeclarativeApp.Problem) {
          let app = try DeclarativeApp(yaml: text)
          if !apps.contains(where: { $0.name == app.name }) { apps.append(app) }
        } catch { problems.append("\(path): \(error)") }
      }
    }
    apps += builtIn.filter { app in !apps.contains { $0.name == app.name } }
    apps.sort { $0.name < $1.name }
  }

  /// Whether a folder holds files of an operator.
  static func hasFiles(in folders: [String]) -> Bool { folders.contains { !files(in: $0).isEmpty } }

  /// Their modules, ready to run.
  public func modules(connections: any ConnectionOpening) -> [any Module] {
    apps.flatMap { $0.modules(connections: connections) }
  }

  /// The folders that are looked into: `FETTLE_APPS`, with colons between them, then `apps` beside
  /// the configuration.
  public static var folders: [String] {
    let named = environment("FETTLE_APPS")?.split(separator: ":").map(String.init) ?? []
    return named + (KeySource.configurationFolder.map { ["\($0)/apps"] } ?? [])
  }

  private static func files(in folder: String) -> [String] {
    guard let handle = opendir(folder) else { return [] }
    defer { closedir(handle) }
    var names: [String] = []
    while let entry = readdir(handle) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name.hasSuffix(".yaml") || name.hasSuffix(".yml"), !name.hasPrefix(".") {
        names.append(name)
      }
    }
    return names.sorted()
  }

  private static func text(_ path: String) -> String? {
    // What is no file may never end, or never begin.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var information = stat()
    guard fstat(descriptor, &information) == 0, information.st_mode & S_IFMT == S_IFREG else {
      return nil
    }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while bytes.count < 4_000_000 {
      let count = read(descriptor, &chunk, chunk.count)
      if count <= 0 { break }
      bytes += chunk[..<count]
    }
    return String(validating: bytes, as: UTF8.self)
  }
}

/// The apps of some folders and those that come with Fettle, read when they are first asked for.
final class DescribedApps: Sendable {
  private let folders: [String]
  private let read = Mutex<Apps?>(nil)

  /// Whether there are any of an operator.
  let hasFiles: Bool

  init(folders: [String]) {
    self.folders = folders
    hasFiles = Apps.hasFiles(in: folders)
  }

  var value: Apps {
    read.withLock { read in
      if let read { return read }
      let apps = Apps(folders: folders)
      read = apps
      return apps
    }
  }
}
