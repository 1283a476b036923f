import FettleCore
import Glibc

/// A file that is written for people, readable for its owner only.
struct TextFile {
  let path: String

  /// Makes the file; one that is there already is left as it is.
  func create(_ text: String) -> Result<Void, StoreError> {
    let descriptor = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else {
      return .failure(.failed("\(path) cannot be made: \(String(cString: strerror(errno)))"))
    }
    guard let file = fdopen(descriptor, "w") else {
      _ = Glibc.close(descriptor)
      return .failure(.failed("\(path) cannot be written"))
    }
    let isWritten = fputs(text, file) >= 0
    guard fclose(file) == 0, isWritten else {
      return .failure(.failed("\(path) cannot be written: \(String(cString: strerror(errno)))"))
    }
    return .success(())
  }
}
