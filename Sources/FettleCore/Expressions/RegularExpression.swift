import CPCRE2
import Synchronization

/// A regular expression of a scenario: ECMAScript syntax and meaning, matched by PCRE2.
///
/// Patterns come from blueprints and data, so every search has a bound: a match may take so many
/// steps and so much memory, and all matches of one text together have a budget. What exceeds it
/// fails instead of hanging.
final class RegularExpression: Sendable {
  struct Flags: Hashable, Sendable {
    var isGlobal = false
    var ignoresCase = false
    var isMultiline = false
    var dotMatchesAll = false
  }

  /// The code is only read after its compilation and PCRE2 allows that from any thread.
  private struct Code: @unchecked Sendable { let pointer: OpaquePointer }

  private let code: Code
  let flags: Flags
  let groupCount: Int
  /// Whether a group of the pattern has a name.
  let hasNamedGroups: Bool

  deinit { pcre2_code_free_8(code.pointer) }

  private struct Key: Hashable {
    let pattern: String
    let flags: Flags
  }

  private static let compiled = Mutex<[Key: RegularExpression]>([:])

  /// The compiled pattern, from memory when it was used lately.
  static func compiled(_ pattern: String, _ flags: Flags) throws(Failure) -> RegularExpression {
    let key = Key(pattern: pattern, flags: flags)
    if let known = compiled.withLock({ $0[key] }) { return known }
    let made = try RegularExpression(pattern, flags)
    compiled.withLock {
      if $0.count >= 500 { $0.removeAll() }
      $0[key] = made
    }
    return made
  }

  /// The pattern and flags of a search text of the form `/pattern/flags` (10.2.1); nil for any
  /// other text, which is searched for as it is.
  static func delimited(_ text: String) -> (pattern: String, flags: Flags)? {
    guard text.utf8.first == UInt8(ascii: "/"),
      let close = text.utf8.lastIndex(of: UInt8(ascii: "/")),
      text.utf8.index(after: text.startIndex) < close
    else { return nil }
    var flags = Flags()
    for letter in text.utf8[text.utf8.index(after: close)...] {
      switch letter {
      case UInt8(ascii: "g"): flags.isGlobal = true
      case UInt8(ascii: "i"): flags.ignoresCase = true
      case UInt8(ascii: "m"): flags.isMultiline = true
      case UInt8(ascii: "s"): flags.dotMatchesAll = true
      case UInt8(ascii: "u"), UInt8(ascii: "y"): break
      default: return nil
      }
    }
    return (String(text[text.utf8.index(after: text.startIndex)..<close]), flags)
  }

  private init(_ pattern: String, _ flags: Flags) throws(Failure) {
    guard pattern.utf8.count <= 50_000 else {
      throw Failure("The regular expression is longer than 50 kB.")
    }
    let translated = try PatternTranslator.translate(pattern, flags)
    var options =
      PCRE2_UTF | PCRE2_NO_UTF_CHECK | PCRE2_MATCH_UNSET_BACKREF | PCRE2_NEVER_BACKSLASH_C
    if flags.ignoresCase { options |= PCRE2_CASELESS }
    var errorCode: Int32 = 0
    var errorOffset = 0
    guard let context = pcre2_compile_context_create_8(nil) else {
      throw Failure("There is no memory for a regular expression.")
    }
    defer { pcre2_compile_context_free_8(context) }
    pcre2_set_parens_nest_limit_8(context, 200)
    let bytes = Array(translated.utf8)
    let code = bytes.withUnsafeBufferPointer {
      pcre2_compile_8($0.baseAddress, $0.count, options, &errorCode, &errorOffset, context)
    }
    guard let code else {
      throw Failure("'\(pattern)' is not a regular expression: \(Self.message(errorCode)).")
    }
    var groups: UInt32 = 0
    pcre2_pattern_info_8(code, UInt32(PCRE2_INFO_CAPTURECOUNT), &groups)
    self.code = Code(pointer: code)
    var names: UInt32 = 0
    pcre2_pattern_info_8(code, UInt32(PCRE2_INFO_NAMECOUNT), &names)
    self.flags = flags
    groupCount = Int(groups)
    hasNamedGroups = names > 0
  }

  private static func message(_ code: Int32) -> String {
    var text = [UInt8](repeating: 0, count: 200)
    let length = text.withUnsafeMutableBufferPointer {
      pcre2_get_error_message_8(code, $0.baseAddress, $0.count)
    }
    return length > 0 ? String(decoding: text.prefix(Int(length)), as: UTF8.self) : "error \(code)"
  }

  /// How much work a search may do. A match is tried with few steps first; what it needed is paid
  /// from the budget, so that many cheap matches are as welcome as one dear one.
  private struct Effort {
    static let levels: [UInt32] = [500, 20_000, 1_000_000, 10_000_000]
    var remaining = 100_000_000
    mutating func pay(level: Int) -> Bool {
      remaining -= level == 0 ? 10 : Int(Self.levels[level])
      return remaining > 0
    }
  }

  /// What PCRE2 knows of the pattern.
  func information<Result: BitwiseCopyable>(_ what: Int32, _ result: inout Result) {
    pcre2_pattern_info_8(code.pointer, UInt32(what), &result)
  }

  /// Calls `found` with every match from left to right, each a list of byte ranges: the whole match
  /// and its groups, nil for one that took no part. Ends when it returns false.
  ///
  /// After an empty match the search goes on one character further, as in ECMAScript.
  func matches(
    in bytes: UnsafeBufferPointer<UInt8>,
    _ found: ([Range<Int>?]) throws(Failure) -> Bool
  ) throws(Failure) {
    guard let data = pcre2_match_data_create_from_pattern_8(code.pointer, nil),
      let context = pcre2_match_context_create_8(nil)
    else { throw Failure("There is no memory for a regular expression.") }
    defer {
      pcre2_match_data_free_8(data)
      pcre2_match_context_free_8(context)
    }
    pcre2_set_heap_limit_8(context, 64 * 1024)
    pcre2_set_depth_limit_8(context, 1_000_000)
    var effort = Effort()
    var start = 0
    // PCRE2 wants an address even for an empty text.
    var nothing: UInt8 = 0
    while start <= bytes.count {
      var result: Int32 = 0
      for (level, limit) in Effort.levels.enumerated() {
        guard effort.pay(level: level) else { throw Self.exceeded }
        pcre2_set_match_limit_8(context, limit)
        result = withUnsafePointer(to: &nothing) {
          pcre2_match_8(
            code.pointer, bytes.baseAddress ?? $0, bytes.count, start, PCRE2_NO_UTF_CHECK, data,
            context)
        }
        if result != PCRE2_ERROR_MATCHLIMIT { break }
      }
      if result == PCRE2_ERROR_NOMATCH { return }
      guard result > 0 else { throw Self.exceeded }
      let vector = pcre2_get_ovector_pointer_8(data)
      var ranges: [Range<Int>?] = []
      ranges.reserveCapacity(groupCount + 1)
      for group in 0...groupCount {
        guard group < Int(result), let vector, vector[2 * group] != ~0,
          vector[2 * group] <= vector[2 * group + 1]
        else {
          ranges.append(nil)
          continue
        }
        ranges.append(vector[2 * group]..<vector[2 * group + 1])
      }
      guard let whole = ranges[0] else { return }
      guard try found(ranges) else { return }
      start = whole.upperBound
      if whole.isEmpty {
        start += 1
        while start < bytes.count, bytes[start] & 0xC0 == 0x80 { start += 1 }
      }
    }
  }

  private static let exceeded = Failure(
    "The regular expression takes too long on this text; its limit of steps was reached.")

  /// Whether the pattern is found anywhere in a text.
  func isFound(in text: String) throws(Failure) -> Bool {
    var isFound = false
    try text.withBytes { (bytes) throws(Failure) in
      try matches(in: bytes) { _ in
        isFound = true
        return false
      }
    }
    return isFound
  }

  /// The text with the first match, or all of them, replaced. In the replacement `$&` is the match,
  /// `$1` to `$99` are groups, `$$` is a dollar sign, `` $` `` and `$'` are what stands around.
  func replacing(
    in text: String, with replacement: String, all: Bool
  ) throws(Failure) -> String {
    let template = Array(replacement.utf8)
    let isPlain = !template.contains(UInt8(ascii: "$"))
    var output: [UInt8] = []
    var hasFound = false
    try text.withBytes { (bytes) throws(Failure) in
      var copied = 0
      try matches(in: bytes) { (ranges) throws(Failure) in
        guard let whole = ranges[0] else { return false }
        hasFound = true
        output += bytes[copied..<whole.lowerBound]
        if isPlain {
          output += template
        } else {
          expand(template, ranges, bytes, into: &output)
        }
        copied = whole.upperBound
        try Budget.check(bytes: output.count)
        return all
      }
      if hasFound { output += bytes[copied...] }
    }
    guard hasFound else { return text }
    try Budget.check(bytes: output.count)
    return String(decoding: output, as: UTF8.self)
  }

  private func expand(
    _ template: [UInt8], _ ranges: [Range<Int>?], _ text: UnsafeBufferPointer<UInt8>,
    into output: inout [UInt8]
  ) {
    guard let whole = ranges[0] else { return }
    func digit(_ place: Int) -> Int? {
      place < template.count && 48...57 ~= template[place] ? Int(template[place] - 48) : nil
    }
    var place = 0
    while place < template.count {
      guard template[place] == UInt8(ascii: "$"), place + 1 < template.count else {
        output.append(template[place])
        place += 1
        continue
      }
      switch template[place + 1] {
      case UInt8(ascii: "$"): output.append(UInt8(ascii: "$"))
      case UInt8(ascii: "&"): output += text[whole]
      case UInt8(ascii: "`"): output += text[..<whole.lowerBound]
      case UInt8(ascii: "'"): output += text[whole.upperBound...]
      default:
        let first = digit(place + 1)
        let second = first.flatMap { first in digit(place + 2).map { first * 10 + $0 } }
        if let second, second > 0, second <= groupCount {
          if let range = ranges[second] { output += text[range] }
          place += 1
        } else if let first, first > 0, first <= groupCount {
          if let range = ranges[first] { output += text[range] }
        } else {
          output += template[place...(place + 1)]
        }
      }
      place += 2
    }
  }
}

extension String {
  /// Calls `body` with the UTF-8 of the text.
  func withBytes<Result>(
    _ body: (UnsafeBufferPointer<UInt8>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    var text = self
    let result: Swift.Result<Result, Failure> = text.withUTF8 { bytes in
      do throws(Failure) { return .success(try body(bytes)) } catch { return .failure(error) }
    }
    return try result.get()
  }
}
