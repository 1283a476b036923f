import FettleCore
import FettleSQLite
import FettleTestKit
import Foundation
import Testing

@Suite("A bot of Telegram, through the daemon", .fewAtOnce)
struct TelegramTests {
  /// Bot API 6.9, getting updates: what Telegram posts to the address of a bot.
  private static func update(_ number: Int, _ text: String, chat: Int = 7) -> String {
    """
    {"update_id":\(number),"message":{"message_id":\(number),"date":1795000000,
     "from":{"id":\(chat),"is_bot":false,"first_name":"Ada","language_code":"en"},
     "chat":{"id":\(chat),"first_name":"Ada","type":"private"},"text":"\(text)"}}
    """
  }

  private let bench: ServiceBench

  init() throws { bench = try ServiceBench() }

  /// The server of the bot: it answers as Telegram does, by what it is asked to say.
  private func service() -> LoopbackHTTP {
    LoopbackHTTP { request in
      guard request.path == "/bot12:sesame-sesame/sendMessage" else {
        return .json(404, ["ok": false, "error_code": 404, "description": "Not Found"])
      }
      if request.text.contains("blocked") {
        return .json(
          403,
          [
            "ok": false, "error_code": 403,
            "description": "Forbidden: bot was blocked by the user",
          ])
      }
      if request.text.contains("too fast") {
        return .json(
          429,
          [
            "ok": false, "error_code": 429, "description": "Too Many Requests: retry after 900",
            "parameters": ["retry_after": 900],
          ])
      }
      return .json(200, ["ok": true, "result": ["message_id": 99, "text": "sent"]])
    }
  }

  @Test("an update starts the scenario, which answers in the chat; what is refused is stored")
  func updates() async throws {
    let service = service()
    let secret = try bench.folder.file("secret", "open-sesame\n")
    let token = try bench.folder.file("token", "12:sesame-sesame\n")
    try await bench.fettle([
      "connection", "add", "bot", "app", "--set", "url=\(service.base)", "--secret-file",
      "token=\(token)",
    ])
    let file = try bench.folder.file(
      "Bot.json",
      #"""
      {"name":"Bot","flow":[
       {"id":1,"module":"telegram:WatchUpdates","version":1,"parameters":{"__IMTHOOK__":4711}},
       {"id":2,"module":"telegram:SendReplyMessage","version":1,
        "parameters":{"__IMTCONN__":"bot"},
        "filter":{"name":"messages","conditions":[[{"a":"{{1.message.text}}","o":"exist"}]]},
        "mapper":{"chatId":"{{1.message.chat.id}}","text":"You said {{1.message.text}}"}}],
       "metadata":{"scenario":{"dlq":true}}}
      """#)
    let output = try await bench.fettle(["schedule", file])
    let path = String(
      try #require(
        output.split(whereSeparator: { $0.isWhitespace || $0 == "," })
          .first { $0.hasPrefix("/hook/") }))
    // What setWebhook was told as secret_token comes with every update.
    let header = "X-Telegram-Bot-Api-Secret-Token"
    try await bench.fettle([
      "hook", "set", "4711", "--secret-header", header, "--secret-file", secret,
    ])
    let daemon = try bench.daemon()
    let client = HTTPClient(try await daemon.base())
    func post(_ body: String, _ secret: String = "open-sesame") async -> Int {
      await client.send(
        "POST", path, ["Content-Type": "application/json", header: secret], body
      ).status
    }
    #expect(await post(Self.update(1, "x"), "wrong") == 401)
    #expect(await post(Self.update(1, "hello ü")) == 200)
    try await bench.wait("the answer in the chat") { service.requests.count == 1 }
    let sent = try JSONReader.read(service.requests.first?.body ?? []).collection
    #expect(sent?["chat_id"].flatMap(Coercion.text) == "7")
    #expect(sent?["text"] == "You said hello ü")
    // What is no message passes no filter.
    #expect(await post(#"{"update_id":2,"poll":{"id":"1","question":"?"}}"#) == 200)
    #expect(await post(Self.update(3, "blocked")) == 200)
    #expect(await post(Self.update(4, "too fast")) == 200)
    try await bench.wait("two records") {
      try await bench.store.page(RecordFilter(), .first, limit: 10).count == 2
    }
    try await bench.wait("four ends") { try await bench.ended().count == 4 }
    let records = try await bench.store.page(RecordFilter(), .first, limit: 10)
    let failed = Dictionary(
      records.map { ($0.errorType, $0) }, uniquingKeysWith: { first, _ in first })
    #expect(failed[.data]?.reason.contains("bot was blocked by the user") == true)
    #expect(failed[.data]?.nextRetry == nil)
    #expect(failed[.rateLimit]?.nextRetry != nil)
    #expect(service.requests.count == 3)
    #expect(try await daemon.stop() == 0)
    #expect(!daemon.log.contains("sesame-sesame"))
  }
}
