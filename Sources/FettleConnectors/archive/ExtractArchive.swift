import CArchive
import FettleCore

/// `archive:ExtractArchive`: the files of an archive, a bundle each. What an archive becomes is limited,
/// however small it is. Its fields are those that Make's help names; no export of it was seen.
struct ExtractArchive: ModuleImplementation {
  static let descriptor = ModuleDescriptor(
    type: "archive:ExtractArchive", kind: .search, effect: .pure, seconds: 130,
    fields: [
      FieldDescriptor("data", "Data", nil), FieldDescriptor("fileName", "File name", .text),
    ])

  /// Of all files together, in bytes: as large as one file may be (semantics 6.9).
  private static let largest = 200_000_000
  private static let mostFiles = 10_000

  func perform(
    _ input: Collection, in context: OperationContext
  ) async throws(ModuleError) -> OperationOutput {
    guard let data = input["data"], !data.isNull else {
      throw ModuleError(
        .bundleValidation, "\"data\" is required and is empty", field: "data", stage: .input)
    }
    guard fettle_archive_is_there() != 0 else {
      throw ModuleError(
        .invalidConfiguration,
        "libarchive is not on this machine, which reads archives; install it (Debian: libarchive13)"
      )
    }
    let name = input["fileName"]?.text.flatMap { $0.isEmpty ? nil : $0 } ?? "the archive"
    // Where the bytes lie must not change while the library reads them.
    let bytes = contentBytes(data)
    let result = bytes.withUnsafeBytes { raw -> Result<[Bundle], ModuleError> in
      do throws(ModuleError) { return .success(try Self.files(raw, name)) } catch {
        return .failure(error)
      }
    }
    return OperationOutput(try result.get())
  }

  private static func files(
    _ raw: UnsafeRawBufferPointer, _ name: String
  ) throws(ModuleError) -> [Bundle] {
    var message = [CChar](repeating: 0, count: 300)
    func damaged() -> ModuleError {
      let text = String(
        decoding: message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      return ModuleError(
        .data, "\(name) is no ZIP, TAR or 7z archive, or it is damaged: \(text)", field: "data")
    }
    guard let archive = fettle_archive_open(raw.baseAddress, raw.count, &message, message.count)
    else { throw damaged() }
    defer { fettle_archive_close(archive) }
    var bundles: [Bundle] = []
    var rest = largest
    while true {
      var path: UnsafePointer<CChar>?
      var modified: Int64 = 0
      var isEncrypted: Int32 = 0
      let status = fettle_archive_next(
        archive, &path, &modified, &isEncrypted, &message, message.count)
      guard status >= 0 else { throw damaged() }
      guard status == 1 else { return bundles }
      // A path that leads out of the folder it is put into is an old trick.
      let parts = (path.map { String(cString: $0) } ?? "").split { $0 == "/" || $0 == "\\" }
        .filter { $0 != "." && $0 != ".." }
      let whole = parts.joined(separator: "/")
      guard isEncrypted == 0 else {
        throw ModuleError(
          .data, "\(name) is encrypted (\(whole)); only archives without a password can be read",
          field: "data")
      }
      var content: [UInt8] = []
      var chunk = [UInt8](repeating: 0, count: 65_536)
      while true {
        let count = fettle_archive_read(archive, &chunk, chunk.count, &message, message.count)
        guard count >= 0 else { throw damaged() }
        if count == 0 { break }
        rest -= count
        guard rest >= 0 else { throw tooLarge(name) }
        guard !Task.isCancelled else {
          throw ModuleError(.executionInterrupted, "the reading of \(name) was cancelled")
        }
        content += chunk[..<count]
      }
      guard bundles.count < mostFiles else { throw tooLarge(name) }
      bundles.append([
        "fileName": .text(parts.last.map(String.init) ?? "file"), "path": .text(whole),
        "data": .buffer(Buffer(content)), "fileSize": .integer(content.count),
        "modified": .date(Instant(milliseconds: modified * 1000)),
      ])
    }
  }

  private static func tooLarge(_ name: String) -> ModuleError {
    ModuleError(
      .maxFileSizeExceeded,
      "\(name) holds more than \(largest / 1_000_000) MB or \(mostFiles) files when it is unpacked",
      field: "data")
  }
}
