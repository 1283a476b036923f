import FettleCore

/// One call of an HTTP module: authenticate, send, decide whether the answer is a failure, output.
struct HTTPCall: Sendable {
  var request: HTTPRequest
  /// Whether a status from 400 is a failure.
  var raisesOnStatus: Bool
  /// Whether a body that is JSON becomes a value.
  var parses: Bool
  /// Where the module's connection and keychain stand in its parameters.
  var keychains: [(parameters: [String], isRequired: Bool)] = []
  /// Whether it sends the cookies that earlier modules of the execution were given, and tells its own.
  var sharesCookies: Bool

  /// A call of a module, by the fields that all versions have.
  init(_ request: HTTPRequest, _ input: Collection, raisesOnStatus: Bool) {
    self.request = request
    self.raisesOnStatus = raisesOnStatus
    parses = input["parseResponse"]?.boolean ?? false
    sharesCookies = input["shareCookies"]?.boolean ?? false
  }

  /// An answer and the bundle made of it.
  struct Outcome {
    let answer: HTTPAnswer
    var bundle: Bundle
    /// Takes the secrets of the call out of what is added to the bundle.
    let mask: Mask
    /// The cookies that are known now, where they are shared and have changed.
    var assignments: [VariableAssignment] = []

    /// The bundle and the cookies, as the output of an operation.
    var output: OperationOutput { OperationOutput([bundle], assignments: assignments) }
  }

  /// The variable of the execution that holds the cookies. It goes into the journal and into records with
  /// the others, so that a run that is resumed is the same visitor. No blueprint can name it.
  static let cookieVariable = "\u{1}cookies"

  /// Sends it.
  /// - Parameter more: takes out secrets that the input itself holds.
  func perform(
    by authentication: HTTPAuthentication, in context: OperationContext,
    masking more: Mask = .nothing
  ) async throws(ModuleError) -> Outcome {
    var request = request
    let known = context.variables.execution[Self.cookieVariable]?.array?.compactMap(\.text) ?? []
    if sharesCookies { request.cookies = known }
    var mask = more.joined(with: Mask(request.ownSecrets))
    var refresh: OpenConnection?
    for keychain in keychains {
      let used = try await authentication.authenticate(
        &request, for: context.module, in: keychain.parameters, isRequired: keychain.isRequired)
      mask = mask.joined(with: used.mask)
      refresh = used.refresh ?? refresh
    }
    do throws(ModuleError) {
      var answer = try await authentication.transport.exchange(request)
      // A token that ran out: nothing was done, so the same is asked once more with a fresh one.
      if answer.status == 401, let refresh {
        await authentication.tokens.forget(refresh)
        let used = try await authentication.authenticate(&request, with: refresh)
        mask = mask.joined(with: used.mask)
        answer = try await authentication.transport.exchange(request)
      }
      // Before they are taken apart: a part of a secret is not known for one.
      answer.headers = answer.headers.map {
        HTTPHeader(name: mask.masked($0.name), value: mask.masked($0.value))
      }
      answer.url = mask.masked(answer.url)
      if raisesOnStatus,
        let error = HTTPErrorMap.error(answer, to: request, now: context.clock.now())
      {
        throw error
      }
      let bundle = try HTTPOutput.bundle(answer, parses: parses, target: request.target)
      var outcome = Outcome(answer: answer, bundle: mask.masked(bundle), mask: mask)
      // A cookie that repeats what proves who asks is not kept: that is sent each time anyway.
      if let cookies = answer.cookies?.filter({ !mask.finds(in: $0) }), cookies != known {
        outcome.assignments = [
          VariableAssignment(
            name: Self.cookieVariable, value: .array(cookies.map(Value.text)), scope: .execution)
        ]
      }
      return outcome
    } catch {
      throw mask.masked(error)
    }
  }
}
