import FettleCore

/// Base64 as mail writes it.
enum Base64 {
  /// The bytes in base64, padded.
  static func text(_ bytes: [UInt8]) -> String { Buffer(bytes).base64 }
}

/// Somebody a message is from or for.
struct MailAddress: Sendable, Hashable {
  let name: String
  let address: String

  /// `Ada <ada@example.org>`, `ada@example.org`, or a collection with `name` and `address`.
  init?(_ value: Value) {
    if let fields = value.collection {
      guard let address = (fields["address"] ?? fields["email"])?.text else { return nil }
      self.init(name: fields["name"]?.text ?? "", address: address)
    } else {
      guard let text = Coercion.text(value) else { return nil }
      if text.hasSuffix(">"), let open = text.lastIndex(of: "<") {
        var name = text[..<open].trimmingASCIISpace
        if name.count > 1, name.hasPrefix("\""), name.hasSuffix("\"") {
          name = String(name.dropFirst().dropLast())
        }
        self.init(name: name, address: String(text[text.index(after: open)...].dropLast()))
      } else {
        self.init(name: "", address: text[...].trimmingASCIISpace)
      }
    }
  }

  /// Nil when it is no address: what ends a line or an address must not get into a command.
  init?(name: String, address: String) {
    guard let at = address.lastIndex(of: "@"), at > address.startIndex,
      address.index(after: at) < address.endIndex,
      !address.unicodeScalars.contains(where: {
        $0.value <= 32 || $0.value == 127 || "<>,;\"".unicodeScalars.contains($0)
      }),
      !name.unicodeScalars.contains(where: { $0.value < 32 })
    else { return nil }
    self.name = name
    self.address = address
  }

  /// As a header has it.
  var written: String {
    guard !name.isEmpty else { return address }
    let isPlain = name.unicodeScalars.allSatisfy {
      $0.isASCII && ($0.properties.isAlphabetic || $0.properties.numericType != nil || $0 == " ")
    }
    if isPlain { return "\(name) <\(address)>" }
    let word =
      name.utf8.allSatisfy { $0 < 128 }
      ? MailFolder.quotedText(name) : MailText.encodedWords(name)
    return "\(word) <\(address)>"
  }
}

/// Texts in headers of mail.
enum MailText {
  /// A text of a header: as it is when it is ASCII, else in encoded words (RFC 2047) of at most 75
  /// characters.
  static func header(_ text: String) -> String {
    text.utf8.allSatisfy { $0 < 128 && $0 >= 32 } ? text : encodedWords(text)
  }

  static func encodedWords(_ text: String) -> String {
    var words: [String] = []
    var word: [UInt8] = []
    for character in text {
      let bytes = Array(String(character).utf8)
      if word.count + bytes.count > 42, !word.isEmpty {
        words.append("=?UTF-8?B?\(Base64.text(word))?=")
        word = []
      }
      word += bytes
    }
    if !word.isEmpty { words.append("=?UTF-8?B?\(Base64.text(word))?=") }
    return words.joined(separator: "\r\n ")
  }
}

/// A message that is to be sent.
struct MailMessage: Sendable {
  var from: MailAddress
  var to: [MailAddress] = []
  var cc: [MailAddress] = []
  var bcc: [MailAddress] = []
  var subject = ""
  var messageID: String
  var date: Instant
  var text: String?
  var html: String?
  var attachments: [Attachment] = []
  /// Other headers, checked already.
  var headers: [HTTPHeader] = []

  /// A file that goes along.
  struct Attachment: Sendable {
    var fileName: String
    var content: [UInt8]
    var cid: String?
  }

  /// Everybody who gets it.
  var recipients: [MailAddress] { to + cc + bcc }

  /// The headers, without those of the content.
  var headerLines: [String] {
    func list(_ addresses: [MailAddress]) -> String {
      addresses.map(\.written).joined(separator: ",\r\n ")
    }
    var lines = ["Date: \(Self.dateText(date))", "From: \(from.written)"]
    if !to.isEmpty { lines.append("To: \(list(to))") }
    if !cc.isEmpty { lines.append("Cc: \(list(cc))") }
    lines.append("Subject: \(subject.isEmpty ? " " : MailText.header(subject))")
    lines.append("Message-ID: \(messageID)")
    lines += headers.map { "\($0.name): \(MailText.header($0.value))" }
    return lines
  }

  /// The content: a text or a page, and what goes along.
  var parts: [CurlJob.Part] {
    var content = CurlJob.Part(
      type: html == nil ? "text/plain; charset=utf-8" : "text/html; charset=utf-8",
      encoding: "quoted-printable", content: .bytes(Array((html ?? text ?? "").utf8)))
    if let html, let text {
      content = CurlJob.Part(
        type: "multipart/alternative",
        content: .parts([
          CurlJob.Part(
            type: "text/plain; charset=utf-8", encoding: "quoted-printable",
            content: .bytes(Array(text.utf8))),
          CurlJob.Part(
            type: "text/html; charset=utf-8", encoding: "quoted-printable",
            content: .bytes(Array(html.utf8))),
        ]))
    }
    return [content]
      + attachments.map { file in
        var part = CurlJob.Part(
          fileName: file.fileName, type: Self.type(of: file.fileName), encoding: "base64",
          content: .bytes(file.content))
        let disposition = file.cid == nil ? "attachment" : "inline"
        part.headers = ["Content-Disposition: \(disposition); \(Self.parameter(file.fileName))"]
        if let cid = file.cid { part.headers.append("Content-ID: <\(cid)>") }
        return part
      }
  }

  /// The name of a file as a parameter (RFC 2231 where it is not ASCII).
  private static func parameter(_ name: String) -> String {
    if name.utf8.allSatisfy({ $0 < 128 }) { return "filename=\(MailFolder.quotedText(name))" }
    let encoded = name.utf8.map { byte -> String in
      byte < 128
        && (UnicodeScalar(byte).properties.isAlphabetic || (48...57).contains(byte) || byte == 46)
        ? String(UnicodeScalar(byte))
        : (byte < 16 ? "%0" : "%") + String(byte, radix: 16).uppercased()
    }.joined()
    return "filename*=UTF-8''\(encoded)"
  }

  private static func type(of fileName: String) -> String {
    let types = [
      "pdf": "application/pdf", "txt": "text/plain", "csv": "text/csv", "html": "text/html",
      "json": "application/json", "xml": "application/xml", "png": "image/png",
      "jpg": "image/jpeg", "jpeg": "image/jpeg", "gif": "image/gif", "zip": "application/zip",
      "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
      "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ]
    let ending = fileName.split(separator: ".").last.map { $0.lowercased() } ?? ""
    return types[ending] ?? "application/octet-stream"
  }

  /// `Wed, 25 Nov 2026 20:14:05 +0000`.
  private static func dateText(_ date: Instant) -> String {
    let days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    let months = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(separator: " ")
    let time = CivilTime(date, offsetSeconds: 0)
    let day = Int((Double(date.milliseconds) / 86_400_000).rounded(.down))
    func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
    return "\(days[((day % 7) + 7) % 7]), \(time.day) \(months[time.month - 1]) \(time.year) "
      + "\(two(time.hour)):\(two(time.minute)):\(two(time.second)) +0000"
  }
}
