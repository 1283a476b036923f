/// The screens one can go to from anywhere, in the order of their keys. Each has its state, what
/// happens on it and its picture in a folder of its own under `Screens`.
enum Screen: Int, Hashable, Sendable, CaseIterable {
  case incomplete = 1

  var title: SafeText {
    switch self {
    case .incomplete: "Incomplete"
    }
  }

  /// The key that goes there.
  var key: Key { .character(Character(String(rawValue))) }

  /// The context its keys have.
  var context: KeyContext {
    switch self {
    case .incomplete: .list
    }
  }
}
