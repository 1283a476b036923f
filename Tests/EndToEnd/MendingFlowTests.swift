import FettleCore
import FettleTestKit
import Foundation
import Testing

@Suite(
  "Mending, in a real terminal",
  .enabled(if: TmuxSession.isInstalled, "tmux is not installed"), .fewAtOnce)
struct MendingFlowTests {
  let bench: OrdersBench
  var folder: TemporaryFolder { bench.folder }
  var store: String { bench.store }

  init() throws { bench = try OrdersBench() }

  private func fill() async throws { try await bench.fill(#"[{"body":"no JSON"}]"#) }

  private func open(editor: String = "") throws -> TmuxSession {
    try bench.open(editor: editor)
  }

  /// A program that stands in for an editor.
  private func editor(_ script: String) throws -> String {
    let path = try folder.file("editor", "#!/bin/sh\n\(script)\n")
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
    return path
  }

  private func leftovers() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.path)
      .filter { $0.hasPrefix("fettle-edit") }
  }

  @Test(
    "Ctrl-E hands the value to the editor and takes it back; the file is gone; r, Enter resolves")
  func externalEditor() async throws {
    try await fill()
    let terminal = try open(
      editor: editor(#"grep -q 'no JSON' "$1" && printf '{"name":"Ada"}' > "$1""#))
    try await terminal.wait(for: "1 open")
    try terminal.press("Enter")
    try await terminal.wait(for: "<< FAILED")
    try terminal.press("C-e")
    let changed = try await terminal.wait(for: "UNSAVED")
    #expect(changed.contains(#""{"name":"Ada"}""#))
    #expect(try leftovers().isEmpty)
    try terminal.press("r")
    try await terminal.wait(for: "Will run")
    try terminal.press("Enter")
    try await terminal.wait(for: "resolved in")
    try terminal.press("a")
    try await terminal.wait(for: "Audit of")
    // The record as it is now comes from the store, behind the audit of the one in hand.
    try await terminal.wait(for: #"1.body  text "no JSON"  →  text "{"name":"Ada"}""#)
  }

  @Test("an editor that fails changes nothing")
  func failingEditor() async throws {
    try await fill()
    let terminal = try open(editor: editor(#"printf x > "$1"; exit 3"#))
    try await terminal.wait(for: "1 open")
    try terminal.press("Enter")
    try await terminal.wait(for: "<< FAILED")
    let before = try terminal.screen().contains("UNSAVED")
    try terminal.press("C-e")
    try await terminal.wait(for: "editor")
    #expect(!before)
    #expect(try !terminal.screen().contains("UNSAVED"))
    #expect(try leftovers().isEmpty)
  }

  @Test("a change that was not saved is back after the program was killed with signal 9")
  func draft() async throws {
    try await fill()
    let first = try open(editor: editor(#"printf '{"name":"Ada"}' > "$1""#))
    try await first.wait(for: "1 open")
    try first.press("Enter")
    try await first.wait(for: "<< FAILED")
    try first.press("C-e")
    try await first.wait(for: "UNSAVED")
    try await first.wait("the draft in the store") { _ in
      let bytes = ["", "-wal"].compactMap { FileManager.default.contents(atPath: store + $0) }
      return bytes.contains { $0.range(of: Data("\"Ada\"".utf8)) != nil }
    }
    kill(try first.processID(), SIGKILL)
    let second = try open()
    try await second.wait(for: "1 open")
    try second.press("Enter")
    let screen = try await second.wait(for: "1 unsaved change of")
    #expect(screen.contains(#""{"name":"Ada"}""#))
    #expect(screen.contains("UNSAVED"))
  }

  @Test(
    "a variable a module had set is typed over below the bundles, told before it runs, and kept")
  func variable() async throws {
    try await bench.run(
      "greeting",
      #"""
      {"name":"Greeting","flow":[{"id":1,"module":"gateway:CustomWebHook","mapper":{}},
        {"id":2,"module":"util:SetVariable2",
         "mapper":{"name":"greeting","scope":"roundtrip","value":"Helo"}},
        {"id":3,"module":"json:ParseJSON","mapper":{"json":"{{1.body}}"}},
        {"id":4,"module":"util:GetVariable2","mapper":{"name":"greeting"}}],
       "metadata":{"scenario":{"dlq":true}}}
      """#, #"[{"body":"no JSON"}]"#)
    let terminal = try open()
    try await terminal.wait(for: "1 open")
    try terminal.press("Enter")
    try await terminal.wait(for: "<< FAILED")
    try terminal.press("G")
    try await terminal.wait(for: "var variables")
    try terminal.press("m")
    try await terminal.wait(for: "var.greeting is set by 2")
    try terminal.press("e")
    try await terminal.wait(for: "Enter keep")
    try terminal.press("C-u")
    try terminal.type("Hello")
    try terminal.press("Enter")
    try await terminal.wait(for: "UNSAVED")
    try terminal.press("r")
    try await terminal.wait(for: #"~ var.greeting  text "Helo"  →  text "Hello""#)
    try terminal.press("s")
    try await terminal.wait(for: "saved; nothing was run")
    try terminal.press("a")
    try await terminal.wait(for: #"var.greeting  text "Helo"  →  text "Hello""#)
    let list = try await Program.fettle(["list", "--json", "--store", store], home: folder.path)
    let id = try #require(
      try JSONReader.read(list.output).array?.first?.collection?["id"]?.text)
    let show = try await Program.fettle(
      ["show", id, "--json", "--store", store], home: folder.path)
    let variables = try JSONReader.read(show.output).collection?["variables"]?.collection
    #expect(variables?["roundtrip"] == ["greeting": "Hello"])
  }
}
