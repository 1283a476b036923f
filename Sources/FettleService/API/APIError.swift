import FettleCore

/// Why a call was refused, as Make's interface says it (semantics 9): a message, a detail, what is
/// wrong with each parameter, and a code.
struct APIError: Error, Sendable {
  let status: Int
  let code: String
  let message: String
  let detail: String?
  let suberrors: [String]
  var headers: [HookAnswer.Header] = []

  init(
    _ status: Int, _ message: String, code: String? = nil, detail: String? = nil,
    suberrors: [String] = []
  ) {
    self.status = status
    self.message = message
    self.code = code ?? Self.code(of: status)
    self.detail = detail
    self.suberrors = suberrors
  }

  /// `IM004` and the `SC` codes are Make's; where it is not known what Make says, the status is the
  /// code.
  private static func code(of status: Int) -> String {
    switch status {
    case 400: "IM005"
    case 401, 403: "SC\(status)"
    default: "IM\(status)"
    }
  }

  /// A parameter that does not fit.
  static func parameter(_ name: String, _ expectation: String) -> APIError {
    APIError(
      400, "Validation failed for 1 parameter(s).", suberrors: ["\(name) \(expectation)"])
  }

  var answer: HookAnswer {
    var fields: Collection = [
      "message": .text(message), "detail": .text(detail ?? message),
      "code": .text(code),
    ]
    if !suberrors.isEmpty {
      fields["suberrors"] = .array(suberrors.map { ["message": .text($0)] })
    }
    var answer = HookAnswer.json(status, .collection(fields))
    answer.headers += headers
    return answer
  }
}

extension APIError {
  /// What the store says, as an answer.
  init(_ error: StoreError) {
    switch error {
    case .notFound, .ambiguous: self.init(404, "Not found.", detail: "\(error)")
    case .changedMeanwhile(let version):
      self.init(
        409, "The record was changed meanwhile.",
        detail: "its version is \(version); read it again, nothing was written")
    case .refused(let move):
      self.init(409, "The state of the record does not allow it.", detail: "\(move)")
    case .inDoubt(let id):
      self.init(
        409, "What the module was sending may have arrived.",
        detail: "look at it, then send {\"sendAgain\":true} or {\"output\":{…}}; record \(id.text)")
    case .unfit(let what): self.init(400, "That does not fit.", detail: what)
    case .notItsTurn(let why): self.init(409, "The scenario cannot run now.", detail: why)
    case .outcomeUnknown: self.init(503, "What came of the retry is not known.", detail: "\(error)")
    case .duplicateKey, .dataChanged, .takenOver: self.init(409, "Conflict.", detail: "\(error)")
    case .queueFull: self.init(400, "Queue is full.", detail: "\(error)")
    case .full: self.init(507, "The store has no room.", detail: "\(error)")
    case .sealed:
      self.init(503, "The data of a confidential scenario is sealed.", detail: "\(error)")
    case .busy, .missing, .notAStore, .newerVersion, .mismatched, .damaged, .failed:
      // What the system says of files stays in the log.
      self.init(503, "The store cannot be used now.", detail: "try again; the log says more")
    }
  }
}

extension HookAnswer {
  /// JSON.
  static func json(_ status: Int, _ value: Value) -> HookAnswer {
    HookAnswer(
      status: status,
      headers: [
        Header("Content-Type", "application/json; charset=utf-8"),
        Header("Cache-Control", "no-store"), Header("X-Content-Type-Options", "nosniff"),
      ], body: JSONWriter.bytes(value))
  }
}
