import CNcurses
import Glibc

/// Another program on a text: written to a file that only this user can read, handed over with the
/// terminal, read back, removed.
struct ExternalEditor {
  let edit: ExternalEdit

  init(_ edit: ExternalEdit) { self.edit = edit }

  /// Hands the terminal over and takes it back.
  func run(on terminal: inout NcursesTerminal) -> ExternalEdit.Outcome {
    guard let command = Self.command else {
      return .failed("neither VISUAL nor EDITOR is set, and there is no vi; set EDITOR")
    }
    let base = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    var template = Array("\(base)/fettle-edit-XXXXXX".utf8CString)
    // The folder is this user's alone, so that copies an editor makes beside the file are too.
    guard mkdtemp(&template) != nil else {
      return .failed("no folder in \(base): \(String(cString: strerror(errno)))")
    }
    let folder = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    defer { Self.remove(folder) }
    let path = "\(folder)/value.\(edit.isJSON ? "json" : "txt")"
    if let trouble = Self.write(Array(edit.text.utf8), to: path) { return .failed(trouble) }
    let status = terminal.handOver(to: "\(command)\(line(for: command)) \(Self.quoted(path))")
    guard status == 0 else {
      return .failed(
        status == 127 ? "\(command) cannot be started" : "the editor ended with status \(status)")
    }
    switch FileContent.read(path) {
    case .failure(let trouble): return .failed(trouble.description)
    case .success(let bytes):
      guard let text = String(validating: bytes, as: UTF8.self) else {
        return .failed("what the editor left is no UTF-8")
      }
      return .text(text)
    }
  }

  private static var command: String? {
    for name in ["VISUAL", "EDITOR"] {
      if let value = getenv(name).map({ String(cString: $0) }), !value.isEmpty { return value }
    }
    return access("/usr/bin/vi", X_OK) == 0 ? "vi" : nil
  }

  /// Editors that are known to take a line to begin at.
  private func line(for command: String) -> String {
    guard let line = edit.line, line > 1 else { return "" }
    let name = command.split(separator: " ").first?.split(separator: "/").last.map(String.init)
    let known: Set<String> = [
      "vi", "vim", "nvim", "view", "nano", "emacs", "emacsclient", "joe", "micro", "kak", "mg",
      "jed", "ne",
    ]
    return known.contains(name ?? "") ? " +\(line)" : ""
  }

  private static func quoted(_ path: String) -> String {
    "'" + path.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''")
      + "'"
  }

  private static func write(_ bytes: [UInt8], to path: String) -> String? {
    let file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard file >= 0 else { return "\(path): \(String(cString: strerror(errno)))" }
    defer { close(file) }
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
      guard count > 0 else { return "\(path): \(String(cString: strerror(errno)))" }
      rest = rest.dropFirst(count)
    }
    return nil
  }

  /// Removes the folder with what an editor left in it.
  private static func remove(_ folder: String) {
    if let listing = opendir(folder) {
      while let entry = readdir(listing) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) {
          $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        if name != ".", name != ".." { unlink("\(folder)/\(name)") }
      }
      closedir(listing)
    }
    rmdir(folder)
  }
}

/// Why a file could not be read.
struct FileTrouble: Error, Hashable, Sendable, CustomStringConvertible {
  let description: String
}

/// Files that are read whole.
enum FileContent {
  /// The largest file that is taken: what a store lets wait of one scenario.
  static let largest = 100_000_000

  static func read(_ path: String) -> Result<[UInt8], FileTrouble> {
    func trouble(_ what: String) -> Result<[UInt8], FileTrouble> {
      .failure(FileTrouble(description: "\(path): \(what)"))
    }
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return trouble(String(cString: strerror(errno))) }
    defer { close(file) }
    var facts = stat()
    guard fstat(file, &facts) == 0 else { return trouble(String(cString: strerror(errno))) }
    guard facts.st_mode & S_IFMT == S_IFREG else { return trouble("is no file") }
    guard facts.st_size <= largest else { return trouble("is larger than 100 MB") }
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = Glibc.read(file, &piece, piece.count)
      if count < 0 { return trouble(String(cString: strerror(errno))) }
      if count == 0 { return .success(bytes) }
      bytes += piece[..<count]
    }
  }
}
