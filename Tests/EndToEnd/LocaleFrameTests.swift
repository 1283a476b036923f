import FettleTestKit
import Foundation
import Testing

/// What the screens are where the locale knows nothing but ASCII.
@Suite(
  "Screens in the C locale", .enabled(if: TmuxSession.isInstalled, "tmux is not installed"),
  .fewAtOnce)
struct LocaleFrameTests {
  /// The screens, by what is pressed to get there from the list.
  private static let screens: [[String]] = [
    [], ["Enter"], ["Enter", "F"], ["Enter", "e"], ["Enter", "a"], ["Enter", "D"], ["Enter", "?"],
    ["x"], ["b"], ["2"], ["3"], ["3", "Enter"], ["5"], ["?"], ["/"],
  ]

  @Test(
    "are those of --ascii, cell by cell",
    arguments: [(40, 10), (80, 24), (140, 45)])
  func sameAsASCII(size: (columns: Int, rows: Int)) async throws {
    let bench = try OrdersBench()
    try await bench.fill(
      #"[{"body":"Zoë → 価格 👩‍👩‍👧 \u001b[31m\u202e x"},{"body":"no JSON","größe":"✓","list":[1,2]}]"#)
    let plain = try await Self.frames(bench, size, locale: "C.UTF-8", option: "--ascii")
    let locale = try await Self.frames(bench, size, locale: "C", option: "")
    // Each of them was reached.
    #expect(Set(plain).count >= Self.screens.count - 1)
    for (screen, (one, other)) in zip(Self.screens, zip(plain, locale)) {
      #expect(
        Self.seen(one) == Self.seen(other),
        "\(screen) at \(size)\n\(one)\n---- in the C locale\n\(other)")
      #expect(other.utf8.allSatisfy { $0 < 0x80 }, "\(screen) at \(size)\n\(other)")
    }
  }

  /// A capture cell by cell, with the attributes that can be seen: a bold blank looks like any other,
  /// and where a line came and went again blanks are left.
  private static func seen(_ capture: String) -> String {
    var look: Set<Int> = []
    return capture.split(separator: "\n", omittingEmptySubsequences: false).map { line in
      var cells = ""
      var rest = line.unicodeScalars[...]
      while let scalar = rest.popFirst() {
        guard scalar == "\u{1B}" else {
          let isBlank = scalar == " " && look.isDisjoint(with: [4, 7])
          cells += isBlank ? " " : "\(look.sorted())\(scalar)"
          continue
        }
        let end = rest.firstIndex(of: "m") ?? rest.endIndex
        for part in String(rest[..<end].dropFirst()).split(separator: ";") {
          switch Int(part) ?? 0 {
          case 0: look = []
          case 39: look.subtract(30...37)
          case 49: look.subtract(40...47)
          case let number: look.insert(number)
          }
        }
        rest = rest[end...].dropFirst()
      }
      return String(cells.reversed().drop { $0 == " " }.reversed())
    }.joined(separator: "\n")
  }

  /// Every screen of a program of its own, with its attributes.
  private static func frames(
    _ bench: OrdersBench, _ size: (columns: Int, rows: Int), locale: String, option: String
  ) async throws -> [String] {
    let terminal = try TmuxSession(
      "\(Program.path) open \(option) --utc --now 2030-01-01T00:00:00Z --store \(bench.store)",
      columns: size.columns, rows: size.rows,
      environment: [
        "HOME": bench.folder.path, "TMPDIR": bench.folder.path, "LC_ALL": locale,
      ])
    var frames: [String] = []
    try await terminal.wait(for: "2 open")
    let quiet = try Quiet(terminal)
    defer { quiet.end() }
    @discardableResult func press(_ key: String?) async throws -> String {
      if let key { try terminal.press(key) }
      // What comes too soon behind Escape would be taken for the rest of another key.
      let calm: Quiet.Calm = key == nil || key == "Escape" ? .long : .short
      return try await quiet.still(calm, seconds: 15) { try terminal.attributedScreen() }
    }
    for screen in screens {
      try await terminal.wait(for: "2 open")
      for key in screen { try await press(key) }
      frames.append(try await press(nil))
      // Back to the list, from wherever it is.
      for _ in 0..<6 {
        if try terminal.screen().contains(/^ Incomplete  \d/) { break }
        try await press("Escape")
      }
      if screen == ["/"] || screen == ["x"] { try await press("Escape") }
    }
    return frames
  }
}
