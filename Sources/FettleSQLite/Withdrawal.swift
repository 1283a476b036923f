import FettleCore

extension RecordRows {
  /// What becomes of the records of a cycle that was given up (semantics 7.5).
  ///
  /// Where its trigger gives the bundles again, they are processed from the start, and records of them
  /// would be done twice: they go into the bin. Where nobody else has the bundles the records stay, and
  /// it is written on them that earlier steps were undone. What an operator has touched meanwhile stays
  /// as it is.
  func settleUndone(by summary: ExecutionSummary) throws {
    let date = summary.ended ?? summary.started
    for id in summary.withdrawn {
      guard let found = try? find(id),
        found.summary.state == .pending || found.summary.state == .unresolved
      else { continue }
      let reason =
        summary.returnsEvent
        ? "its event returned to the queue of the webhook"
        : "its cycle was rolled back, and the trigger gives its bundle again"
      try carryOut(
        RecordMove(
          id, version: nil,
          RecordChange(.deleted, reason: reason, author: "fettle", date: date)))
    }
    for id in summary.undone {
      guard let number = try? find(id).number else { continue }
      try insert(
        RecordNote(
          RecordNote.rolledBack,
          detail:
            "what was written to data stores for it before it failed was undone with its cycle",
          author: "fettle", date: date), number: number)
    }
  }
}
