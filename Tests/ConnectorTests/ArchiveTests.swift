import FettleConnectors
import FettleCore
import FettleTestKit
import Foundation
import Testing

private let python = RealServer.installed("python3")
private let sevenZip = RealServer.installed("7zz", "7z")
private let hasLibrary = ["x86_64", "aarch64"].contains { machine in
  FileManager.default.fileExists(atPath: "/usr/lib/\(machine)-linux-gnu/libarchive.so.13")
}

@Suite(
  "Archives: Python's zipfile and tarfile write and read them",
  .enabled(
    if: python != nil && hasLibrary,
    "python3 or libarchive13 is not installed; .ci/install does it"), .fewAtOnce)
struct ArchiveTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @discardableResult private func run(_ script: String) async throws -> String {
    let file = try folder.file("script.py", "import os, tarfile, zipfile\n" + script)
    return try await RealServer.run(python ?? "", [file], in: folder)
  }

  private func bytes(_ name: String) throws -> Value {
    .buffer(Buffer(Array(try Data(contentsOf: URL(fileURLWithPath: "\(folder.path)/\(name)")))))
  }

  private func extract(_ name: String) async throws -> [Collection] {
    try await perform(
      "archive:ExtractArchive", ["data": try bytes(name), "fileName": .text(name)]
    ).bundles
  }

  private func refusal(_ name: String) async throws -> ModuleError? {
    await failure(
      "archive:ExtractArchive", ["data": try bytes(name), "fileName": .text(name)])
  }

  @Test(
    "the files of an archive come out, a bundle each, in whatever form it is",
    arguments: ["a.zip", "stored.zip", "a.tar", "a.tar.gz", "a.tar.bz2", "a.tar.xz"])
  func extracted(name: String) async throws {
    try await run(
      """
      os.makedirs('\(folder.path)/in/sub/leer')
      os.chdir('\(folder.path)/in')
      open('Größe.txt', 'w').write('text')
      open('sub/b.bin', 'wb').write(bytes([0, 255, 13, 10]) * 50000)
      open('empty', 'w').close()
      names = ['Größe.txt', 'sub', 'sub/b.bin', 'sub/leer', 'empty']
      name = '../\(name)'
      if name.endswith('.zip'):
          kind = zipfile.ZIP_STORED if 'stored' in name else zipfile.ZIP_DEFLATED
          with zipfile.ZipFile(name, 'w', kind) as archive:
              for one in names: archive.write(one)
      else:
          with tarfile.open(name, 'w:' + name.rsplit('.', 1)[1].replace('tar', '')) as archive:
              for one in names: archive.add(one, recursive=False)
      """)
    let files = try await extract(name)
    #expect(files.map { $0["path"] } == ["Größe.txt", "sub/b.bin", "empty"])
    #expect(files.map { $0["fileName"] } == ["Größe.txt", "b.bin", "empty"])
    #expect(files.map { $0["fileSize"] } == [4, 200_000, 0])
    #expect(files.first?["data"] == .buffer(Buffer(Array("text".utf8))))
  }

  @Test(
    "what is no archive, is damaged or encrypted says so; nothing at all is a mapping that missed")
  func refused() async throws {
    _ = try folder.file("no.zip", "this is a text")
    try await run(
      """
      with zipfile.ZipFile('\(folder.path)/good.zip', 'w', zipfile.ZIP_DEFLATED) as archive:
          archive.writestr('a', os.urandom(5000))
      whole = open('\(folder.path)/good.zip', 'rb').read()
      broken = bytearray(whole); broken[2000] ^= 255
      open('\(folder.path)/broken.zip', 'wb').write(broken)
      # The flag of encryption, in both headers.
      sealed = bytearray(whole); sealed[6] |= 1
      sealed[sealed.index(b'PK\\x01\\x02') + 8] |= 1
      open('\(folder.path)/sealed.zip', 'wb').write(sealed)
      """)
    for name in ["no.zip", "broken.zip"] {
      let error = try await refusal(name)
      #expect(error?.type == .data, "\(name): \(error?.message ?? "no failure")")
      #expect(error?.message.contains("\(name) is no ZIP, TAR or 7z archive") == true)
    }
    let sealed = try await refusal("sealed.zip")
    #expect(sealed?.type == .data)
    #expect(sealed?.message.contains("is encrypted") == true, "\(sealed?.message ?? "")")
    #expect(await failure("archive:ExtractArchive", [:])?.type == .bundleValidation)
  }

  @Test(
    "what 7-Zip wrote is read, in the forms people choose; with a password it is said to be encrypted",
    .enabled(if: sevenZip != nil, "7zip is not installed; .ci/install does it"),
    arguments: [
      "-m0=lzma2", "-m0=lzma", "-m0=ppmd", "-m0=bzip2", "-m0=copy", "-ms=off", "-mhc=off",
    ])
  func sevenZipped(method: String) async throws {
    let text = String(repeating: "Fettle mends what failed. ", count: 8000)
    let given = [try folder.file("Größe.txt", text), try folder.file("empty", "")]
    func write(_ name: String, _ options: [String]) async throws {
      try await RealServer.run(
        sevenZip ?? "", ["a", "-bd", "\(folder.path)/\(name)", method] + given + options, in: folder
      )
    }
    try await write("a.7z", [])
    let files = try await extract("a.7z").sorted { "\($0["path"] ?? "")" < "\($1["path"] ?? "")" }
    #expect(Set(files.compactMap { $0["path"]?.text }) == ["Größe.txt", "empty"])
    let large = files.first { $0["path"] == "Größe.txt" }
    #expect(large?["data"] == .buffer(Buffer(Array(text.utf8))))
    #expect(files.first { $0["path"] == "empty" }?["fileSize"] == 0)
    try await write("sealed.7z", ["-psecret"])
    try await write("hidden.7z", ["-psecret", "-mhe=on"])
    for name in ["sealed.7z", "hidden.7z"] {
      let error = try await refusal(name)
      #expect(error?.type == .data, "\(name): \(error?.message ?? "no failure")")
      #expect(error?.message.contains("encrypted") == true, "\(name): \(error?.message ?? "")")
    }
    let whole = try Data(contentsOf: URL(fileURLWithPath: folder.path + "/a.7z"))
    try whole.prefix(whole.count / 2).write(to: URL(fileURLWithPath: folder.path + "/half.7z"))
    #expect(try await refusal("half.7z")?.message.contains("half.7z is no ZIP") == true)
  }

  @Test("a small archive that becomes large, or has very many files, is not unpacked")
  func bombs() async throws {
    try await run(
      """
      with zipfile.ZipFile('\(folder.path)/large.zip', 'w', zipfile.ZIP_DEFLATED) as archive:
          for number in range(3): archive.writestr('zeros%d' % number, bytes(70_000_000))
      with zipfile.ZipFile('\(folder.path)/many.zip', 'w') as archive:
          for number in range(10_001): archive.writestr(str(number), b'')
      """)
    for name in ["large.zip", "many.zip"] {
      let error = try await refusal(name)
      #expect(error?.type == .maxFileSizeExceeded, "\(name): \(error?.message ?? "no failure")")
    }
  }

  @Test("a path that leads out of its folder leads nowhere")
  func paths() async throws {
    try await run(
      """
      with zipfile.ZipFile('\(folder.path)/out.zip', 'w') as archive:
          for name in ['../../etc/passwd', '/root/x', 'a/../b']: archive.writestr(name, b'x')
      """)
    #expect(try await extract("out.zip").map { $0["path"] } == ["etc/passwd", "root/x", "a/b"])
    let file = ArchiveWriter.File(path: "../..\\etc/./x", content: [1])
    let archive = ArchiveWriter.archive(of: [file].compactMap { $0 }, as: .tar)
    let back = try await perform("archive:ExtractArchive", ["data": .buffer(Buffer(archive))])
    #expect(back.bundles.map { $0["path"] } == ["etc/x"])
    for path in ["", "..", "/", String(repeating: "x", count: 101)] {
      #expect(ArchiveWriter.File(path: path, content: []) == nil)
    }
  }

  @Test("what is written is read by others: names beyond ASCII, the same name twice, no files")
  func written() async throws {
    let long = String(repeating: "folder/", count: 20) + String(repeating: "n", count: 90)
    let files = [
      ("Größe.txt", [UInt8]("text".utf8)), ("a/b.txt", [1, 2, 3]), ("a/b.txt", [4]),
      (long, [UInt8](repeating: 7, count: 1024)), ("empty", []),
    ].compactMap { ArchiveWriter.File(path: $0.0, content: $0.1) }
    #expect(files.count == 5)
    for form in [ArchiveWriter.Form.zip, .tar] {
      let path = "\(folder.path)/w.\(form.rawValue)"
      let bytes = ArchiveWriter.archive(of: files, as: form)
      #expect(bytes == ArchiveWriter.archive(of: files, as: form))
      try Data(bytes).write(to: URL(fileURLWithPath: path))
      try Data(ArchiveWriter.archive(of: [], as: form))
        .write(to: URL(fileURLWithPath: path + ".none"))
      let said = try await run(
        """
        if '\(form.rawValue)' == 'zip':
            archive = zipfile.ZipFile('\(path)')
            assert archive.testzip() is None
            for one in archive.infolist(): print(one.filename, archive.read(one).hex()[:8])
            assert zipfile.ZipFile('\(path).none').namelist() == []
        else:
            archive = tarfile.open('\(path)')
            for one in archive: print(one.name, archive.extractfile(one).read().hex()[:8])
            assert tarfile.open('\(path).none').getnames() == []
        """)
      #expect(
        said == "Größe.txt 74657874\na/b.txt 010203\na/b (2).txt 04\n\(long) 07070707\nempty \n")
    }
  }
}
