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
}
