/// What the sender of an event is answered.
public struct HookAnswer: Sendable, Hashable {
  /// The status, from 200 to 599.
  public var status: Int
  /// The headers, in order.
  public var headers: [Header]
  /// The body.
  public var body: [UInt8]

  /// One header.
  public struct Header: Sendable, Hashable {
    /// The name.
    public let name: String
    /// The value.
    public let value: String

    /// A header.
    public init(_ name: String, _ value: String) {
      self.name = name
      self.value = value
    }
  }

  /// An answer of these parts.
  public init(status: Int, headers: [Header] = [], body: [UInt8] = []) {
    self.status = status
    self.headers = headers
    self.body = body
  }

  /// An answer in plain text.
  public init(status: Int, text: String) {
    self.init(
      status: status, headers: [Header("Content-Type", "text/plain; charset=utf-8")],
      body: Array(text.utf8))
  }

  /// The event is on the disk.
  public static let accepted = HookAnswer(status: 200, text: "Accepted")
  /// The run failed before it answered.
  public static let failed = HookAnswer(status: 500, text: "Scenario failed to complete.")
}
