import Glibc

/// The code of this program and of its libraries and their constants, as they are mapped into the process.
///
/// Much of it is needed for the start alone, or for a screen that was left, and stays mapped as if it
/// were in use: of a terminal that is left open for days the most that counts as its memory.
enum MappedCode {
  /// Tells the kernel that the code is not in use just now. It stays in the cache of files while there
  /// is room there; what is called again is mapped again at its first call, which costs the next key
  /// less than a millisecond in all. Where the loader wrote to a page, what it wrote would be lost: of
  /// what cannot be run only the pages go that are still the file's.
  static func giveBack() {
    for range in found.code { giveBack(range) }
    let pages = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC)
    guard pages >= 0 else { return }
    defer { close(pages) }
    for range in found.constants {
      for unwritten in unwrittenParts(of: range, pages) { giveBack(unwritten) }
    }
  }

  private static func giveBack(_ range: Range<UInt>) {
    _ = madvise(
      UnsafeMutableRawPointer(bitPattern: range.lowerBound), range.count, MADV_DONTNEED)
  }

  /// The parts of a range that are present and were never written to. Since nothing writes there any
  /// more, that stays so.
  /// - Parameter pages: `/proc/self/pagemap`.
  private static func unwrittenParts(of range: Range<UInt>, _ pages: Int32) -> [Range<UInt>] {
    let size = pageSize
    let first = range.lowerBound / size
    var entries = [UInt64](repeating: 0, count: range.count / Int(size))
    let count = entries.withUnsafeMutableBytes {
      pread(pages, $0.baseAddress, $0.count, off_t(first) * 8)
    }
    // A bit of proc(5), "pagemap": the page is the file's. A page that was written to is the process's.
    let isOfFile = UInt64(1) << 61
    var parts: [Range<UInt>] = []
    for index in 0..<max(0, count / 8) where entries[index] & isOfFile != 0 {
      let start = (first + UInt(index)) * size
      if let last = parts.last, last.upperBound == start {
        parts[parts.count - 1] = last.lowerBound..<start + size
      } else {
        parts.append(start..<start + size)
      }
    }
    return parts
  }

  /// Where the code of this program and of the libraries it is linked with is: those stay where they are
  /// for as long as it runs. What is loaded later may be unloaded, and something else stand there.
  private static let found = Found()

  private struct Found {
    /// What can be run and not be written to.
    let code: [Range<UInt>]
    /// What is not run and not written to once the program has started, of the same files.
    let constants: [Range<UInt>]

    init() {
      let mapped = MappedCode.maps().split(separator: "\n").compactMap { Mapping($0) }
      let code = mapped.filter { $0.access == "r-xp" }
      let files = Set(code.map(\.file))
      self.code = code.map(\.range)
      var constants = mapped.filter { $0.access == "r--p" && files.contains($0.file) }.map(\.range)
      // One object file of the toolchain says of its constants that they can be written to, and so the
      // linker puts all constants of the program among its variables.
      if let section = ProgramFile().flatMap({ $0.section(".rodata") }),
        let own = mapped.first(where: {
          $0.access == "rw-p" && $0.file == ProgramFile.path
            && $0.offsets.contains(section.lowerBound)
        })
      {
        let start = own.range.lowerBound + (section.lowerBound - own.offsets.lowerBound)
        let page = MappedCode.pageSize
        let first = (start + page - 1) / page * page
        let end = min(start + UInt(section.count), own.range.upperBound) / page * page
        if first < end { constants.append(first..<end) }
      }
      self.constants = constants
    }
  }

  /// The bytes of a page of memory.
  private static let pageSize = UInt(max(1, sysconf(Int32(_SC_PAGESIZE))))

  /// A part of a file that is mapped.
  private struct Mapping {
    let range: Range<UInt>
    /// What can be done with it: `r-xp`
    let access: Substring
    /// Where it stands in the file.
    let offsets: Range<UInt>
    let file: Substring

    /// - Parameter line: of `/proc/self/maps`; nil where it is no file.
    init?(_ line: Substring) {
      // 55d0c8a00000-55d0cae22000 r-xp 00000000 fe:00 1234    /usr/local/bin/fettle
      let fields = line.split(separator: " ", maxSplits: 5)
      guard fields.count == 6, let path = fields[5].firstIndex(of: "/"),
        let offset = UInt(fields[2], radix: 16)
      else { return nil }
      let bounds = fields[0].split(separator: "-").compactMap { UInt($0, radix: 16) }
      guard bounds.count == 2, bounds[0] < bounds[1] else { return nil }
      range = bounds[0]..<bounds[1]
      access = fields[1]
      offsets = offset..<offset + UInt(range.count)
      file = fields[5][path...]
    }
  }

  /// What is mapped, a line each (proc(5), "maps").
  private static func maps() -> String {
    let file = open("/proc/self/maps", O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return "" }
    defer { close(file) }
    var bytes = [UInt8](repeating: 0, count: 65_536)
    var filled = 0
    while filled < bytes.count {
      let count = bytes[filled...].withUnsafeMutableBytes { read(file, $0.baseAddress, $0.count) }
      guard count > 0 else { break }
      filled += count
    }
    return String(decoding: bytes[..<filled], as: UTF8.self)
  }
}
