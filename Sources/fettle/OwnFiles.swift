import Glibc

/// The operator's own files, in `fettle` of the XDG configuration home.
enum OwnFiles {
  /// The path of a file; nil when there is no home.
  static func path(of name: String) -> String? {
    let configuration = getenv("XDG_CONFIG_HOME").map { String(cString: $0) } ?? ""
    if configuration.hasPrefix("/") { return "\(configuration)/fettle/\(name)" }
    let home = getenv("HOME").map { String(cString: $0) } ?? ""
    return home.hasPrefix("/") ? "\(home)/.config/fettle/\(name)" : nil
  }

  /// The text of a file; nil when there is none.
  /// - Throws: why a file that is there cannot be read.
  static func text(of name: String) throws -> String? {
    guard let path = path(of: name), access(path, F_OK) == 0 else { return nil }
    return String(decoding: try InputFile.bytes(path), as: UTF8.self)
  }
}
