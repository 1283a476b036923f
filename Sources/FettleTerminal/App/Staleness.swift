import FettleCore

/// What is shown while the store tells nothing: it stays, dimmed, with the time it is of.
extension State {
  /// After this long without an answer what is shown counts as old, in milliseconds.
  private static let longestSilence = 4000

  /// When what is shown was read; nil while it is as the store has it.
  var staleSince: Instant? {
    guard let lastRead else { return nil }
    if trouble != nil { return lastRead }
    guard hasGivenUp || patienceWords?.isBanner == true,
      now.milliseconds - lastRead.milliseconds >= Self.longestSilence
    else { return nil }
    return lastRead
  }

  /// Notes that the store told something of what is shown.
  mutating func noteRead(_ message: Message) {
    switch message {
    case .list(.countsLoaded(.success)), .list(.pageLoaded(_, _, _, .success)),
      .list(.rowsLoaded(_, .success)):
      lastRead = now
    default: break
    }
  }

  /// Dims what may not be so any more and says of when it is. What is typed, asked and told is not old.
  func drawStale(into frame: inout Frame) {
    guard let staleSince, help == nil, picker == nil else { return }
    if typing?.context != .box { frame.dim(rows: 1..<max(1, size.rows - 2)) }
    frame.putRight(
      "  as of " + surroundings.zone.clock(staleSince) + " ", in: frame.area.line(0),
      .role(.problem))
  }
}
