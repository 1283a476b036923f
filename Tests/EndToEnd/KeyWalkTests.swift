import FettleCore
import FettleTestKit
import Foundation
import Synchronization
import Testing

@testable import FettleTerminal

@Suite(
  "Each key of each table, in a real terminal",
  .enabled(if: TmuxSession.isInstalled, "tmux is not installed"), .fewAtOnce)
struct KeyWalkTests {
  /// The store all walks begin with, made once.
  private static let filled = Task { try await fill() }

  @Test("no table of keys is left out")
  func complete() {
    let walked = KeyPlaces.all.map(\.context)
    #expect(Set(walked) == Set(KeyContext.allCases))
    #expect(walked.count == Set(walked).count)
  }

  @Test("does what can be seen, or says why not", arguments: KeyPlaces.all.map(\.context))
  func walk(context: KeyContext) async throws {
    let place = try #require(KeyPlaces.all.first { $0.context == context })
    let bench = try OrdersBench()
    let filled = try await Self.filled.value
    for name in try FileManager.default.contentsOfDirectory(atPath: filled.folder.path) {
      try FileManager.default.copyItem(
        atPath: "\(filled.folder.path)/\(name)", toPath: "\(bench.folder.path)/\(name)")
    }
    if context == .questionRunning { try await Self.fillSlow(bench) }
    let pressed = try await KeyWalk(place, bench).walk()
    #expect(pressed == KeyMap.bindings(context).reduce(0) { $0 + $1.keys.count })
  }

  /// Twelve orders, and records for the questions only some records lead to.
  /// Records that are mended and take minutes to be resumed.
  private static func fillSlow(_ bench: OrdersBench) async throws {
    try await bench.run(
      "slow",
      #"""
      {"name":"Slow","flow":[{"id":1,"module":"gateway:CustomWebHook","mapper":{}},
        {"id":2,"module":"json:ParseJSON","mapper":{"json":"{{1.body}}"}},
        {"id":3,"module":"util:FunctionSleep","mapper":{"duration":"290"}}],
       "metadata":{"scenario":{"dlq":true}}}
      """#, "[" + Array(repeating: #"{"body":"x"}"#, count: 14).joined(separator: ",") + "]")
    let listed = try await Program.fettle(
      ["list", "--json", "--store", bench.store, "--filter", "scenario:Slow"],
      home: bench.folder.path)
    for record in try JSONReader.read(listed.output).array ?? [] {
      let edit = try await Program.fettle(
        ["edit", try #require(record.collection?["id"]?.text), "--set", "1.body={}"]
          + ["--store", bench.store], home: bench.folder.path)
      try #require(edit.status == 0, "\(edit.errors)")
    }
  }

  private static func fill() async throws -> OrdersBench {
    let bench = try OrdersBench()
    try await bench.fill(
      "["
        + (1...12).map { #"{"body":"no JSON \#($0)","tags":["a","b"],"order":{"urgent":true}}"# }
        .joined(separator: ",") + "]")
    try await bench.run(
      "undone",
      #"""
      {"name":"Undone","flow":[{"id":1,"module":"gateway:CustomWebHook","mapper":{}},
        {"id":2,"module":"datastore:AddRecord","parameters":{"datastore":"s"},
         "mapper":{"key":"{{1.key}}","data":{"v":"{{1.body}}"}}},
        {"id":3,"module":"json:ParseJSON","mapper":{"json":"{{1.body}}"}}],
       "metadata":{"scenario":{"dlq":true,"autoCommit":false}}}
      """#, #"[{"key":"a","body":"no JSON"},{"key":"a","body":"{}"}]"#)
    try await bench.run(
      "mixed",
      #"""
      {"name":"Mixed","flow":[{"id":1,"module":"gateway:CustomWebHook","mapper":{}},
        {"id":2,"module":"json:ParseJSON","mapper":{"json":"<{{1.body}}>"}}],
       "metadata":{"scenario":{"dlq":true}}}
      """#, #"[{"body":"x"}]"#)
    // A service that takes a request and never answers.
    let service = LoopbackHTTP { _ in .init(200, delay: .seconds(120)) }
    let doubt =
      #"""
      {"name":"Doubt","flow":[{"id":1,"module":"gateway:CustomWebHook","mapper":{}},
        {"id":2,"module":"http:MakeRequest","version":4,
         "parameters":{"authenticationType":"noAuth"},
         "mapper":{"url":"\#(service.base)/x","method":"post","contentType":"json",
          "inputMethod":"jsonString","jsonStringBodyContent":"{}","parseResponse":true,
          "stopOnHttpError":true}}],
       "metadata":{"scenario":{"dlq":true}}}
      """#
    // One of the two is sent again on the way.
    for count in 1...2 {
      try await bench.run("doubt", doubt, "[{}]") { service.requests.count == count }
    }
    // Whoever comes next takes over what is left.
    for _ in 0..<100 {
      let list = try await Program.fettle(
        ["list", "--store", bench.store], home: bench.folder.path,
        environment: ["FETTLE_LEASE": "1"])
      if list.output.split(separator: "Doubt").count == 3 { break }
      try await Task.sleep(for: .milliseconds(100))
    }
    let listed = try await Program.fettle(
      ["list", "--json", "--store", bench.store, "--filter", "scenario:Greeting"],
      home: bench.folder.path)
    let ids = try JSONReader.read(listed.output).array?.compactMap { $0.collection?["id"]?.text }
    // The oldest one has a long history and many changes.
    for number in 1...8 {
      let edit = try await Program.fettle(
        ["edit", try #require(ids?.last), "--set", "1.body=no JSON \(number)"]
          + ["--set", "1.note\(number)=\(number)", "--store", bench.store],
        home: bench.folder.path)
      try #require(edit.status == 0, "\(edit.errors)")
    }
    try bench.saveViews()
    _ = try bench.folder.file("editor", "#!/bin/sh\nprintf 'by the editor' > \"$1\"\n")
    try FileManager.default.setAttributes(
      [.posixPermissions: 0o755], ofItemAtPath: "\(bench.folder.path)/editor")
    return bench
  }
}
