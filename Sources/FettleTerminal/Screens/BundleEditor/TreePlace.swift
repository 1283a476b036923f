import FettleCore

/// A place in the tree: in the input of the failed module, or in a bundle.
enum TreePlace: Hashable, Sendable {
  case input([ValuePath.Step])
  case bundle(ValuePath)

  /// The place one level up; nil at a root.
  var parent: TreePlace? {
    switch self {
    case .input(let steps): steps.isEmpty ? nil : .input(Array(steps.dropLast()))
    case .bundle(let path):
      path.steps.isEmpty
        ? nil : .bundle(ValuePath(module: path.module, steps: Array(path.steps.dropLast())))
    }
  }

  /// The last step on the way to it.
  var step: ValuePath.Step? {
    switch self {
    case .input(let steps): steps.last
    case .bundle(let path): path.steps.last
    }
  }

  func appending(_ step: ValuePath.Step) -> TreePlace {
    switch self {
    case .input(let steps): .input(steps + [step])
    case .bundle(let path): .bundle(path.appending(step))
    }
  }

  /// The place, as it is known again in a store or a file.
  var name: String {
    switch self {
    case .bundle(let path): path.description
    case .input(let steps): "input:" + ValuePath(module: 0, steps: steps).description
    }
  }

  /// The place of a name; nil when it is none.
  init?(named name: String) {
    let isInput = name.hasPrefix("input:")
    guard let path = try? ValuePath(parsing: isInput ? String(name.dropFirst(6)) : name) else {
      return nil
    }
    self = isInput ? .input(path.steps) : .bundle(path)
  }

  /// The place as a mapping or a message names it.
  func text(failer: ModuleID) -> String {
    switch self {
    case .bundle(let path): path.description
    case .input(let steps):
      String(
        ValuePath(module: failer, steps: steps).description.drop { $0 != "." && $0 != "[" }
          .drop { $0 == "." })
    }
  }
}
