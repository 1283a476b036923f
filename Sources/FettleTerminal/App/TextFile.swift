import FettleCore
import Glibc

/// A file that is written for people, readable for its owner only.
struct TextFile {
  let path: String

  /// Makes the file; one that is there already is left as it is.
  /// - Parameter next: the next piece of the text; nil at its end.
  func create(
    _ next: () async throws(StoreError) -> String?
  ) async -> Result<Void, StoreError> {
    let descriptor = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else {
      return .failure(.failed("\(path) cannot be made: \(String(cString: strerror(errno)))"))
    }
    guard let file = fdopen(descriptor, "w") else {
      _ = Glibc.close(descriptor)
      return .failure(.failed("\(path) cannot be written"))
    }
    var isWritten = true
    do throws(StoreError) {
      while isWritten, let text = try await next() { isWritten = fputs(text, file) >= 0 }
    } catch {
      fclose(file)
      unlink(path)
      return .failure(error)
    }
    guard fclose(file) == 0, isWritten else {
      return .failure(.failed("\(path) cannot be written: \(String(cString: strerror(errno)))"))
    }
    return .success(())
  }
}
