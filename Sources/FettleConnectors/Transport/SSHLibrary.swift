import CCurl

/// What speaks SSH for curl.
enum SSHLibrary {
  /// Its name and version, such as `libssh2 1.10.0`; nil where there is none.
  static var name: String? {
    fettle_curl_ssh_library().map { String(cString: $0).replacing("/", with: " ") }
  }

  /// Whether it signs with RSA over SHA-1 alone: libssh2 knows SHA-2 (RFC 8332) since 1.11.
  static var signsRSAWithSHA1: Bool {
    guard let words = name?.split(separator: " "), words.count == 2, words[0] == "libssh2" else {
      return false
    }
    let numbers = words[1].split(separator: ".").compactMap { Int($0) }
    return numbers.lexicographicallyPrecedes([1, 11])
  }
}
