import Glibc

/// The file this program was started from: which parts it has (elf(5)).
struct ProgramFile {
  private let bytes: [UInt8]
  private let names: [UInt8]
  private let entrySize: Int

  /// Reads the table of the sections.
  ///
  /// nil where the file cannot be read or is none of 64 bits in little endian.
  init?() {
    let file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return nil }
    defer { close(file) }
    func part(_ offset: Int, _ count: Int) -> [UInt8]? {
      guard offset >= 0, (1...1_000_000).contains(count) else { return nil }
      var bytes = [UInt8](repeating: 0, count: count)
      return pread(file, &bytes, count, off_t(offset)) == count ? bytes : nil
    }
    guard let header = part(0, 64), header.starts(with: [0x7F, 0x45, 0x4C, 0x46, 2, 1]) else {
      return nil
    }
    let size = Self.number(in: header, at: 0x3A, bytes: 2)
    let count = Self.number(in: header, at: 0x3C, bytes: 2)
    let place = Self.number(in: header, at: 0x3E, bytes: 2)
    guard size >= 64, place < count,
      let table = part(Self.number(in: header, at: 0x28, bytes: 8), size * count)
    else { return nil }
    let entry = place * size
    guard
      let names = part(
        Self.number(in: table, at: entry + 0x18, bytes: 8),
        Self.number(in: table, at: entry + 0x20, bytes: 8))
    else { return nil }
    bytes = table
    self.names = names
    entrySize = size
  }

  /// Where the file is.
  static let path: String = {
    var characters = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = readlink("/proc/self/exe", &characters, characters.count)
    let bytes = characters.prefix(max(0, count)).map(UInt8.init(bitPattern:))
    return String(decoding: bytes, as: UTF8.self)
  }()

  /// The bytes of the file that a section takes; nil where there is no section of that name.
  func section(_ name: String) -> Range<UInt>? {
    for entry in stride(from: 0, to: bytes.count, by: entrySize) {
      let start = Self.number(in: bytes, at: entry, bytes: 4)
      guard names.dropFirst(start).prefix(while: { $0 != 0 }).elementsEqual(name.utf8) else {
        continue
      }
      let offset = Self.number(in: bytes, at: entry + 0x18, bytes: 8)
      let count = Self.number(in: bytes, at: entry + 0x20, bytes: 8)
      guard offset >= 0, count > 0 else { return nil }
      return UInt(offset)..<UInt(offset) + UInt(count)
    }
    return nil
  }

  /// A number in little endian. One that is too large to be meant comes out negative.
  private static func number(in bytes: [UInt8], at place: Int, bytes count: Int) -> Int {
    bytes[place..<place + count].reversed().reduce(0) { $0 << 8 | Int($1) }
  }
}
