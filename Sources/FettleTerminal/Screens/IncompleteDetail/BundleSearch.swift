import FettleCore

/// A search for words in the data of a record as it was when the search was asked for: in the names of
/// its fields and in their values, folded ones too. A large value takes a while to be looked through;
/// the search runs beside the screen and looks again and again whether it is still wanted.
struct BundleSearch: Equatable, Sendable {
  let words: String
  /// How many places with the words it goes on from the cursor; negative is back.
  var distance: Int
  let cursor: TreePlace
  private let input: Value?
  private let bundles: VisibleBundles
  private let mapped: MappedFields
  private let revealed: Set<TreePlace>

  init(_ detail: DetailState, distance: Int) {
    words = detail.words
    self.distance = distance
    cursor = detail.cursor
    input = detail.value(at: .input([]))
    bundles = detail.bundles
    mapped = detail.mapped
    revealed = detail.revealed
  }

  /// What a search came to.
  struct Result: Hashable, Sendable {
    /// The place it goes to.
    let place: TreePlace
    /// Which of the places with the words that is, from 1.
    let number: Int
    let count: Int
  }

  /// Looks through the data.
  /// - Parameters:
  ///   - isWanted: asked every few kilobytes; the search ends when it says no.
  ///   - found: called with the place to go to as soon as it is known, where that is before the end.
  /// - Returns: the place with its number; nil when there is none, or the search was not wanted any more.
  func run(while isWanted: () -> Bool, found: (TreePlace) -> Void) -> Result? {
    let needle = Needle(words)
    guard !needle.isEmpty, distance != 0 else { return nil }
    var early: TreePlace?
    if distance > 0 {
      // What stands before the cursor is passed without being looked at.
      var left = distance
      walk(needle, isWanted, looksBeforeCursor: false) { place, isBefore in
        guard !isBefore else { return true }
        left -= 1
        if left == 0 { early = place() }
        return left > 0
      }
      if let early { found(early) }
    }
    var (count, before, isOn) = (0, 0, false)
    walk(needle, isWanted, looksBeforeCursor: true) { place, isBefore in
      count += 1
      if isBefore {
        before += 1
        isOn = place() == cursor
      }
      return true
    }
    guard isWanted(), count > 0 else { return nil }
    let next = distance > 0 ? before + distance - 1 : before + distance - (isOn ? 1 : 0)
    let index = ((next % count) + count) % count
    if let early { return Result(place: early, number: index + 1, count: count) }
    var wanted: TreePlace?
    var number = 0
    walk(needle, isWanted, looksBeforeCursor: true) { place, _ in
      if number == index { wanted = place() }
      number += 1
      return wanted == nil
    }
    return wanted.map { Result(place: $0, number: index + 1, count: count) }
  }

  /// Goes through the places in the order of the tree.
  /// - Parameters:
  ///   - looksBeforeCursor: whether those before the cursor, and the one under it, count too.
  ///   - visit: called for each place that has the words, with whether it is one of those; false ends the
  ///     walk.
  private func walk(
    _ needle: Needle, _ isWanted: () -> Bool, looksBeforeCursor: Bool,
    visit: (_ place: () -> TreePlace, _ isBefore: Bool) -> Bool
  ) {
    let wantedSteps: [ValuePath.Step]
    let cursorModule: ModuleID?
    switch cursor {
    case .input(let steps): (wantedSteps, cursorModule) = (steps, nil)
    case .bundle(let path): (wantedSteps, cursorModule) = (path.steps, path.module)
    }
    var steps: [ValuePath.Step] = []
    var module: ModuleID?
    var hasPassed = false
    var left = Needle.stretch
    func place() -> TreePlace {
      module.map { .bundle(ValuePath(module: $0, steps: steps)) } ?? .input(steps)
    }
    func isOnCursor() -> Bool {
      steps.count == wantedSteps.count && module == cursorModule
        && steps.last == wantedSteps.last && steps == wantedSteps
    }
    /// - Returns: false when the walk is over.
    func visitChild(_ value: Value, _ step: ValuePath.Step, name: String) -> Bool {
      left -= 64
      if left <= 0 {
        guard isWanted() else { return false }
        left = Needle.stretch
      }
      steps.append(step)
      defer { steps.removeLast() }
      if looksBeforeCursor || hasPassed {
        var isMatch = needle.isFound(in: name, &left, isWanted)
        if !isMatch, let text = value.text, needle.isFound(in: text, &left, isWanted) {
          let place = place()
          isMatch = !mapped.isSecret(place) || revealed.contains(place)
        }
        if isMatch, !visit(place, !hasPassed) { return false }
      }
      if !hasPassed, isOnCursor() { hasPassed = true }
      return walkChildren(of: value)
    }
    func walkChildren(of value: Value) -> Bool {
      switch value {
      case .collection(let fields):
        for field in fields.fields where !field.name.hasPrefix("__IMT") {
          guard visitChild(field.value, .field(field.name), name: field.name) else { return false }
        }
      case .array(let elements):
        for (index, element) in elements.enumerated() {
          guard visitChild(element, .element(index + 1), name: "") else { return false }
        }
      default: break
      }
      return true
    }
    if isOnCursor() { hasPassed = true }
    if let input, !walkChildren(of: input) { return }
    for entry in bundles.entries {
      module = entry.module
      if isOnCursor() { hasPassed = true }
      guard walkChildren(of: .collection(entry.bundle)) else { return }
    }
  }
}

/// Words that are looked for; small letters and capitals count alike.
private struct Needle {
  private let bytes: [UInt8]
  private let isASCII: Bool

  /// After how many bytes a search looks whether it is still wanted.
  static let stretch = 65_536

  init(_ words: String) {
    bytes = Array(words.lowercased().utf8)
    isASCII = bytes.allSatisfy { $0 < 0x80 }
  }

  var isEmpty: Bool { bytes.isEmpty }

  /// Whether a text has the words.
  /// - Parameter left: the bytes until `isWanted` is asked; not wanted any more is not found.
  func isFound(in text: String, _ left: inout Int, _ isWanted: () -> Bool) -> Bool {
    var text = text
    return text.withUTF8 { all in
      var start = 0
      while start + bytes.count <= all.count {
        let end = min(all.count, start + Self.stretch)
        // What begins in this stretch may end in the next one.
        let behind = min(all.count, end + 4 * bytes.count)
        let part = UnsafeBufferPointer(rebasing: all[start..<behind])
        if isASCII ? hasASCII(part) : hasFolded(part) { return true }
        left -= end - start
        if left <= 0 {
          guard isWanted() else { return false }
          left = Self.stretch
        }
        start = end
      }
      return false
    }
  }

  /// Bytes of other characters are none of ASCII, so nothing has to be decoded.
  private func hasASCII(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
    guard text.count >= bytes.count else { return false }
    return bytes.withUnsafeBufferPointer { wanted in
      let first = wanted[0]
      for start in 0...(text.count - wanted.count) where Self.small(text[start]) == first {
        var offset = 1
        while offset < wanted.count, Self.small(text[start + offset]) == wanted[offset] {
          offset += 1
        }
        if offset == wanted.count { return true }
      }
      return false
    }
  }

  private static func small(_ byte: UInt8) -> UInt8 {
    byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte
  }

  /// Half a character at an end of the stretch is whole in the one beside it.
  private func hasFolded(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
    let folded = Array(String(decoding: text, as: UTF8.self).lowercased().utf8)
    guard folded.count >= bytes.count else { return false }
    return folded.withUnsafeBufferPointer { all in
      bytes.withUnsafeBufferPointer { wanted in
        for start in 0...(all.count - wanted.count) where all[start] == wanted[0] {
          var offset = 1
          while offset < wanted.count, all[start + offset] == wanted[offset] { offset += 1 }
          if offset == wanted.count { return true }
        }
        return false
      }
    }
  }
}
