import FettleTestKit
import Testing

@testable import FettleTerminal

@Suite("The looks of the screen", .fewAtOnce)
struct ThemeTests {
  @Test(
    "a terminal says whether its background is light",
    arguments: [
      ("0;15", true), ("0;7", true), ("0;default;15", true), ("15;0", false), ("12;8", false),
      ("", false), (";", false), ("15", true), ("light", false),
    ])
  func background(_ said: String, _ isLight: Bool) {
    #expect(Theme.isLight(said) == isLight)
  }

  @Test("no meaning is yellow or cyan on a light background, and no two change places")
  func light() {
    let roles: [Role] = [
      .plain, .title, .faint, .failed, .done, .waiting, .running, .changed, .problem, .key, .notice,
      .heading, .typing,
    ]
    let dark = Theme(hasColor: true)
    let light = Theme(hasColor: true, isLight: true)
    for role in roles {
      let color = light.look(.role(role)).color
      #expect(color != 3 && color != 6 && color != 2, "\(role)")
      #expect((color == nil) == (dark.look(.role(role)).color == nil), "\(role)")
    }
    #expect(light.look(.role(.problem)).color != light.look(.role(.done)).color)
  }
}
