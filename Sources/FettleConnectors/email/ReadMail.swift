import CMail
import FettleCore

/// A message that was received, read by GMime: encodings, character sets and parts are its business.
enum ReadMail {
  fileprivate final class Reading {
    var bundle: Bundle = [:]
    var headers: Collection = [:]
    var people: [String: [Value]] = [:]
    var attachments: [Value] = []
  }

  /// The bundle of a message, as the mail trigger emits it; nil when the bytes are no message.
  static func bundle(_ bytes: [UInt8]) -> Bundle? {
    let reading = Reading()
    let status = bytes.withUnsafeBytes { raw in
      fettle_mail_read(
        raw.baseAddress?.assumingMemoryBound(to: CChar.self), raw.count, handlers,
        Unmanaged.passUnretained(reading).toOpaque())
    }
    guard status == 0 else { return nil }
    let nobody: Value = ["address": "", "name": ""]
    let header = { (name: String) -> Value in
      reading.headers.fields.first { $0.name.lowercased() == name }?.value ?? ""
    }
    let first = { (value: Value) in value.array?.first ?? value }
    var bundle: Bundle = [
      "from": reading.people["from"]?.first ?? nobody,
      "to": .array(reading.people["to"] ?? []), "cc": .array(reading.people["cc"] ?? []),
      "replyTo": .array(reading.people["replyTo"] ?? []),
      "subject": first(header("subject")), "messageId": first(header("message-id")),
      "inReplyTo": first(header("in-reply-to")),
      "references": .array(
        (first(header("references")).text ?? "").split(whereSeparator: \.isWhitespace).map {
          .text(String($0))
        }),
      "text": "", "html": "",
    ]
    for field in reading.bundle.fields { bundle[field.name] = field.value }
    bundle["headers"] = .collection(reading.headers)
    bundle["attachments"] = .array(reading.attachments)
    return bundle
  }

  private static var handlers: fettle_mail_handlers {
    fettle_mail_handlers(
      header: { context, name, value in
        guard let reading = reading(behind: context), let name, let value else { return }
        let key = String(cString: name).lowercased()
        let text = Value.text(String(cString: value))
        // A header that is there several times, such as Received, is a list.
        switch reading.headers[key] {
        case nil: reading.headers[key] = text
        case .array(let known)?: reading.headers[key] = .array(known + [text])
        case let known?: reading.headers[key] = [known, text]
        }
      },
      address: { context, name, display, address in
        guard let reading = reading(behind: context), let name, let display, let address else {
          return
        }
        reading.people[String(cString: name), default: []].append([
          "address": .text(String(cString: address)), "name": .text(String(cString: display)),
        ])
      },
      date: { context, milliseconds in
        reading(behind: context)?.bundle["date"] = .date(Instant(milliseconds: milliseconds))
      },
      text: { context, isHTML, start, count in
        let text = String(decoding: bytes(start, count), as: UTF8.self)
        reading(behind: context)?.bundle[isHTML != 0 ? "html" : "text"] = .text(text)
      },
      attachment: { context, name, type, cid, start, count in
        guard let reading = reading(behind: context), let name, let type, let cid else { return }
        reading.attachments.append([
          "fileName": .text(String(cString: name)), "contentType": .text(String(cString: type)),
          "cid": .text(String(cString: cid)), "data": .buffer(Buffer(bytes(start, count))),
        ])
      })
  }
}

/// What a callback of GMime adds to.
private func reading(behind context: UnsafeMutableRawPointer?) -> ReadMail.Reading? {
  context.map { Unmanaged<ReadMail.Reading>.fromOpaque($0).takeUnretainedValue() }
}

private func bytes(_ start: UnsafePointer<CChar>?, _ count: Int) -> [UInt8] {
  start.map { Array(UnsafeRawBufferPointer(start: $0, count: count)) } ?? []
}
