import FettleCore

/// What a server of files means by a reply (semantics 2.5), and what SFTP's fewer words mean.
enum FTPErrorMap {
  // swift-format-ignore
  static let table: [(code: Int, type: ErrorType)] = [
    (421, .connection),          // the service goes down, or there are too many connections
    (425, .connection),          // no data connection
    (426, .connection),          // the data connection broke
    (430, .invalidAccessToken),  // user or password
    (450, .connection),          // the file is busy
    (451, .connection),          // an error inside of the server
    (452, .outOfSpace),          // no room
    (530, .invalidAccessToken),  // not logged in
    (532, .invalidAccessToken),  // an account is needed
    (534, .invalidConfiguration),// the security that was asked for is refused
    (536, .invalidConfiguration),// and so is that of the data
    (550, .data),                // no such file, or no right to it
    (551, .data),
    (552, .outOfSpace),          // over the quota
    (553, .data),                // no such name
  ]

  /// The failure a reply amounts to.
  static func error(
    _ failure: TransferFailure, _ server: FileServerAddress, _ path: String
  ) -> ModuleError {
    let target = server.address.target
    if server.isSFTP, failure.isLoginDenied, case .curl(_, _, _, let lines) = failure {
      return SSHLogin(server, lines).error
    }
    if case .curl(let code, let text, _, let lines) = failure {
      // libcurl calls a 421 a timeout; it is the server that takes its leave.
      if !server.isSFTP, let (reply, line) = refusal(lines, brokenOff: failure.isBrokenOff),
        reply == 421 || !failure.isTransport
      {
        let type =
          table.first { $0.code == reply }?.type ?? (reply < 500 ? .connection : .data)
        return ModuleError(type, "\(target) refuses \(path): \(line)", statusCode: nil)
      }
      if !server.isSFTP, failure.isBrokenOff, let line = noRoom(lines) {
        return ModuleError(.outOfSpace, "\(target) has no room for \(path): \(line)")
      }
      if let type = FileFailure.type(of: code) {
        return ModuleError(type, "\(target), \(path): \(text)")
      }
    }
    return ModuleError(
      failure, to: target, timeoutMilliseconds: server.address.timeoutMilliseconds)
  }

  /// The last reply from 400. One to an optional command, such as EPSV or SIZE, that it is not known is
  /// followed by others and does not count; where the connection broke off, none followed.
  private static func refusal(_ lines: [String], brokenOff: Bool) -> (Int, String)? {
    for line in lines.reversed() {
      guard let code = Int(line.prefix(3)), line.count > 3 else { continue }
      if brokenOff, (500...504).contains(code) { return nil }
      return (400...599).contains(code) ? (code, line) : nil
    }
    return nil
  }

  /// What a server said to the question whether there is room.
  private static func noRoom(_ lines: [String]) -> String? {
    lines.last { $0.hasPrefix("452") || $0.hasPrefix("552") }
  }
}
