/// Takes secrets out of what others may see: a service may send back what it was sent, in an answer
/// or in an error.
///
/// A secret is found as it is, percent-encoded, as JSON writes it, and in base64 as basic
/// authentication and the logins of mail servers (PLAIN, XOAUTH2) send it. Secrets of fewer than four characters are left: they are found
/// everywhere.
public struct Mask: Sendable {
  /// What stands in the place of a secret.
  public static let sign = "•••"
  private let forms: [String]

  /// Takes out these secrets.
  /// - Parameter user: the user name they belong to; many logins send both as one.
  public init(_ secrets: [String], user: String? = nil) {
    var forms: Set<String> = []
    for secret in secrets where secret.count >= 4 {
      forms.insert(secret)
      forms.insert(Self.percentEncoded(secret))
      forms.insert(String(JSONWriter.text(.text(secret)).dropFirst().dropLast()))
      forms.insert(Self.base64(secret))
      if let user {
        for login in [
          "\(user):\(secret)", "\0\(user)\0\(secret)", "\(user)\0\(user)\0\(secret)",
          "user=\(user)\u{1}auth=Bearer \(secret)\u{1}\u{1}",
        ] { forms.insert(Self.base64(login)) }
      }
      // A key of several lines is also found by each.
      let lines = secret.split(whereSeparator: \.isNewline).map(String.init)
      if lines.count > 1 {
        forms.formUnion(lines.filter { $0.count >= 16 && !$0.hasPrefix("---") })
      }
    }
    // The longest first: a form that holds another must go as a whole.
    self.forms = forms.sorted { ($0.utf8.count, $0) > ($1.utf8.count, $1) }
  }

  /// Takes out nothing.
  public static let nothing = Mask([])

  /// Whether it takes out nothing.
  public var isEmpty: Bool { forms.isEmpty }

  /// The mask that takes out what either does.
  public func joined(with other: Mask) -> Mask {
    Mask(exactly: Set(forms).union(other.forms))
  }

  private init(exactly forms: Set<String>) {
    self.forms = forms.sorted { ($0.utf8.count, $0) > ($1.utf8.count, $1) }
  }

  /// A text without the secrets.
  public func masked(_ text: String) -> String {
    var masked = text
    for form in forms where masked.contains(form) {
      masked = masked.split(separator: form, omittingEmptySubsequences: false)
        .joined(separator: Self.sign)
    }
    return masked
  }

  /// A value without the secrets, in its texts, names and buffers.
  public func masked(_ value: Value) -> Value {
    guard !isEmpty else { return value }
    return switch value {
    case .text(let text): .text(masked(text))
    case .array(let elements): .array(elements.map(masked))
    case .collection(let collection): .collection(masked(collection))
    case .buffer(let buffer): .buffer(masked(buffer))
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
    var error = error
    error.message = masked(error.message)
    error.detail = error.detail.map(masked)
    error.suberrors = error.suberrors.map(masked)
    error.field = error.field.map(masked)
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

  /// Bytes are only changed where they are a text: a secret inside of a picture is no secret's place.
  private func masked(_ buffer: Buffer) -> Buffer {
    guard let text = String(validating: buffer.bytes, as: UTF8.self) else { return buffer }
    let masked = masked(text)
    return masked == text ? buffer : Buffer(Array(masked.utf8), encoding: buffer.encoding)
  }

  private static func percentEncoded(_ text: String) -> String {
    var encoded = ""
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
        UInt8(ascii: "_"), UInt8(ascii: "~"):
        encoded.unicodeScalars.append(Unicode.Scalar(byte))
      default: encoded += (byte < 16 ? "%0" : "%") + String(byte, radix: 16).uppercased()
      }
    }
    return encoded
  }

  private static func base64(_ text: String) -> String { Buffer(Array(text.utf8)).base64 }
}
