import Glibc

/// A paste while it comes: its bytes are read in blocks, past curses, until the mark of its end.
///
/// A mark of the end with another one behind it, and no beginning between them, was in what is pasted:
/// who pastes a text that was made to end its paste early runs nothing of it as keys.
struct PasteReader: Sendable {
  static let beginMark = Array("\u{1B}[200~".utf8)
  static let endMark = Array("\u{1B}[201~".utf8)
  /// A longer paste is not taken, in bytes; none of it may become keys all the same.
  static let longest = 1 << 24
  /// A paste whose end never comes must not swallow the keyboard for ever: after a silence this long, in
  /// milliseconds, it is over.
  static let longestSilence = 5000
  /// Ctrl-C that comes alone after a silence this long was pressed, in milliseconds; in what is pasted it
  /// comes with the rest.
  static let shortestSilence = 300
  /// More behind the end is not looked at, in bytes.
  static let longestRest = 32_768

  private var bytes: [UInt8] = []
  /// How many bytes were read and dropped because the paste is too long.
  private var dropped = 0
  /// Up to where no mark is.
  private var searched = 0
  private var mark: Int?
  private var lastTime: Int

  /// A paste that begins.
  /// - Parameter time: in milliseconds.
  init(at time: Int) { lastTime = time }

  /// How many bytes came so far.
  var count: Int { dropped + bytes.count }

  /// Whether a mark of the end was seen; what comes at once with it tells if it is the end.
  var hasEnded: Bool { mark != nil }

  /// Whether enough is known of what stands behind the mark.
  var hasLongRest: Bool { mark.map { bytes.count - $0 > Self.longestRest } ?? false }

  /// How long nothing came.
  func silence(at time: Int) -> Int { time - lastTime }

  /// Takes in what came.
  /// - Returns: false when it is a Ctrl-C that gives the paste up.
  mutating func take(_ block: some Collection<UInt8>, at time: Int) -> Bool {
    if block.count == 1, block.first == 3, silence(at: time) >= Self.shortestSilence {
      return false
    }
    lastTime = time
    bytes += block
    if mark == nil {
      mark = Self.position(of: Self.endMark, in: bytes, from: searched)
      // The mark may come in two pieces.
      searched = max(0, bytes.count - Self.endMark.count + 1)
    }
    if mark == nil, count > Self.longest, searched > 0 {
      dropped += searched
      bytes.removeFirst(searched)
      searched = 0
    }
    return true
  }

  /// What was pasted, and the bytes behind its end.
  struct Ending: Hashable, Sendable {
    let event: InputEvent
    /// Whether bytes that are no UTF-8 were replaced.
    let isRepaired: Bool
    let rest: [UInt8]
  }

  /// Ends the paste: at its mark, or where it is when none came.
  func end() -> Ending {
    var end = mark ?? bytes.count
    while mark != nil,
      let next = Self.position(of: Self.endMark, in: bytes, from: end + Self.endMark.count)
    {
      let begin = Self.position(of: Self.beginMark, in: bytes, from: end + Self.endMark.count)
      if let begin, begin < next { break }
      end = next
    }
    let rest = mark == nil ? [] : Array(bytes[(end + Self.endMark.count)...])
    guard dropped + end <= Self.longest else {
      return Ending(event: .pasteTooLong(dropped + end), isRepaired: false, rest: rest)
    }
    let content = Self.withLineFeeds(bytes[..<end])
    if let text = String(validating: content, as: UTF8.self) {
      return Ending(event: .paste(text), isRepaired: false, rest: rest)
    }
    return Ending(
      event: .paste(String(decoding: content, as: UTF8.self)), isRepaired: true, rest: rest)
  }

  /// Terminals send the Return key for the ends of pasted lines, some with a line feed behind it.
  private static func withLineFeeds(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
    guard bytes.contains(0x0D) else { return Array(bytes) }
    var result: [UInt8] = []
    result.reserveCapacity(bytes.count)
    var isBehindReturn = false
    for byte in bytes {
      if byte == 0x0D {
        result.append(0x0A)
      } else if byte != 0x0A || !isBehindReturn {
        result.append(byte)
      }
      isBehindReturn = byte == 0x0D
    }
    return result
  }

  private static func position(of mark: [UInt8], in bytes: [UInt8], from start: Int) -> Int? {
    guard let first = mark.first, start < bytes.count else { return nil }
    return bytes.withUnsafeBytes { all in
      guard let base = all.baseAddress else { return nil }
      var start = start
      while start + mark.count <= all.count,
        let found = memchr(base + start, Int32(first), all.count - start)
      {
        let place = UnsafeRawPointer(found) - base
        if place + mark.count <= all.count, memcmp(found, mark, mark.count) == 0 { return place }
        start = place + 1
      }
      return nil
    }
  }
}
