import FettleCore
import FettleTestKit
import Testing

@Suite("Schedules (semantics 6.10)", .fewAtOnce)
struct ScheduleTests {
  private func next(
    _ json: String, after: String, last: String? = nil, zone: String = "UTC"
  ) throws -> String? {
    let schedule = try Schedule(try JSONReader.read(json).collection ?? [:])
    let instant = try #require(Instant(iso8601: after))
    return schedule.next(
      after: instant, last: last.flatMap(Instant.init(iso8601:)), zone: zone
    ).map { String($0.iso8601.prefix(16)) }
  }

  // swift-format-ignore
  @Test("start next at", arguments: [
    (#"{"type":"indefinitely","interval":900}"#, "2026-11-24T08:00:00Z", "2026-11-24T07:50:00Z", "2026-11-24T08:05"),
    (#"{"type":"indefinitely","interval":900}"#, "2026-11-24T08:00:00Z", "2026-11-24T01:00:00Z", "2026-11-24T08:00"),
    (#"{"type":"indefinitely","interval":900}"#, "2026-11-24T08:00:00Z", nil, "2026-11-24T08:00"),
    (#"{"type":"once","date":"2026-12-01T09:00:00Z"}"#, "2026-11-24T08:00:00Z", nil, "2026-12-01T09:00"),
    (#"{"type":"once","date":"2026-12-01T09:00:00Z"}"#, "2026-11-24T08:00:00Z", "2026-11-01T09:00:00Z", nil),
    (#"{"type":"daily","time":"08:30"}"#, "2026-11-24T08:00:00Z", nil, "2026-11-24T08:30"),
    (#"{"type":"daily","time":"08:30"}"#, "2026-11-24T08:30:00Z", nil, "2026-11-25T08:30"),
    (#"{"type":"daily","time":["06:00","18:00"]}"#, "2026-11-24T08:00:00Z", nil, "2026-11-24T18:00"),
    (#"{"type":"weekly","days":[1,5],"time":"07:00"}"#, "2026-11-24T08:00:00Z", nil, "2026-11-27T07:00"),
    (#"{"type":"weekly","days":[7],"time":"07:00"}"#, "2026-11-24T08:00:00Z", nil, "2026-11-29T07:00"),
    (#"{"type":"weekly","days":[0],"time":"07:00"}"#, "2026-11-24T08:00:00Z", nil, "2026-11-29T07:00"),
    (#"{"type":"monthly","dates":[31],"time":"00:00"}"#, "2026-11-24T08:00:00Z", nil, "2026-12-31T00:00"),
    (#"{"type":"monthly","dates":[31],"time":"00:00"}"#, "2027-01-31T08:00:00Z", nil, "2027-03-31T00:00"),
    (#"{"type":"yearly","months":[2],"days":[29],"time":"12:00"}"#, "2026-11-24T08:00:00Z", nil, "2028-02-29T12:00"),
    (#"{"type":"yearly","months":[2],"days":[29],"time":"12:00"}"#, "2096-03-01T00:00:00Z", nil, "2104-02-29T12:00"),
    (#"{"type":"immediately"}"#, "2026-11-24T08:00:00Z", nil, nil),
    (#"{"type":"on-demand"}"#, "2026-11-24T08:00:00Z", nil, nil),
    (#"{"type":"daily","time":"08:30","between":["2027-01-01T00:00:00Z","2027-01-02T00:00:00Z"]}"#, "2026-11-24T08:00:00Z", nil, "2027-01-01T08:30"),
    (#"{"type":"daily","time":"08:30","between":["2026-01-01T00:00:00Z","2026-01-02T00:00:00Z"]}"#, "2026-11-24T08:00:00Z", nil, nil),
    (#"{"type":"indefinitely","interval":900,"restrict":[{"days":[1],"time":["09:00","10:00"]}]}"#, "2026-11-24T08:00:00Z", nil, "2026-11-30T09:00"),
    (#"{"type":"daily","time":"08:30","restrict":[{"months":[2]}]}"#, "2026-11-24T08:00:00Z", nil, "2027-02-01T08:30"),
  ] as [(String, String, String?, String?)])
  func table(json: String, after: String, last: String?, expected: String?) throws {
    #expect(try next(json, after: after, last: last) == expected)
  }

  @Test(
    "a time that is skipped when clocks go forward comes as much later; one that comes twice, once")
  func daylightSaving() throws {
    let daily = #"{"type":"daily","time":"02:30"}"#
    let zone = "Europe/Prague"
    // 29 March 2026: 02:00 becomes 03:00, so 02:30 is 03:30 on that day.
    #expect(try next(daily, after: "2026-03-28T12:00:00Z", zone: zone) == "2026-03-29T01:30")
    #expect(try next(daily, after: "2026-03-29T01:30:00Z", zone: zone) == "2026-03-30T00:30")
    // 25 October 2026: 02:30 comes at 00:30 and at 01:30 UTC.
    #expect(try next(daily, after: "2026-10-24T12:00:00Z", zone: zone) == "2026-10-25T00:30")
    #expect(try next(daily, after: "2026-10-25T00:30:00Z", zone: zone) == "2026-10-26T01:30")
  }

  @Test(
    "what is no schedule is refused with the field named",
    arguments: [
      ("{}", "\"type\""), (#"{"type":"hourly"}"#, "hourly"),
      (#"{"type":"indefinitely","interval":5}"#, "\"interval\""),
      (#"{"type":"daily","time":"25:00"}"#, "\"time\""),
      (#"{"type":"weekly","days":[],"time":"08:00"}"#, "\"days\""),
      (#"{"type":"monthly","dates":[0],"time":"08:00"}"#, "\"dates\""),
      (#"{"type":"once"}"#, "\"date\""),
    ])
  func refused(json: String, field: String) throws {
    let document = try JSONReader.read(json).collection ?? [:]
    let error = #expect(throws: ScheduleError.self) { try Schedule(document) }
    #expect(error?.description.contains(field) == true)
  }

  @Test("the next start is always later, and no start is passed over")
  func monotonous() throws {
    var random = SystemRandomNumberGenerator()
    let schedule = try Schedule(["type": "daily", "time": ["00:00", "02:30", "23:59"]])
    for _ in 0..<50 {
      let base = Instant(
        milliseconds: Int64.random(in: 1_700_000_000_000...1_900_000_000_000, using: &random))
      var place = base
      for _ in 0..<9 {
        let next = try #require(schedule.next(after: place, last: nil, zone: "Europe/Prague"))
        #expect(next > place)
        let between = Instant(milliseconds: (place.milliseconds + next.milliseconds) / 2)
        #expect(schedule.next(after: between, last: nil, zone: "Europe/Prague") == next)
        place = next
      }
    }
  }
}
