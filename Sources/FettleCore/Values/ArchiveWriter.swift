/// Writes archives of files. The files are not compressed, and no time is written: the same files give
/// the same bytes.
public struct ArchiveWriter: Sendable {
  /// How an archive is written.
  public enum Form: String, Sendable {
    /// PKWARE APPNOTE 6.3, with the method "stored".
    case zip
    /// POSIX.1-1988, "ustar".
    case tar
  }

  /// A file in it.
  public struct File: Sendable {
    let path: String
    /// What it holds.
    public let content: [UInt8]

    /// A file, under a path in which neither `..` nor a root has a meaning any more.
    /// - Returns: nil where no name is left of the path, or it is longer than a TAR takes.
    public init?(path: String, content: [UInt8]) {
      let parts = path.split { $0 == "/" || $0 == "\\" }.filter { $0 != "." && $0 != ".." }
      self.path = parts.joined(separator: "/")
      self.content = content
      guard let name = parts.last?.utf8.count, name <= 100,
        self.path.utf8.count - name <= 155, !self.path.utf8.contains(0)
      else { return nil }
    }
  }

  /// The archive of these files, in their order. Where two have one path, the later is called `a (2)`.
  public static func archive(of files: [File], as form: Form) -> [UInt8] {
    var counts: [String: Int] = [:]
    var writer = ArchiveWriter()
    for file in files {
      counts[file.path, default: 0] += 1
      let number = counts[file.path] ?? 1
      let path = number == 1 ? file.path : numbered(file.path, number)
      switch form {
      case .zip: writer.addZipped(path, file.content)
      case .tar: writer.addTarred(path, file.content)
      }
    }
    switch form {
    case .zip: writer.endZip(files.count)
    case .tar: writer.bytes += [UInt8](repeating: 0, count: 1024)
    }
    return writer.bytes
  }

  private static func numbered(_ path: String, _ number: Int) -> String {
    let folder = path.lastIndex(of: "/").map { path[...$0] } ?? ""
    let name = path.dropFirst(folder.count)
    guard let dot = name.lastIndex(of: "."), dot != name.startIndex else {
      return "\(path) (\(number))"
    }
    return "\(folder)\(name[..<dot]) (\(number))\(name[dot...])"
  }

  private var bytes: [UInt8] = []
  private var directory: [UInt8] = []

  // MARK: ZIP

  private mutating func addZipped(_ path: String, _ content: [UInt8]) {
    let name = Array(path.utf8)
    let start = bytes.count
    // Version 2.0, names in UTF-8, stored, the first day that DOS knows.
    let facts =
      Self.number(20, 2) + Self.number(0x0800, 2) + Self.number(0, 2) + Self.number(0, 2)
      + Self.number(0x21, 2) + Self.number(Int(CRC32.sum(content)), 4)
      + Self.number(content.count, 4) + Self.number(content.count, 4) + Self.number(name.count, 2)
    bytes += Self.number(0x0403_4B50, 4) + facts + Self.number(0, 2) + name + content
    // Made as by UNIX; a plain file that its owner writes and others read.
    directory +=
      Self.number(0x0201_4B50, 4) + Self.number(3 << 8 | 20, 2) + facts + Self.number(0, 8)
      + Self.number(0o100644 << 16, 4) + Self.number(start, 4) + name
  }

  private mutating func endZip(_ count: Int) {
    let start = bytes.count
    bytes +=
      directory + Self.number(0x0605_4B50, 4) + Self.number(0, 4) + Self.number(count, 2)
      + Self.number(count, 2) + Self.number(directory.count, 4) + Self.number(start, 4)
      + Self.number(0, 2)
  }

  /// A number in so many bytes, the lowest first.
  private static func number(_ number: Int, _ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
  }

  // MARK: TAR

  private mutating func addTarred(_ path: String, _ content: [UInt8]) {
    let slash = path.utf8.count > 100 ? path.lastIndex(of: "/") : nil
    let prefix = slash.map { path[..<$0] } ?? ""
    let name = slash.map { path[path.index(after: $0)...] } ?? path[...]
    var header: [UInt8] = []
    func field(_ text: some StringProtocol, _ count: Int) {
      header += text.utf8
      header += [UInt8](repeating: 0, count: max(0, count - text.utf8.count))
    }
    func octal(_ number: Int, _ count: Int) {
      let digits = String(number, radix: 8)
      field(String(repeating: "0", count: max(0, count - 1 - digits.count)) + digits, count)
    }
    field(name, 100)
    for (number, count) in [(0o644, 8), (0, 8), (0, 8), (content.count, 12), (0, 12)] {
      octal(number, count)
    }
    field("        ", 8)
    field("0", 101)
    field("ustar", 6)
    field("00", 82)
    field(prefix, 167)
    let sum = String(header.reduce(0) { $0 + Int($1) }, radix: 8)
    header.replaceSubrange(
      148..<156,
      with: Array((String(repeating: "0", count: 6 - sum.count) + sum).utf8) + [0, 32])
    bytes += header + content
    bytes += [UInt8](repeating: 0, count: (512 - content.count % 512) % 512)
  }
}

/// The check sum of ZIP (ISO 3309).
private enum CRC32 {
  private static let table: [UInt32] = (0..<256).map { start in
    (0..<8).reduce(UInt32(start)) { sum, _ in sum & 1 == 1 ? sum >> 1 ^ 0xEDB8_8320 : sum >> 1 }
  }

  static func sum(_ bytes: [UInt8]) -> UInt32 {
    ~bytes.reduce(~0) { sum, byte in sum >> 8 ^ table[Int(UInt8(truncatingIfNeeded: sum) ^ byte)] }
  }
}
