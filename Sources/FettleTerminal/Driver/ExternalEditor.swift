import CNcurses
import FettleCore
import Glibc

/// Another program on a text: written to a file that only this user can read, handed over with the
/// terminal, read back, removed.
struct ExternalEditor {
  let edit: ExternalEdit
  /// The store the value is in, for whoever finds the file after this program was killed.
  let store: String
  /// This program.
  let session: Session

  init(_ edit: ExternalEdit, store: String, session: Session) {
    self.edit = edit
    self.store = store
    self.session = session
  }

  /// How long the other program gets to end when this one is to end, in milliseconds.
  private static let patience = 400

  /// Hands the terminal over and takes it back.
  func run(on terminal: inout NcursesTerminal) -> ExternalEdit.Outcome {
    guard let command = Self.command else {
      return .failed("neither VISUAL nor EDITOR is set, and there is no vi; set EDITOR")
    }
    let folder: EditFolder
    switch EditFolder.make(edit, store: store, session: session) {
    case .failure(let trouble): return .failed(trouble.description)
    case .success(let made): folder = made
    }
    defer { folder.remove() }
    let path = folder.file(isJSON: edit.isJSON)
    switch terminal.handOver(to: "\(command)\(line(for: command)) \(Self.quoted(path))") {
    case .runsOn(let process):
      // The program is to end, and what it started with it, as when a terminal is closed.
      ProcessTree.hangUp(from: process, milliseconds: Self.patience)
      // Nobody knows if it put the terminal back.
      fettle_curses_leave_given_back()
      guard case .success(let text) = folder.lastWritten(isJSON: edit.isJSON) else {
        return .cut(edit.text)
      }
      return .cut(text)
    case .ended(let status) where status != 0:
      return .failed(
        status == 127 ? "\(command) cannot be started" : "the editor ended with status \(status)")
    case .ended:
      switch FileContent.read(path) {
      case .failure(let trouble): return .failed(trouble.description)
      case .success(let bytes):
        guard let text = String(validating: bytes, as: UTF8.self) else {
          return .failed("what the editor left is no UTF-8")
        }
        return .text(text)
      }
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
}

/// Why a file could not be read.
struct FileTrouble: Error, Hashable, Sendable, CustomStringConvertible {
  let description: String
}

/// Files that are read whole.
enum FileContent {
  /// The largest file that is taken: what a store lets wait of one scenario.
  static let largest = 100_000_000

  /// A path as the shell would take what is typed: `~/` begins in the home of the user.
  static func path(typed: String) -> String {
    guard typed.hasPrefix("~/"), let home = getenv("HOME") else { return typed }
    return String(cString: home) + typed.dropFirst()
  }

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
