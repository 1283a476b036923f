/// Takes secrets out of what others may see: a service may send back what it was sent, in an answer
/// or in an error.
///
/// A secret is found however its characters are written (`SecretPattern`), in hexadecimal, and in
/// base64, also inside of something longer, as basic authentication and the logins of mail servers
/// (PLAIN, XOAUTH2) send it. Secrets of fewer than four characters are left: they are found everywhere.
public struct Mask: Sendable {
  /// What stands in the place of a secret.
  public static let sign = "•••"
  /// Texts that are kept of an answer are cut off, none of them before this many bytes.
  private static let shortestCut = 200

  /// The longest first: a form that holds another must go as a whole.
  private let patterns: [SecretPattern]
  /// A bit for each pair of bytes that a pattern may begin with; empty where there are none.
  private let beginnings: [UInt64]
  /// Whether one of them may be a number.
  private let hasDigits: Bool

  /// Takes out these secrets.
  /// - Parameter user: the user name they belong to; many logins send both as one.
  public init(_ secrets: [String], user: String? = nil) {
    var forms: Set<String> = []
    for secret in secrets where secret.count >= 4 {
      forms.insert(secret)
      let bytes = Array(secret.utf8)
      if bytes.count > secret.unicodeScalars.count {
        // What became of it where its bytes were read as Latin-1.
        forms.insert(String(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) })))
      }
      Self.addBase64(of: bytes, to: &forms)
      if let user {
        for login in [
          "\(user):\(secret)", "\0\(user)\0\(secret)", "\(user)\0\(user)\0\(secret)",
          "user=\(user)\u{1}auth=Bearer \(secret)\u{1}\u{1}",
        ] { forms.insert(Buffer(Array(login.utf8)).base64) }
      }
      // A key of several lines is also found by each.
      let lines = secret.split(whereSeparator: \.isNewline).map(String.init)
      if lines.count > 1 {
        forms.formUnion(lines.filter { $0.count >= 16 && !$0.hasPrefix("---") })
      }
    }
    self.init(Set(forms.map(SecretPattern.init)))
  }

  private init(_ patterns: Set<SecretPattern>) {
    self.patterns = patterns.sorted(by: SecretPattern.isBefore)
    hasDigits = patterns.contains(where: \.isDigits)
    guard !patterns.isEmpty else {
      beginnings = []
      return
    }
    var beginnings = [UInt64](repeating: 0, count: 1024)
    for pair in patterns.flatMap(\.beginnings) {
      let first = Int(pair.first) << 8
      for second in pair.second.map({ Int($0)...Int($0) }) ?? 0...255 {
        beginnings[(first | second) >> 6] |= 1 << UInt64((first | second) & 63)
      }
    }
    self.beginnings = beginnings
  }

  /// Base64 and hexadecimal. Inside of something longer, base64 looks in one of three ways, but for the
  /// characters at both ends, which also tell of what stands beside it.
  private static func addBase64(of bytes: [UInt8], to forms: inout Set<String>) {
    var texts = [Buffer(bytes).base64]
    if bytes.count >= 8 {
      for offset in 0..<3 {
        let text = Buffer([UInt8](repeating: 0, count: offset) + bytes).base64
        let inner = (8 * offset + 5) / 6..<8 * (offset + bytes.count) / 6
        texts.append(String(text.dropFirst(inner.lowerBound).prefix(inner.count)))
      }
      let digits = bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
      forms.formUnion([digits, digits.uppercased()])
    }
    // Also as addresses take it (RFC 4648 5).
    for text in texts {
      forms.insert(text)
      forms.insert(String(text.map { $0 == "+" ? "-" : $0 == "/" ? "_" : $0 }))
    }
  }

  /// Takes out nothing.
  public static let nothing = Mask([])

  /// Whether it takes out nothing.
  public var isEmpty: Bool { patterns.isEmpty }

  /// The mask that takes out what either does.
  public func joined(with other: Mask) -> Mask {
    if isEmpty { return other }
    return other.isEmpty ? self : Mask(Set(patterns).union(other.patterns))
  }

  /// A text without the secrets.
  public func masked(_ text: String) -> String { masked(text, isCut: false) }

  private func masked(_ text: String, isCut: Bool) -> String {
    guard !isEmpty else { return text }
    let masked = masked(Array(text.utf8), isCut: isCut)
    return masked.map { String(decoding: $0, as: UTF8.self) } ?? text
  }

  /// Whether a text holds a secret, or ends with the beginning of one.
  public func finds(in text: String) -> Bool {
    !isEmpty && masked(Array(text.utf8), isCut: true) != nil
  }

  /// What was kept of an answer or quoted: a secret may have been cut off with it.
  private func maskedExcerpt(_ text: String) -> String {
    masked(text, isCut: text.utf8.count >= Self.shortestCut || text.contains("…"))
  }

  /// Bytes without the secrets; nil where there are none in them.
  /// - Parameter shortest: secrets of fewer bytes are left.
  private func masked(_ bytes: [UInt8], isCut: Bool = false, shortest: Int = 0) -> [UInt8]? {
    var masked: [UInt8]?
    var kept = 0
    var place = 0
    while place < bytes.count {
      let pair = Int(bytes[place]) << 8 | (place + 1 < bytes.count ? Int(bytes[place + 1]) : 0)
      guard beginnings[pair >> 6] & 1 << UInt64(pair & 63) != 0,
        let found = patterns.lazy.filter({ $0.count >= shortest })
          .compactMap({ $0.end(from: place, in: bytes, isCut: isCut) }).first
      else {
        place += 1
        continue
      }
      masked = masked ?? []
      masked?.append(contentsOf: bytes[kept..<place])
      masked?.append(contentsOf: Self.sign.utf8)
      (place, kept) = (found, found)
    }
    return masked.map { $0 + bytes[kept...] }
  }

  /// A value without the secrets, in its texts, names and buffers.
  public func masked(_ value: Value) -> Value {
    guard !isEmpty else { return value }
    return switch value {
    case .text(let text): .text(masked(text))
    case .array(let elements): .array(elements.map(masked))
    case .collection(let collection): .collection(masked(collection))
    case .buffer(let buffer): .buffer(masked(buffer))
    // A key may be all digits.
    case .number(let number) where hasDigits && masked(number.text) == Self.sign: .text(Self.sign)
    case .null, .number, .boolean, .date: value
    }
  }

  /// A collection without the secrets.
  public func masked(_ collection: Collection) -> Collection {
    guard !isEmpty else { return collection }
    return Collection(collection.fields.map { (masked($0.name), masked($0.value)) })
  }

  /// A failure without the secrets.
  public func masked(_ error: ModuleError) -> ModuleError {
    guard !isEmpty else { return error }
    var error = error
    error.message = maskedExcerpt(error.message)
    error.detail = error.detail.map(maskedExcerpt)
    error.suberrors = error.suberrors.map(maskedExcerpt)
    error.field = error.field.map(maskedExcerpt)
    return error
  }

  /// An output without the secrets.
  public func masked(_ output: OperationOutput) -> OperationOutput {
    guard !isEmpty else { return output }
    var output = output
    output.bundles = output.bundles.map(masked)
    output.warnings = output.warnings.map(masked)
    return output
  }

  /// Four bytes of a picture may be a short secret by chance; eight are none.
  private func masked(_ buffer: Buffer) -> Buffer {
    let isText = String(validating: buffer.bytes, as: UTF8.self) != nil
    return masked(buffer.bytes, shortest: isText ? 0 : 8)
      .map { Buffer($0, encoding: buffer.encoding) } ?? buffer
  }
}
