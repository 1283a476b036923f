import FettleCore
import Testing

@Suite("A mask takes secrets out")
struct MaskTests {
  @Test(
    "in each form in which logins send them",
    arguments: [
      "a secret 1", "a%20secret%201", "YSBzZWNyZXQgMQ==", "YWRhOmEgc2VjcmV0IDE=",
      // PLAIN (RFC 4616), without and with an identity to act for.
      "AGFkYQBhIHNlY3JldCAx", "YWRhAGFkYQBhIHNlY3JldCAx",
      // XOAUTH2.
      "dXNlcj1hZGEBYXV0aD1CZWFyZXIgYSBzZWNyZXQgMQEB",
    ])
  func forms(sent: String) {
    let mask = Mask(["a secret 1"], user: "ada")
    #expect(mask.masked("535 no: \(sent).") == "535 no: \(Mask.sign).")
  }
}
