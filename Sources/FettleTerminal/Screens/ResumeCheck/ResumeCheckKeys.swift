import FettleCore

/// The keys of the check before a resume, and of the changes.
extension KeyMap {
  static let resumeCheck: [KeyBinding] = [
    KeyBinding([.enter], "resume", "Run it with these changes", .confirm, unavailable: noResume),
    KeyBinding([.character("e")], "edit more", "Go back and edit more", .editMore),
    KeyBinding(
      [.character("s")], "save, do not run", "Save the changes without running", .saveOnly,
      unavailable: unchanged),
    KeyBinding(
      [.character("v")], "", "Go on with the blueprint of today, or with the stored one",
      .chooseBlueprint),
    KeyBinding([.escape, .character("q")], "go back", "Go back, nothing is done", .back),
  ]

  static let diff: [KeyBinding] = [
    KeyBinding(
      [.escape, .character("q"), .character("D"), .character("V"), .enter], "back", "Go back",
      .back)
  ]
}
