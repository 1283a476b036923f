import FettleConnectors
import FettleCore
import FettleEngine
import FettleSQLite
import FettleTestKit
import Testing

/// A module of which the service repeats what it was sent.
private struct Repeating: ModuleImplementation {
  static let descriptor = ModuleDescriptor(
    type: "test:Repeating", kind: .action, effect: .effect,
    fields: [FieldDescriptor("token", "Token", .text, secret: true)])

  func perform(
    _ input: Collection, in context: OperationContext
  ) async throws(ModuleError) -> OperationOutput {
    let token = input["token"]?.text ?? ""
    throw ModuleError(.data, "nobody has the token \(token)", detail: "{\"token\":\"\(token)\"}")
  }
}

@Suite("Secrets in what services say", .fewAtOnce)
struct SecretMessageTests {
  @Test("what fills a secret field of a module is in no message of a record, a list or a journal")
  func masked() async throws {
    let bench = try Workbench()
    let runner = ScenarioRunner(
      modules: ModuleRegistry(Connectors.all() + [Repeating()]), store: bench.store,
      clock: bench.clock)
    let blueprint = try Blueprint(
      json: Array(
        #"""
        {"name":"T","flow":[{"id":1,"module":"gateway:CustomWebHook"},
          {"id":2,"module":"test:Repeating","mapper":{"token":"{{1.token}}"}}],
         "metadata":{"scenario":{"dlq":true}}}
        """#.utf8))
    let run = try await runner.run(blueprint, given: [["token": "hunter2-and-more"]])
    let record = try await bench.store.record(try #require(run.stored.first))
    #expect(record.summary.reason == "nobody has the token \(Mask.sign)")
    #expect(!record.error.message.contains("hunter2"))
    #expect(record.error.detail?.contains("hunter2") == false)
    let entries = try await bench.store.entries(of: run.id)
    let errors = entries.compactMap { entry -> ModuleError? in
      if case .failed(_, let error) = entry.step { return error }
      return nil
    }
    #expect(errors.count == 1)
    for error in errors { #expect(!error.message.contains("hunter2")) }
  }

  @Test("what feeds a secret field is told nowhere in the journal as people see it")
  func journalForPeople() async throws {
    let bench = try Workbench()
    let run = try await bench.runner.run(
      Workbench.blueprint(
        #"""
        {"id":2,"module":"util:SetVariable2",
         "mapper":{"name":"p","value":"{{1.pass}}","scope":"roundtrip"}},
        {"id":3,"module":"test:Told","mapper":{"say":"with {{2.p}}"},
         "filter":{"conditions":[[{"a":"{{1.pass}}","b":"no","o":"text:notequal"}]]}},
        {"id":4,"module":"http:ActionSendDataBasicAuth",
         "mapper":{"url":"http://127.0.0.1:9/","method":"get","authPass":"{{2.p}}","data":"as {{1.pass}}"}}
        """#), given: [["pass": "hunter2secret", "other": "kept"], ["pass": "no"]])
    let whole = try await bench.store.entries(of: run.id)
    #expect("\(whole)".contains("hunter2secret"))
    let shown = try await bench.desk.entries(of: run.id)
    #expect(shown.count == whole.count)
    #expect(!"\(shown)".contains("hunter2secret"), "\(shown)")
    // A retry begins with what the record has.
    let record = try #require(try await bench.open().first)
    _ = try await bench.desk.resume(record.id, version: nil, trigger: .manual)
    let retry = try #require(try await bench.desk.record(record.id).attempts.last)
    let entries = try await bench.desk.entries(of: retry.executionID)
    #expect(!entries.isEmpty)
    #expect(!"\(entries)".contains("hunter2secret"), "\(entries)")
  }

  @Test("a credential that a blueprint sends in a header or a parameter is told nowhere")
  func credentials() async throws {
    let bench = try Workbench()
    let run = try await bench.runner.run(
      Workbench.blueprint(
        #"""
        {"id":2,"module":"http:ActionSendData","mapper":{"url":"http://127.0.0.1:9/","method":"get",
         "headers":[{"name":"Authorization","value":"Bearer by-hand-hunter2"},
           {"name":"X-Api-Key","value":"{{1.key}}"},{"name":"Accept","value":"text/plain"}],
         "qs":[{"name":"token","value":"parameter-hunter2"}],"data":"as {{1.key}}"}}
        """#), given: [["key": "mapped-hunter2-key"]])
    let stored = try #require(run.stored.first)
    let record = try await bench.desk.record(stored)
    #expect(!"\(record.mappedInput)".contains("hunter2"), "\(record.mappedInput)")
    #expect("\(record.mappedInput)".contains("text/plain"))
    let entries = try await bench.desk.entries(of: run.id)
    #expect(!entries.isEmpty)
    #expect(!"\(entries)".contains("hunter2"), "\(entries)")
    let check = bench.desk.check(record, bundles: record.bundles)
    // What else is made of a mapped one is masked where it is shown, as that of other secret fields is.
    for name in ["headers", "qs"] {
      let input = check.input?[name] ?? .null
      #expect(!JSONWriter.text(input).contains("hunter2"))
    }
    let shown = record.blueprint.withoutSecrets(bench.desk.descriptor)
    let text = JSONWriter.text(.collection(shown.document))
    #expect(!text.contains("hunter2") && text.contains("{{1.key}}") && text.contains("text/plain"))
  }
}
