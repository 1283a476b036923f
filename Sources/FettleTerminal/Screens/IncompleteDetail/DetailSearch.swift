import FettleCore

/// Looking for words in the data of a record: in the names of its fields and in their values.
extension DetailState {
  /// The places that have the words, in the order of the tree, folded ones too, and how many of them
  /// stand before the cursor or under it.
  private func matches() -> (places: [TreePlace], before: Int, isOn: Bool) {
    var places: [TreePlace] = []
    var before = 0
    var isOn = false
    var hasPassed = false
    let wanted = Self.folded(words)
    func visit(_ value: Value, at place: TreePlace, name: String) {
      let isHidden = mapped.isSecret(place) && !revealed.contains(place)
      let isMatch = Self.has(wanted, name) || !isHidden && Self.has(wanted, value.text ?? "")
      if isMatch {
        places.append(place)
        if !hasPassed {
          before += 1
          isOn = place == cursor
        }
      }
      if place == cursor { hasPassed = true }
      walk(value, at: place)
    }
    func walk(_ value: Value, at place: TreePlace) {
      switch value {
      case .collection(let fields):
        for field in fields.fields where !field.name.hasPrefix("__IMT") {
          visit(field.value, at: place.appending(.field(field.name)), name: field.name)
        }
      case .array(let elements):
        for (index, element) in elements.enumerated() {
          visit(element, at: place.appending(.element(index + 1)), name: "")
        }
      default: break
      }
    }
    if let input = value(at: .input([])) { walk(input, at: .input([])) }
    for entry in bundles.entries {
      let root = TreePlace.bundle(ValuePath(module: entry.module))
      if root == cursor { hasPassed = true }
      walk(.collection(entry.bundle), at: root)
    }
    return (places, before, isOn)
  }

  /// Small letters and capitals count alike.
  private static func folded(_ text: String) -> [UInt8] { Array(text.lowercased().utf8) }

  private static func has(_ wanted: [UInt8], _ text: String) -> Bool {
    guard !text.isEmpty, !wanted.isEmpty else { return false }
    // A long text is not copied to be looked through; outside of ASCII capitals count there.
    guard text.utf8.count > 65_536 else {
      return folded(text).firstRange(of: wanted) != nil
    }
    var text = text
    return text.withUTF8 { bytes in
      var start = 0
      while start + wanted.count <= bytes.count {
        var offset = 0
        while offset < wanted.count {
          let byte = bytes[start + offset]
          let isCapital = byte >= 0x41 && byte <= 0x5A
          guard (isCapital ? byte | 0x20 : byte) == wanted[offset] else { break }
          offset += 1
        }
        if offset == wanted.count { return true }
        start += 1
      }
      return false
    }
  }

  /// The next place with the words in a direction, around the end.
  /// - Returns: the place, its number and how many there are.
  func match(_ step: Int) -> (place: TreePlace, number: Int, count: Int)? {
    let (places, before, isOn) = matches()
    guard !places.isEmpty else { return nil }
    let next = step > 0 ? before : before - (isOn ? 2 : 1)
    let index = (next + places.count) % places.count
    return (places[index], index + 1, places.count)
  }
}

extension State {
  /// Looks for what was typed; nothing typed gives `n` back to the problems.
  mutating func search(for words: String) -> [Effect] {
    detail?.words = words
    guard !words.isEmpty else {
      notice = "n goes to the next problem again"
      return []
    }
    return goToMatch(1)
  }

  mutating func goToMatch(_ step: Int) -> [Effect] {
    guard let detail else { return [] }
    guard let match = detail.match(step) else {
      notice = "no field has \"\(detail.words)\" in its name or value"
      return []
    }
    self.detail?.go(to: match.place)
    notice = "\(match.number) of \(match.count) with \"\(detail.words)\" · n N go on"
    return []
  }
}
