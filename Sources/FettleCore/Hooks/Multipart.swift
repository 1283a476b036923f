/// A body of several parts, as forms with files send it (RFC 7578).
struct Multipart {
  let boundary: String

  /// More parts than any form has are an attack on the memory.
  private static let mostParts = 1000

  /// The fields of the form.
  func bundle(_ body: [UInt8]) throws(HookRequest.Unreadable) -> Bundle {
    let line = Array("--\(boundary)".utf8)
    let end: [UInt8] = [0x0D, 0x0A]
    var bundle: Bundle = [:]
    var count = 0
    guard var place = body.position(of: line, from: 0).map({ $0 + line.count }) else {
      throw HookRequest.Unreadable("the body does not contain the boundary its Content-Type names")
    }
    while !body[place...].starts(with: Array("--".utf8)) {
      guard body[place...].starts(with: end), count < Self.mostParts,
        let blank = body.position(of: end + end, from: place),
        let next = body.position(of: end + line, from: blank + 2)
      else { throw HookRequest.Unreadable("part \(count + 1) of the multipart body does not end") }
      let head = String(decoding: body[(place + 2)..<max(place + 2, blank)], as: UTF8.self)
      let content = Array(body[min(blank + 4, next)..<next])
      if let (name, value) = part(head, content) { bundle.add(value, named: name) }
      count += 1
      place = next + 2 + line.count
    }
    return bundle
  }

  private func part(_ head: String, _ content: [UInt8]) -> (String, Value)? {
    var disposition = MediaType("")
    var mime: String?
    for line in head.split(separator: "\r\n") {
      let halves = line.split(separator: ":", maxSplits: 1)
      guard halves.count == 2 else { continue }
      switch halves[0].lowercased() {
      case "content-disposition": disposition = MediaType(String(halves[1]))
      case "content-type": mime = MediaType(String(halves[1])).name
      default: break
      }
    }
    guard let name = disposition.parameters["name"], !name.isEmpty else { return nil }
    guard let file = disposition.parameters["filename"] else {
      return (name, .text(String(decoding: content, as: UTF8.self)))
    }
    return (
      name,
      [
        "name": .text(file), "mime": .text(mime ?? "application/octet-stream"),
        "data": .buffer(Buffer(content)),
      ]
    )
  }
}

extension [UInt8] {
  /// Where a sequence of bytes begins, at or behind a place.
  fileprivate func position(of needle: [UInt8], from start: Int) -> Int? {
    guard let first = needle.first, start <= count - needle.count else { return nil }
    return withUnsafeBufferPointer { bytes in
      var place = start
      while place <= bytes.count - needle.count {
        if bytes[place] == first {
          var offset = 1
          while offset < needle.count, bytes[place + offset] == needle[offset] { offset += 1 }
          if offset == needle.count { return place }
        }
        place += 1
      }
      return nil
    }
  }
}
