import FettleCore

/// One call of an HTTP module: authenticate, send, decide whether the answer is a failure, output.
struct HTTPCall: Sendable {
  var request: HTTPRequest
  /// Whether a status from 400 is a failure.
  var raisesOnStatus: Bool
  /// Whether a body that is JSON becomes a value.
  var parses = false
  /// Where the module's connection and keychain stand in its parameters.
  var keychains: [(parameters: [String], isRequired: Bool)] = []

  /// An answer and the bundle made of it.
  struct Outcome {
    let answer: HTTPAnswer
    var bundle: Bundle
  }

  /// Sends it.
  /// - Parameter more: takes out secrets that the input itself holds.
  func perform(
    by authentication: HTTPAuthentication, in context: OperationContext,
    masking more: Mask = .nothing
  ) async throws(ModuleError) -> Outcome {
    var request = request
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
      if raisesOnStatus,
        let error = HTTPErrorMap.error(answer, to: request, now: context.clock.now())
      {
        throw error
      }
      let bundle = try HTTPOutput.bundle(answer, parses: parses, target: request.target)
      return Outcome(answer: answer, bundle: mask.masked(bundle))
    } catch {
      throw mask.masked(error)
    }
  }
}
