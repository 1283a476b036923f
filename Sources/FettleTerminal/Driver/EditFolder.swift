import FettleCore
import Glibc

/// The folder in which a value is while another program edits it. It is this user's alone, so that the
/// copies an editor makes beside the file are too, and it is locked while this program lives: whoever
/// finds one without a lock has found what a program left that was killed.
struct EditFolder {
  let path: String
  /// Holds the lock; a program that is started does not inherit it.
  private let lock: Int32

  /// What stands before the random part of its name.
  private static let prefix = "fettle-edit-"
  private static let aboutName = "about.json"

  /// Where the folders are.
  static var base: String { getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp" }

  private init?(locking path: String) {
    let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      close(descriptor)
      return nil
    }
    self.path = path
    lock = descriptor
  }

  /// A new folder with a value and what it is for.
  static func make(_ edit: ExternalEdit, store: String, session: Session) -> Result<
    EditFolder, FileTrouble
  > {
    func trouble() -> FileTrouble {
      FileTrouble(description: "no folder in \(base): \(String(cString: strerror(errno)))")
    }
    var template = Array("\(base)/\(prefix)XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { return .failure(trouble()) }
    let path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    guard let folder = EditFolder(locking: path) else {
      rmdir(path)
      return .failure(trouble())
    }
    let about = JSONWriter.text(
      LeftEdit(edit, store: resolved(store), session: session, text: edit.text).stored(
        digest: digest(edit.text)))
    for (file, text) in [
      ("\(path)/\(aboutName)", about), (folder.file(isJSON: edit.isJSON), edit.text),
    ] {
      if let trouble = write(Array(text.utf8), to: file) {
        folder.remove()
        return .failure(FileTrouble(description: trouble))
      }
    }
    return .success(folder)
  }

  /// The file that is edited.
  func file(isJSON: Bool) -> String { "\(path)/value.\(isJSON ? "json" : "txt")" }

  /// What was written last, which is the file itself or what an editor that was told to end wrote beside
  /// it in a hurry (nano and emacs do; the swap file of vim is no text).
  func lastWritten(isJSON: Bool) -> Result<String, FileTrouble> {
    let file = file(isJSON: isJSON)
    let name = isJSON ? "value.json" : "value.txt"
    let hurried = ["\(path)/\(name).save", "\(path)/#\(name)#"].filter {
      Self.time(of: $0) > Self.time(of: file)
    }
    let newest = hurried.max { Self.time(of: $0) < Self.time(of: $1) } ?? file
    return FileContent.read(newest).flatMap { bytes in
      String(validating: bytes, as: UTF8.self).map { .success($0) }
        ?? .failure(FileTrouble(description: "what the editor left is no UTF-8"))
    }
  }

  /// A path that is the same from wherever it is looked at.
  private static func resolved(_ path: String) -> String {
    guard let resolved = realpath(path, nil) else { return path }
    defer { free(resolved) }
    return String(cString: resolved)
  }

  /// When a file was written, in nanoseconds; 0 when there is none.
  private static func time(of path: String) -> Int {
    var facts = stat()
    guard lstat(path, &facts) == 0 else { return 0 }
    return facts.st_mtim.tv_sec * 1_000_000_000 + facts.st_mtim.tv_nsec
  }

  /// Removes it with what an editor left in it.
  func remove() {
    Self.removeAll(path)
    close(lock)
  }

  /// Leaves it as it is, for whoever looks next.
  func leave() { close(lock) }

  private static func removeAll(_ folder: String) {
    for name in names(in: folder) where unlink("\(folder)/\(name)") != 0 {
      removeAll("\(folder)/\(name)")
    }
    rmdir(folder)
  }

  private static func names(in folder: String) -> [String] {
    guard let listing = opendir(folder) else { return [] }
    defer { closedir(listing) }
    var names: [String] = []
    while let entry = readdir(listing) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names
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

  private static func digest(_ text: String) -> String { Buffer(Array(text.utf8)).sha256 }
}

// MARK: What killed programs left

extension EditFolder {
  /// A folder that tells nothing of itself is removed at this age, in seconds: another program may be
  /// making it just now.
  private static let unknownAge = 86_400
  /// What is of a store nobody opened for so long is removed, in seconds. A bin is kept as long.
  private static let longestAge = 30 * 86_400

  /// Takes what was written in editors for a store by programs of this user that were killed.
  ///
  /// A folder whose program lives is left alone, one of another store too, until that is opened. What
  /// was not changed in the editor is removed; what was is handed over, and removed once it is kept.
  /// - Parameter keep: keeps a text; false leaves its folder for the next start.
  static func gather(store: String, _ keep: (LeftEdit) async -> Bool) async {
    let store = resolved(store)
    for name in names(in: base) where name.hasPrefix(prefix) {
      let path = "\(base)/\(name)"
      var facts = stat()
      guard lstat(path, &facts) == 0, facts.st_mode & S_IFMT == S_IFDIR,
        facts.st_uid == geteuid(), let folder = EditFolder(locking: path)
      else { continue }
      let age = Glibc.time(nil) - facts.st_mtim.tv_sec
      guard let (edit, digest) = folder.about() else {
        age > unknownAge ? folder.remove() : folder.leave()
        continue
      }
      guard edit.store == store else {
        age > longestAge ? folder.remove() : folder.leave()
        continue
      }
      guard case .success(let text) = folder.lastWritten(isJSON: edit.isJSON),
        Self.digest(text) != digest
      else {
        folder.remove()
        continue
      }
      if await keep(edit.with(text)) { folder.remove() } else { folder.leave() }
    }
  }

  private func about() -> (edit: LeftEdit, digest: String)? {
    guard case .success(let bytes) = FileContent.read("\(path)/\(Self.aboutName)"),
      let value = try? JSONReader.read(String(decoding: bytes, as: UTF8.self))
    else { return nil }
    return LeftEdit.read(value)
  }
}
