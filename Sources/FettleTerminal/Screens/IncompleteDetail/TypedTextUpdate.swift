import FettleCore

/// What is being typed and is no change yet, as it is kept against a crash.
struct TypedText: Hashable, Sendable {
  let purpose: KeptText.Purpose
  /// The record; nil when it is about several.
  let record: RecordID?
  var place = ""
  /// Nothing forgets what was kept.
  let text: String
  /// The program it is typed in, and its number there.
  var session = ""
  var sequence = 0

  /// Larger texts are kept at the end only, in bytes.
  static let largestAtOnce = 1_000_000
}

/// JSON for a place, the output of a module and the reason of a closing are no changes before they are
/// finished. They are kept as texts and offered again where they were typed.
extension State {
  /// What is kept of what is being typed; nil when nothing is, or when it may hold a secret.
  var typedText: TypedText? {
    guard !surroundings.isReadOnly else { return nil }
    if let typing {
      guard let kept = keptPurpose(of: typing), !typing.line.text.isEmpty,
        typing.line.text != Self.initialText(of: typing.purpose)
      else { return nil }
      var text = TypedText(
        purpose: kept.purpose, record: kept.record, text: typing.line.text)
      if case .json(let place) = typing.purpose {
        guard detail?.mapped.holdsSecret(place) == false else { return nil }
        text.place = place.name
      }
      return withheld(text) ? nil : text
    }
    if let preview { return text(of: preview) }
    guard let detail, detail.substitute != nil else { return nil }
    let text = TypedText(
      purpose: .output, record: detail.record.id, text: detail.substituteText)
    return withheld(text) ? nil : text
  }

  /// Whether a text has the value of a secret field in it.
  private func withheld(_ text: TypedText) -> Bool {
    guard let detail else { return false }
    return detail.mask.masked(text.text) != text.text
  }

  /// The JSON that is about to be pasted.
  func text(of preview: PreviewState) -> TypedText? {
    guard let detail, !detail.mapped.holdsSecret(preview.place) else { return nil }
    let text = TypedText(
      purpose: .json, record: detail.record.id, place: preview.place.name,
      text: preview.text)
    return withheld(text) ? nil : text
  }

  /// As what something that is typed is kept, and of which record; nil when it becomes a change or is
  /// not kept.
  func keptPurpose(
    of typing: Typing
  ) -> (purpose: KeptText.Purpose, record: RecordID?)? {
    switch typing.purpose {
    case .json: detail.map { (.json, $0.record.id) }
    case .substitute: detail.map { (.output, $0.record.id) }
    case .closingReason(let id): (.reason, id)
    case .closingReasonOfMany: (.reason, nil)
    default: nil
    }
  }

  /// What stands in a box before anything is typed.
  static func initialText(of purpose: Typing.Purpose) -> String {
    purpose == .substitute ? "{\n  \n}" : ""
  }

  /// Begins to type something that is kept, with what was kept of it.
  mutating func begin(_ purpose: Typing.Purpose) -> [Effect] {
    typing = Typing(line: LineEditor(Self.initialText(of: purpose)), purpose: purpose)
    offer()
    guard let typing, let kept = keptPurpose(of: typing), detail == nil || kept.record == nil
    else { return [] }
    // Of a record that is open it was read with the record.
    return [.record(.findTexts(kept.record))]
  }

  /// Keeps a text; nothing keeps nothing. What it goes on with is forgotten where it was typed, unless
  /// more was typed there since.
  mutating func keep(_ text: TypedText?) -> [Effect] {
    guard var text, !surroundings.isReadOnly else { return [] }
    textSequence += 1
    text.session = surroundings.session.name
    text.sequence = textSequence
    let taken = adopted(text.purpose, text.record)
    adoptedTexts.removeAll { taken.contains($0) }
    keptTexts.removeAll {
      taken.contains($0)
        || $0.record == text.record && $0.purpose == text.purpose && $0.session == text.session
    }
    keptTexts.append(
      KeptText(
        record: text.record, author: "", session: text.session, sequence: text.sequence,
        purpose: text.purpose, place: text.place, text: text.text, date: now))
    return [.record(.keepText(text))] + taken.map { Self.forgetting($0, upTo: $0.sequence) }
  }

  /// What was typed elsewhere and is gone on with here.
  private func adopted(_ purpose: KeptText.Purpose, _ record: RecordID?) -> [KeptText] {
    adoptedTexts.filter { $0.record == record && $0.purpose == purpose }
  }

  private static func forgetting(_ text: KeptText, upTo sequence: Int) -> Effect {
    .record(
      .keepText(
        TypedText(
          purpose: text.purpose, record: text.record, text: "", session: text.session,
          sequence: sequence)))
  }

  /// Forgets a text that was typed or gone on with here, if one was kept. What was typed in other
  /// terminals stays.
  mutating func forgetText(_ purpose: KeptText.Purpose, of record: RecordID?) -> [Effect] {
    let taken = adopted(purpose, record)
    let gone = keptTexts.filter {
      taken.contains($0)
        || $0.record == record && $0.purpose == purpose && $0.session == surroundings.session.name
    }
    adoptedTexts.removeAll { taken.contains($0) }
    keptTexts.removeAll { gone.contains($0) }
    guard !gone.isEmpty, !surroundings.isReadOnly else { return [] }
    textSequence += 1
    return gone.map {
      Self.forgetting(
        $0, upTo: $0.session == surroundings.session.name ? textSequence : $0.sequence)
    }
  }

  /// Takes in what was being typed before.
  /// - Returns: whether there is something that was not known.
  @discardableResult
  mutating func textsFound(_ record: RecordID?, _ texts: [KeptText]) -> Bool {
    // What was typed here since is newer, and what was forgotten here is not to come back.
    let fresh = texts.filter { text in
      text.sequence > (text.session == surroundings.session.name ? textSequence : -1)
        && !keptTexts.contains {
          $0.record == record && $0.purpose == text.purpose && $0.session == text.session
        }
    }
    keptTexts += fresh
    offer()
    return !fresh.isEmpty
  }

  /// Puts what was typed before where it was typed, unless something stands there by now.
  private mutating func offer() {
    guard let typing, typing.line.text == Self.initialText(of: typing.purpose),
      let kept = keptPurpose(of: typing), let text = offered(for: typing, kept)
    else { return }
    if text.session != surroundings.session.name, !adoptedTexts.contains(text) {
      adoptedTexts.append(text)
    }
    let words = "typed " + when(text)
    self.typing?.line.replace(with: text.text)
    self.typing?.isOffered = true
    self.typing?.problem =
      words
      + (typing.context == .box ? ", goes on here; Esc twice drops it" : ", Ctrl-U clears it")
  }

  /// What was typed here, or else last in this terminal, or else last anywhere.
  private func offered(
    for typing: Typing, _ kept: (purpose: KeptText.Purpose, record: RecordID?)
  ) -> KeptText? {
    var place: String?
    if case .json(let here) = typing.purpose { place = here.name }
    let fitting = keptTexts.filter {
      $0.record == kept.record && $0.purpose == kept.purpose && (place ?? $0.place) == $0.place
    }
    let here = surroundings.session
    let ofThisTerminal = fitting.filter { Session($0.session).isHere(as: here) }
    return fitting.first { $0.session == here.name }
      ?? (ofThisTerminal.isEmpty ? fitting : ofThisTerminal).max { $0.date < $1.date }
  }

  /// When and where a text was typed.
  private func when(_ text: KeptText) -> SafeText {
    let minutes = (now.milliseconds - text.date.milliseconds) / 60_000
    let time: SafeText =
      switch minutes {
      case ..<0: surroundings.zone.short(text.date)
      case 0: "just now"
      case 1..<60: "\(Int(minutes)) min ago"
      default: surroundings.zone.short(text.date)
      }
    return Session(text.session).isElsewhere(than: surroundings.session)
      ? time + " in another terminal" : time
  }

  /// What of a record waits to be finished, in words.
  func offeredWords(of record: RecordID) -> SafeText? {
    let words = keptTexts.filter { $0.record == record }.map { text -> SafeText in
      let elsewhere: SafeText =
        Session(text.session).isElsewhere(than: surroundings.session)
        ? " (" + when(text) + ")" : ""
      return switch text.purpose {
      case .json:
        "P goes on with the JSON for \(TreePlace(named: text.place)?.text(failer: 0) ?? "")"
          + elsewhere
      case .output: "O goes on with the output" + elsewhere
      case .reason: "x c goes on with the reason" + elsewhere
      }
    }
    return words.isEmpty ? nil : "you were typing: " + words.joined(separator: ", ")
  }

  /// Says what waits to be finished in a record that was opened.
  mutating func offerTexts(of record: RecordID) {
    guard typing == nil, let words = offeredWords(of: record) else { return }
    if let json = keptTexts.first(where: { $0.record == record && $0.purpose == .json }),
      let place = TreePlace(named: json.place), detail?.drafts.isEmpty == true
    {
      detail?.go(to: place)
    }
    notice = words
  }
}
