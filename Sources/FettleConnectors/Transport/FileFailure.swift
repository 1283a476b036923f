import CCurl
import FettleCore

/// What curl says of transfers of files, beside the replies of a server.
enum FileFailure {
  /// The type; nil when it is about the connection rather than the file.
  static func type(of code: UInt32) -> ErrorType? {
    switch CURLcode(rawValue: code) {
    case CURLE_REMOTE_FILE_NOT_FOUND, CURLE_REMOTE_FILE_EXISTS, CURLE_QUOTE_ERROR,
      CURLE_FTP_COULDNT_RETR_FILE, CURLE_UPLOAD_FAILED:
      .data
    case CURLE_REMOTE_ACCESS_DENIED: .data
    case CURLE_REMOTE_DISK_FULL: .outOfSpace
    case CURLE_LOGIN_DENIED: .invalidAccessToken
    case CURLE_URL_MALFORMAT: .data
    case CURLE_SSH: .connection
    default: nil
    }
  }

  /// Whether the connection itself failed, whatever the server had said before.
  static func isTransport(_ code: UInt32) -> Bool {
    switch CURLcode(rawValue: code) {
    case CURLE_OPERATION_TIMEDOUT, CURLE_COULDNT_CONNECT, CURLE_COULDNT_RESOLVE_HOST,
      CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_GOT_NOTHING:
      true
    default: false
    }
  }

  /// Whether it was on its way when it broke off.
  static func isBrokenOff(_ code: UInt32) -> Bool {
    switch CURLcode(rawValue: code) {
    case CURLE_SEND_ERROR, CURLE_RECV_ERROR, CURLE_PARTIAL_FILE, CURLE_GOT_NOTHING,
      CURLE_UPLOAD_FAILED:
      true
    default: false
    }
  }
}
