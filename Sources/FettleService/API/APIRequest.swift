import FettleCore
import FettleEngine

/// A call of the API, by somebody who may make it.
struct APIRequest: Sendable {
  let request: ServiceRequest
  /// What stands in the places of the route, by name.
  let places: [String: String]
  /// The query, decoded, in order.
  let query: [(name: String, value: String)]
  /// Who calls.
  let token: AccessToken

  init(_ request: ServiceRequest, places: [String: String], token: AccessToken) {
    self.request = request
    self.places = places
    self.token = token
    query = HookRequest.fields(request.query.utf8).map { ($0, $1) }
  }

  /// What stands beside the changes of this caller.
  var author: String { "api:\(token.name)" }

  /// The last value of a parameter; nil where it is missing or empty.
  func parameter(_ name: String) -> String? {
    query.last { $0.name == name }.flatMap { $0.value.isEmpty ? nil : $0.value }
  }

  /// The address of a path as whoever calls reaches it, perhaps through a proxy that says so.
  func address(of path: String) -> String {
    guard let host = request.header("Host"), !host.isEmpty else { return path }
    let isSecure = request.header("X-Forwarded-Proto")?.lowercased() == "https"
    return (isSecure ? "https://" : "http://") + host + path
  }

  /// A number in the query.
  func number(_ name: String, in range: ClosedRange<Int>) throws(APIError) -> Int? {
    guard let text = parameter(name) else { return nil }
    guard let number = Int(text), range.contains(number) else {
      throw .parameter(
        name,
        range.upperBound == .max
          ? "is a number from \(range.lowerBound)"
          : "is a number from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  /// A truth value in the query.
  func flag(_ name: String) throws(APIError) -> Bool {
    switch parameter(name) {
    case nil, "false"?, "0"?: false
    case "true"?, "1"?: true
    default: throw .parameter(name, "is true or false")
    }
  }

  /// The scenario a place of the path names.
  func scenario() throws(APIError) -> ScenarioID {
    guard let number = places["scenarioId"].flatMap({ Int($0) }), number > 0 else {
      throw .parameter("scenarioId", "is a number from 1")
    }
    return ScenarioID(number)
  }

  /// The record a place of the path names: all 32 digits, because a part of them may come to mean
  /// another record.
  func record() throws(APIError) -> RecordID {
    guard let text = places["dlqId"], let id = RecordID(digits: text) else {
      throw .parameter("dlqId", "is 32 hexadecimal digits")
    }
    return id
  }

  /// The body, an object; nil where there is none.
  func body() throws(APIError) -> Collection? {
    guard !request.body.isEmpty else { return nil }
    let value: Value
    do throws(JSONError) {
      value = try JSONReader.read(request.body, ofType: request.header("content-type"))
    } catch {
      throw APIError(400, "The body is no JSON.", detail: "\(error)")
    }
    guard let fields = value.collection else {
      throw APIError(400, "The body is no JSON object.", detail: "it is \(value.kind.rawValue)")
    }
    return fields
  }

  /// The version `If-Match` names; nil without that header.
  func expectedVersion() throws(APIError) -> Int? {
    guard let header = request.header("if-match"), header != "*" else { return nil }
    let text = header.filter { $0 != "\"" && $0 != "W" && $0 != "/" }
    guard let version = Int(text) else {
      throw .parameter("If-Match", "is the version of the record, such as \"3\"")
    }
    return version
  }

  /// Which part of a list is wanted.
  func page(
    sortBy: [String], standardColumn: String? = nil
  ) throws(APIError) -> APIPage {
    let by = parameter("pg[sortBy]") ?? standardColumn ?? sortBy[0]
    guard sortBy.contains(by) else {
      throw .parameter("pg[sortBy]", "is one of \(sortBy.joined(separator: ", "))")
    }
    let direction = (parameter("pg[sortDir]") ?? "desc").lowercased()
    guard ["asc", "desc"].contains(direction) else {
      throw .parameter("pg[sortDir]", "is asc or desc")
    }
    return APIPage(
      limit: try number("pg[limit]", in: 1...10_000) ?? 50,
      offset: try number("pg[offset]", in: 0...Int.max) ?? 0, sortBy: by,
      isAscending: direction == "asc")
  }
}

/// A part of a list.
struct APIPage: Sendable {
  let limit: Int
  let offset: Int
  let sortBy: String
  let isAscending: Bool

  var json: Value {
    [
      "sortBy": .text(sortBy), "limit": .integer(limit),
      "sortDir": .text(isAscending ? "asc" : "desc"), "offset": .integer(offset),
    ]
  }

  /// That part of rows that are in order.
  func part<Row>(of rows: [Row]) -> [Row] {
    offset >= rows.count ? [] : Array(rows.dropFirst(offset).prefix(limit))
  }
}

extension RecordID {
  /// The record of 32 hexadecimal digits; nil for anything else.
  init?(digits: String) {
    guard digits.utf8.count == 32, digits.utf8.allSatisfy({ Self.digits.contains($0) }) else {
      return nil
    }
    self.init(digits.lowercased())
  }

  private static let digits = Set("0123456789abcdefABCDEF".utf8)
}

/// Waits for the store, whose errors become answers.
func asking<Result>(
  _ body: () async throws(StoreError) -> Result
) async throws(APIError) -> Result {
  do throws(StoreError) { return try await body() } catch { throw APIError(error) }
}
