import FettleCore
import FettleTestKit
import Testing

@Suite("Archives in a run", .fewAtOnce)
struct ArchiveRunTests {
  @Test("the files of an iterator become one archive, which is sent; a file without a name waits")
  func run() async throws {
    let folder = try TemporaryFolder()
    let server = LoopbackHTTP { _ in .json(200, ["ok": true]) }
    let blueprint = try folder.file(
      "b.json",
      #"""
      {"name":"Pack","flow":[
       {"id":1,"module":"util:BasicTrigger","parameters":{"values":[
         {"spec":[{"name":"n","value":"one"}]},{"spec":[{"name":"n","value":"two"}]}]}},
       {"id":2,"module":"builtin:BasicFeeder","mapper":{"array":"{{split(\"a.txt,b.txt\"; \",\")}}"}},
       {"id":3,"module":"archive:CreateArchive","parameters":{"feeder":2,"type":"zip","name":"pack"},
        "mapper":{"fileName":"{{2.value}}","data":"{{1.n}} in {{2.value}}"}},
       {"id":4,"module":"http:ActionSendData","parameters":{"handleErrors":true},"mapper":{
        "url":"\#(server.base)/{{3.fileName}}","method":"post","bodyType":"raw","data":"{{3.data}}"}}],
       "metadata":{"scenario":{"dlq":true}}}
      """#)
    let result = try await Program.fettle(
      ["run", blueprint, "--store", folder.path + "/s.db"], home: folder.path)
    #expect(result.status == 0, "\(result.output)\(result.errors)")
    #expect(server.requests.map(\.path) == ["/pack.zip", "/pack.zip"])
    for (request, word) in zip(server.requests, ["one", "two"]) {
      let files = ["a.txt", "b.txt"].compactMap {
        ArchiveWriter.File(path: $0, content: Array("\(word) in \($0)".utf8))
      }
      #expect(request.body == ArchiveWriter.archive(of: files, as: .zip))
    }
    let nameless = try folder.file(
      "n.json",
      #"""
      {"name":"Nameless","flow":[
       {"id":1,"module":"util:BasicTrigger","parameters":{"values":[
         {"spec":[{"name":"n","value":"one"}]}]}},
       {"id":2,"module":"builtin:BasicFeeder","mapper":{"array":"{{split(\"a,b\"; \",\")}}"}},
       {"id":3,"module":"archive:CreateArchive","parameters":{"feeder":2},
        "mapper":{"fileName":"{{2.nothing}}","data":"x"}},
       {"id":4,"module":"http:ActionSendData","parameters":{"handleErrors":true},"mapper":{
        "url":"\#(server.base)/mended","method":"post","bodyType":"raw","data":"{{3.data}}"}}],
       "metadata":{"scenario":{"dlq":true}}}
      """#)
    let waiting = try await Program.fettle(
      ["run", nameless, "--store", folder.path + "/s.db"], home: folder.path)
    #expect(waiting.status == 3, "\(waiting.output)\(waiting.errors)")
    let listed = try await Program.fettle(
      ["list", "--store", folder.path + "/s.db"], home: folder.path)
    #expect(listed.output.contains("\"fileName\" must be the name of a file"), "\(listed.output)")
    // Mended and resumed, it is one archive of all files.
    let id = try #require(
      listed.output.split(whereSeparator: \.isNewline).first { $0.contains("Nameless") }?
        .split(separator: " ").first.map(String.init))
    for arguments in [["edit", id, "--mapping", "3.fileName={{2.value}}"], ["retry", id]] {
      let result = try await Program.fettle(
        arguments + ["--store", folder.path + "/s.db"], home: folder.path)
      #expect(result.status == 0, "\(arguments): \(result.output)\(result.errors)")
    }
    let files = ["a", "b"].compactMap { ArchiveWriter.File(path: $0, content: Array("x".utf8)) }
    let sent = server.requests.filter { $0.path == "/mended" }
    #expect(sent.map(\.body) == [ArchiveWriter.archive(of: files, as: .zip)])
  }
}
