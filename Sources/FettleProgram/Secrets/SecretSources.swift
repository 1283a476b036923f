import FettleCore
import Glibc

/// Why a secret cannot be had: what happened to its source, and what to do next.
struct SecretFailure: Error {
  let reason: String
  let advice: String
  /// Whether it may pass by itself, so that trying again is worth while.
  var mayPass = false
}

/// Reads secrets where they are.
actor SecretSources {
  /// What commands printed, and until when it is believed: a process for every operation would be
  /// dear, and a password safe may ask its owner each time.
  private var printed: [String: (secret: String, until: ContinuousClock.Instant)] = [:]
  /// Whoever needs the same meanwhile waits for the same answer.
  private var asking: [String: Task<Result<[UInt8], ShellCommand.Failure>, Never>] = [:]

  private static let believed = Duration.seconds(300)
  /// The largest file that may hold a secret, in bytes.
  private static let largest = 1_000_000

  /// What a variable of the environment holds.
  static func variable(_ name: String) throws(SecretFailure) -> String {
    let value = environment(name)
    guard let value, !value.isEmpty else {
      throw SecretFailure(
        reason: "its variable \(name) is \(value == nil ? "not set" : "empty") in the environment",
        advice: "set it where Fettle is started; fettled has an environment of its own, that of "
          + "its unit")
    }
    return value
  }

  /// What a file holds.
  static func file(_ path: String) throws(SecretFailure) -> String {
    let who = Workshop.operatorName
    func failure(_ code: Int32) -> SecretFailure {
      switch code {
      case ENOENT:
        SecretFailure(
          reason: "its file \(path) is not there",
          advice: "put it back, with the secret in it, where \(who) may read it")
      case EACCES:
        SecretFailure(
          reason: "its file \(path) may not be read by \(who)",
          advice: "give the account \(who) the right to read it and to enter the folders above it")
      default:
        SecretFailure(
          reason: "its file \(path) cannot be read: \(String(cString: strerror(code)))",
          advice: "see what became of it")
      }
    }
    // A pipe without a writer would keep us waiting.
    let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw failure(errno) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw failure(errno) }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw SecretFailure(
        reason: "\(path) is \(status.st_mode & S_IFMT == S_IFDIR ? "a folder" : "no file")",
        advice: "name a file that holds the secret and nothing else")
    }
    var content: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = read(descriptor, &chunk, chunk.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw failure(errno) }
      if count == 0 { break }
      content += chunk[..<count]
      guard content.count <= largest else {
        throw SecretFailure(
          reason: "its file \(path) is larger than 1 MB",
          advice: "name a file that holds the secret and nothing else")
      }
    }
    return try text(
      content, of: "its file \(path)", verb: "is empty", advice: "write the secret into it")
  }

  /// What a command prints.
  func command(_ line: String) async throws(SecretFailure) -> String {
    if let known = printed[line], known.until > .now { return known.secret }
    let task =
      asking[line]
      ?? Task {
        do throws(ShellCommand.Failure) {
          return .success(try await ShellCommand.answer(of: line))
        } catch { return .failure(error) }
      }
    asking[line] = task
    let answer = await task.value
    if asking[line] == task { asking[line] = nil }
    let byHand = "run it by hand as \(Workshop.operatorName)"
    let output: [UInt8]
    do throws(ShellCommand.Failure) { output = try answer.get() } catch {
      let advice =
        switch error {
        case .tooLong: "\(byHand): does it ask for something? FETTLE_SECRET_SECONDS gives it longer"
        default: "\(byHand) to see why"
        }
      throw SecretFailure(reason: "its command \(error)", advice: advice, mayPass: error.mayPass)
    }
    let secret = try Self.text(
      output, of: "its command", verb: "printed nothing", advice: "\(byHand) to see why")
    printed[line] = (secret, .now + Self.believed)
    return secret
  }

  private static func text(
    _ bytes: [UInt8], of source: String, verb: String, advice: String
  ) throws(SecretFailure) -> String {
    guard var text = String(validating: bytes, as: UTF8.self) else {
      throw SecretFailure(
        reason: "\(source) holds no text", advice: "the secret has to be there as UTF-8")
    }
    while text.last?.isNewline == true { text.removeLast() }
    guard !text.isEmpty else { throw SecretFailure(reason: "\(source) \(verb)", advice: advice) }
    return text
  }
}
