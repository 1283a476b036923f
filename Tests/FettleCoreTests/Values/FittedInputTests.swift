import FettleCore
import FettleTestKit
import Testing

@Suite("An input that is fitted to its module", .fewAtOnce)
struct FittedInputTests {
  private let descriptor = ModuleDescriptor(
    type: "shop:CreateTask", kind: .action, effect: .effect,
    fields: [FieldDescriptor("due", "Due", .date, required: true)])

  @Test(
    "a text that is a date becomes one",
    arguments: [
      "2026-03-02T10:00:00Z", "2026-03-02 11:00 GMT+01:00", "2026/03/02 10:00",
      "03/02/2026 10:00 AM", "2.3.2026 10:00",
    ])
  func date(text: String) throws {
    let (input, misfits) = descriptor.fitted(["due": .text(text)])
    #expect(misfits.isEmpty)
    #expect(input["due"] == .date(Instant(milliseconds: 1_772_445_600_000)))
  }

  @Test("a time without a zone is in that of the scenario")
  func zone() {
    let (input, _) = descriptor.fitted(["due": "2026-03-02 11:00"], timeZone: "Europe/Prague")
    #expect(input["due"] == .date(Instant(milliseconds: 1_772_445_600_000)))
  }

  @Test("what is no date is said")
  func none() {
    for value: Value in ["31/02/2026", "soon", 1_772_445_600, true] {
      let misfits = descriptor.fitted(["due": value]).misfits
      #expect(misfits.first?.message.hasPrefix("\"due\" must be date, got") == true, "\(value)")
    }
  }
}
