import FettleCore
import FettleEngine

/// Moving about in the chain.
extension State {
  mutating func updateChain(_ command: Command) -> [Effect] {
    guard let detail else { return [] }
    if detail.chain.isBoxes {
      switch command {
      case .fold: self.detail?.chain.pan(0, -8)
      case .unfold: self.detail?.chain.pan(0, 8)
      case .moveDown: self.detail?.chain.pan(1, 0)
      case .moveUp: self.detail?.chain.pan(-1, 0)
      default: break
      }
      if [.fold, .unfold, .moveDown, .moveUp].contains(command) { return [] }
    }
    switch command {
    case .moveDown: moveInChain(by: 1)
    case .moveUp: moveInChain(by: -1)
    case .moveToFirst: moveInChain(by: -100_000)
    case .moveToLast: moveInChain(by: 100_000)
    case .unfold, .fold: self.detail?.pane = .bundles
    case .showFailedModule:
      self.detail?.pane = .chain
      self.detail?.chain.cursor = detail.record.summary.failer
      panToFailed()
    case .nextProblem, .previousProblem:
      let failed = detail.chain.failed
      let index = failed.firstIndex { $0 == detail.chain.cursor } ?? -1
      guard !failed.isEmpty else { return [] }
      let step = command == .nextProblem ? 1 : failed.count - 1
      self.detail?.chain.cursor = failed[(index + step) % failed.count]
    default: break
    }
    return []
  }

  /// Brings the box of the failed module into view, where boxes are shown.
  mutating func panToFailed() {
    guard detail?.chain.isBoxes == true, let area = DetailLayout(self).chain else { return }
    detail?.chain.panToFailed(rows: area.rows - 1, columns: area.columns)
  }

  mutating func moveInChain(by distance: Int) {
    guard let detail else { return }
    let rows = max(0, (DetailLayout(self).chain?.rows ?? 1) - 1)
    let lines = detail.chain.lines(rows: rows).compactMap(\.module)
    guard !lines.isEmpty else { return }
    let index = lines.firstIndex { $0 == detail.chain.cursor } ?? 0
    self.detail?.chain.cursor = lines[min(max(0, index + distance), lines.count - 1)]
    self.detail?.chain.operations = nil
  }

  /// Enter in the chain: a folded run unfolds, another module shows what it took in and gave.
  mutating func openInChain() -> [Effect] {
    guard let detail, let module = detail.chain.cursor else { return [] }
    let rows = max(0, (DetailLayout(self).chain?.rows ?? 1) - 1)
    if detail.chain.lines(rows: rows).contains(where: { $0.module == module && $0.isFold }) {
      self.detail?.chain.unfold(module)
      return []
    }
    guard module != detail.record.summary.failer else {
      self.detail?.pane = .bundles
      return []
    }
    notice = "reading what module \(module.number) did"
    return [
      .record(
        .operations(module, execution: detail.record.summary.executionID, detail.record.id))
    ]
  }

  mutating func operationsLoaded(
    _ module: ModuleID, _ answer: Message.Answer<[JournalEntry]>
  ) {
    switch answer {
    case .failure(let error): notice = "\(error.description)"
    case .success(let entries):
      let ended = entries.filter {
        switch $0.step {
        case .finished, .failed: true
        default: false
        }
      }
      notice =
        ended.isEmpty
        ? "the journal holds nothing of module \(module.number): it did not run, or was pruned" : ""
      detail?.chain.operations =
        ended.isEmpty ? nil : ChainState.Operations(module: module, entries: ended)
    }
  }

  /// Goes on at the module under the chain cursor instead of the failed one, after the check.
  mutating func resumeFromHere() -> [Effect] {
    guard let detail, let module = detail.chain.cursor else { return [] }
    guard module != detail.record.summary.failer else { return updateDetail(.resume) }
    guard detail.opened.restarts.contains(where: { $0.module == module }) else {
      let points = detail.opened.restarts.map { "\($0.module.number)" }.joined(separator: ", ")
      notice =
        "it can go on at \(points), not at \(module.number): other bundles would be run again"
      return []
    }
    self.detail?.restart = module
    resumeCheck = ResumeCheckState(isForResuming: true)
    return checkAgain()
  }

  /// What a module did, as lines in the pane beside the chain.
  func operationLines(
    _ operations: ChainState.Operations, _ detail: DetailState
  ) -> [CheckLine] {
    var lines: [CheckLine] = []
    for (index, entry) in operations.entries.prefix(50).enumerated() {
      lines.append(
        CheckLine(
          text:
            "\(index + 1) of \(operations.entries.count)  " + surroundings.zone.long(entry.date),
          role: .title))
      lines.append(CheckLine(text: "  INPUT", role: .faint))
      Self.add(entry.input, depth: 2, name: nil, detail.mask, to: &lines)
      switch entry.step {
      case .finished(_, let output):
        lines.append(
          CheckLine(
            text: output.bundles.count == 1
              ? "  OUTPUT" : "  OUTPUT, \(output.bundles.count) bundles",
            role: .faint))
        for bundle in output.bundles.prefix(20) {
          Self.add(.collection(bundle), depth: 2, name: nil, detail.mask, to: &lines)
        }
      case .failed(_, let error):
        lines.append(
          CheckLine(
            text: "  ! \(error.type.rawValue): " + detail.shown(error.message), role: .problem))
      default: break
      }
    }
    return lines
  }

  private static func add(
    _ value: Value, depth: Int, name: SafeText?, _ mask: SecretMask, to lines: inout [CheckLine]
  ) {
    guard lines.count < 400, depth < 12 else { return }
    let indent = SafeText(own: String(repeating: "  ", count: depth))
    if let name {
      lines.append(
        CheckLine(
          text: indent + name + "  " + ValueText.line(value, mask: mask), role: .plain))
    }
    switch value {
    case .collection(let fields):
      for field in fields.fields.prefix(60) where !field.name.hasPrefix("__IMT") {
        add(
          field.value, depth: depth + (name == nil ? 0 : 1), name: "\(field.name)", mask, to: &lines
        )
      }
    case .array(let elements):
      for (index, element) in elements.prefix(20).enumerated() {
        add(element, depth: depth + 1, name: "\(index + 1)", mask, to: &lines)
      }
    default: break
    }
  }
}
