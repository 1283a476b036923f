import Glibc

/// The code of this program and of its libraries, as it is mapped into the process.
///
/// Much of it is needed for the start alone, or for a screen that was left, and stays mapped as if it
/// were in use: of a terminal that is left open for days the most that counts as its memory.
enum MappedCode {
  /// Tells the kernel that the code is not in use just now. It stays in the cache of files while there
  /// is room there; what is called again is mapped again at its first call, which costs the next key
  /// less than a millisecond in all. What only looks like code is left alone: where the loader may
  /// have written to a page, what it wrote would be lost.
  static func giveBack() {
    for range in found.ranges {
      _ = madvise(
        UnsafeMutableRawPointer(bitPattern: range.lowerBound), range.count, MADV_DONTNEED)
    }
  }

  /// Where the code of this program and of the libraries it is linked with is: those stay where they are
  /// for as long as it runs. What is loaded later may be unloaded, and something else stand there.
  private static let found = Found()

  private struct Found {
    let ranges: [Range<UInt>]

    init() {
      ranges = MappedCode.maps().split(separator: "\n").compactMap { line in
        // 55d0c8a00000-55d0cae22000 r-xp 00000000 fe:00 1234    /usr/local/bin/fettle
        let fields = line.split(separator: " ", maxSplits: 5)
        guard fields.count == 6, fields[1] == "r-xp", fields[5].contains("/") else { return nil }
        let bounds = fields[0].split(separator: "-").compactMap { UInt($0, radix: 16) }
        guard bounds.count == 2, bounds[0] < bounds[1] else { return nil }
        return bounds[0]..<bounds[1]
      }
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
