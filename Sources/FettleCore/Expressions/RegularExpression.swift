import CPCRE2

/// A regular expression of a filter, on data nobody vouches for: the work one match may cost is
/// bounded.
struct RegularExpression: ~Copyable {
  private let code: OpaquePointer

  /// Steps after which a match is given up: about a second of work.
  private static let matchLimit: UInt32 = 5_000_000

  /// Why there is no answer.
  enum Failure: Error {
    /// The pattern is not one; with the reason.
    case notAPattern(String)
    /// Looking for the pattern took too long.
    case tooExpensive
  }

  init(_ pattern: String, ignoresCase: Bool) throws(Failure) {
    var error: Int32 = 0
    var offset = 0
    let options = PCRE2_UTF | PCRE2_UCP | (ignoresCase ? PCRE2_CASELESS : 0)
    let bytes = Array(pattern.utf8)
    guard
      let code = pcre2_compile_8(bytes, bytes.count, options, &error, &offset, nil)
    else {
      var message = [UInt8](repeating: 0, count: 200)
      let length = pcre2_get_error_message_8(error, &message, message.count)
      throw .notAPattern(String(decoding: message.prefix(max(0, Int(length))), as: UTF8.self))
    }
    self.code = code
  }

  deinit { pcre2_code_free_8(code) }

  /// Whether the pattern stands anywhere in the text.
  func matches(_ text: String) throws(Failure) -> Bool {
    let data = pcre2_match_data_create_from_pattern_8(code, nil)
    let context = pcre2_match_context_create_8(nil)
    defer {
      pcre2_match_data_free_8(data)
      pcre2_match_context_free_8(context)
    }
    pcre2_set_match_limit_8(context, Self.matchLimit)
    let bytes = Array(text.utf8)
    let result = pcre2_match_8(code, bytes, bytes.count, 0, 0, data, context)
    if result >= 0 { return true }
    if result == PCRE2_ERROR_NOMATCH { return false }
    throw .tooExpensive
  }
}
