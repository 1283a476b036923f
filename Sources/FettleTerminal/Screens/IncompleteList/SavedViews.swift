import FettleCore
import Glibc

/// A filter of a list, with its order, under a name.
struct SavedView: Hashable, Sendable {
  var list = FilteredList.incomplete
  let name: String
  /// As it is typed.
  let filter: String
  /// `created`, `-size`; empty is newest first.
  var sort = ""
}

/// The saved views as a file for people: `name = filter`, one a line, with ` | sort size` and, where it
/// is not one of the incomplete executions, ` | in history` behind it. Lines that begin with `#` and lines
/// of another form are kept as they are.
struct SavedViews {
  let path: String

  /// `fettle/views` in the XDG config home.
  static var file: SavedViews {
    let home = variable("XDG_CONFIG_HOME") ?? (variable("HOME") ?? "") + "/.config"
    return SavedViews(path: home + "/fettle/views")
  }

  private static func variable(_ name: String) -> String? {
    getenv(name).map { String(cString: $0) }.flatMap { $0.hasPrefix("/") ? $0 : nil }
  }

  /// The views of a text, in its order.
  static func views(in text: String) -> [SavedView] {
    text.split(separator: "\n").compactMap { line in
      guard !line.hasPrefix("#"), let equals = line.firstIndex(of: "=") else { return nil }
      let name = String(line[..<equals]).trimmed
      var filter = String(line[line.index(after: equals)...]).trimmed
      let list = filter.takeEnd(" | in ", FilteredList.init(rawValue:))
      let sort = filter.takeEnd(" | sort ") { $0 }
      guard !name.isEmpty else { return nil }
      return SavedView(list: list ?? .incomplete, name: name, filter: filter, sort: sort ?? "")
    }
  }

  /// The text with one view more, or another one under its name.
  static func text(_ text: String, with view: SavedView) -> String {
    var line = "\(view.name) = \(view.filter)"
    if !view.sort.isEmpty { line += " | sort \(view.sort)" }
    if view.list != .incomplete { line += " | in \(view.list.rawValue)" }
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    if lines.last == "" { lines.removeLast() }
    let place = lines.firstIndex { line in
      views(in: line).contains { ($0.list, $0.name) == (view.list, view.name) }
    }
    if let place { lines[place] = line } else { lines.append(line) }
    return lines.joined(separator: "\n") + "\n"
  }

  /// Reads the views; no file is no views.
  func read() -> Message.Answer<[SavedView]> {
    contents().map(Self.views)
  }

  /// Saves a view. The file is replaced as a whole, so that it is never half written.
  /// - Returns: all views.
  func save(_ view: SavedView) -> Message.Answer<[SavedView]> {
    contents().flatMap { before in
      let text = Self.text(before, with: view)
      let folder = path.split(separator: "/").dropLast()
      var made = ""
      for part in folder {
        made += "/\(part)"
        if mkdir(made, 0o700) != 0, errno != EEXIST { return .failure(failure("be made", made)) }
      }
      let draft = path + ".new"
      guard let file = fopen(draft, "w") else { return .failure(failure("be written", draft)) }
      let isWritten = fputs(text, file) >= 0
      guard fclose(file) == 0, isWritten, rename(draft, path) == 0 else {
        return .failure(failure("be written", path))
      }
      return .success(Self.views(in: text))
    }
  }

  private func contents() -> Message.Answer<String> {
    guard let file = fopen(path, "r") else {
      return errno == ENOENT || errno == ENOTDIR ? .success("") : .failure(failure("be read", path))
    }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while bytes.count < 1_000_000 {
      let count = fread(&buffer, 1, buffer.count, file)
      guard count > 0 else { break }
      bytes += buffer.prefix(count)
    }
    return .success(String(decoding: bytes, as: UTF8.self))
  }

  private func failure(_ what: String, _ path: String) -> StoreError {
    .failed("\(path) cannot \(what): \(String(cString: strerror(errno)))")
  }
}

extension String {
  /// Takes off what stands behind the last mark.
  /// - Returns: what it means; nil, and nothing is taken off, where it means nothing.
  fileprivate mutating func takeEnd<Meaning>(
    _ mark: String, _ meaning: (String) -> Meaning?
  ) -> Meaning? {
    // An empty filter was trimmed to its mark.
    guard let range = (" " + self).ranges(of: mark).last,
      let found = meaning(String((" " + self)[range.upperBound...]).trimmed)
    else { return nil }
    self = String((" " + self)[..<range.lowerBound]).trimmed
    return found
  }
}
