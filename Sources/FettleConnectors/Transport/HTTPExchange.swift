import FettleCore

/// What is to be sent.
struct HTTPRequest: Sendable {
  var method: String
  var url: String
  var headers: [HTTPHeader] = []
  var body: Body = .none
  /// From the start to the last byte of the answer.
  var timeoutMilliseconds = 40_000
  var followsRedirects = true
  var verifiesTLS = true
  var acceptsCompression = true
  /// User and password of basic authentication.
  var basic: (user: String, password: String)?
  /// An answer that is larger fails (semantics 6.9: 200 MB a file).
  var maximumBodySize = 200_000_000

  enum Body: Sendable {
    case none
    case bytes([UInt8])
    case form([FormPart])
  }

  /// One part of a multipart form.
  struct FormPart: Sendable {
    var name: String
    var fileName: String?
    var content: [UInt8]
  }
}

/// One line of a header, in the spelling it had.
struct HTTPHeader: Sendable, Hashable {
  var name: String
  var value: String

  /// Whether it has that name; the case does not matter.
  func isNamed(_ name: String) -> Bool { self.name.lowercased() == name.lowercased() }
}

/// What came back.
struct HTTPAnswer: Sendable {
  var status: Int
  var headers: [HTTPHeader]
  var body: [UInt8]

  /// The value of the first header of that name.
  func header(_ name: String) -> String? { headers.first { $0.isNamed(name) }?.value }
}
