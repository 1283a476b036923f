import FettleCore
import FettleEngine

/// Adding, taking away, renaming and moving fields and elements.
extension State {
  mutating func beginAdd() -> [Effect] {
    guard let detail, case .bundle(let path) = detail.cursor else {
      notice = "the input is made by the mapping; add fields to a bundle"
      return []
    }
    let value = detail.bundles.value(at: path)
    let parent: ValuePath
    if value?.collection != nil || value?.array != nil {
      parent = path
    } else {
      parent = ValuePath(module: path.module, steps: Array(path.steps.dropLast()))
    }
    self.detail?.pane = .bundles
    self.detail?.unfolded.insert(.bundle(parent))
    self.detail?.rebuild()
    if let elements = detail.bundles.value(at: parent)?.array {
      let place = parent.appending(.element(elements.count + 1))
      self.detail?.cursor = .bundle(parent)
      beginTyping(at: place, original: nil)
    } else {
      typing = Typing(line: LineEditor(), purpose: .fieldName(parent: parent))
    }
    return []
  }

  mutating func fieldNamed(_ name: String, in parent: ValuePath) {
    guard let path = freeName(name, in: parent) else { return }
    beginTyping(at: path, original: nil)
  }

  /// The place of a new field; says why there can be none of that name.
  private mutating func freeName(_ name: String, in parent: ValuePath) -> ValuePath? {
    guard let detail else { return nil }
    let path = parent.appending(.field(name))
    if name.isEmpty {
      typing?.problem = "a field needs a name"
    } else if name.contains("`") {
      typing?.problem = "a name cannot hold a back-quote: no mapping could name it"
    } else if detail.bundles.value(at: path) != nil {
      typing?.problem = "there is a field of that name already"
    } else {
      return path
    }
    return nil
  }

  mutating func removeField() -> [Effect] {
    guard let detail, case .bundle(let path) = detail.cursor, !path.steps.isEmpty else {
      notice = "only a field or an element of a bundle can be taken away"
      return []
    }
    guard detail.bundles.value(at: path) != nil else {
      notice = "it is missing already"
      return []
    }
    let neighbour = neighbour(of: path)
    if let problem = self.detail?.change(Draft(path: path, value: nil)) {
      notice = "\(problem)"
      return []
    }
    if let neighbour { self.detail?.go(to: neighbour) }
    notice = "\(path.description) is taken away; u brings it back"
    return changed()
  }

  /// Where the cursor stays when a place is taken away: on what comes after it, else on what came
  /// before; nil leaves it to the parent.
  private func neighbour(of path: ValuePath) -> TreePlace? {
    let parent = ValuePath(module: path.module, steps: Array(path.steps.dropLast()))
    switch (path.steps.last, detail?.bundles.value(at: parent)) {
    case (.element(let number)?, .array(let elements)?):
      // Those behind it move up by one.
      let next = number < elements.count ? number : number - 1
      return next > 0 ? .bundle(parent.appending(.element(next))) : nil
    case (.field(let name)?, .collection(let fields)?):
      let names = fields.fields.map(\.name).filter { !$0.hasPrefix("__IMT") }
      guard let index = names.firstIndex(of: name), names.count > 1 else { return nil }
      return .bundle(
        parent.appending(.field(names[index + 1 < names.count ? index + 1 : index - 1])))
    default: return nil
    }
  }

  mutating func beginRename() -> [Effect] {
    guard let detail, case .bundle(let path) = detail.cursor,
      case .field(let name)? = path.steps.last,
      detail.bundles.value(at: path) != nil
    else {
      notice = "only a field of a bundle has a name to change"
      return []
    }
    typing = Typing(line: LineEditor(name), purpose: .rename(path))
    return []
  }

  mutating func renamed(_ name: String, _ path: ValuePath) -> [Effect] {
    let parent = ValuePath(module: path.module, steps: Array(path.steps.dropLast()))
    guard case .field(let old)? = path.steps.last else { return [] }
    if name == old {
      typing = nil
      notice = "unchanged"
      return []
    }
    guard let renamed = freeName(name, in: parent),
      var collection = detail?.bundles.value(at: parent)?.collection,
      let position = collection.position(of: old)
    else { return [] }
    collection.rename(at: position, to: name)
    typing = nil
    return keep([Draft(path: parent, value: .collection(collection))], seenAt: .bundle(renamed))
  }

  /// Moves a field or an element among its neighbours.
  mutating func moveField(_ step: Int) -> [Effect] {
    guard let detail, case .bundle(let path) = detail.cursor, let last = path.steps.last else {
      notice = "only a field or an element of a bundle can be moved"
      return []
    }
    let parent = ValuePath(module: path.module, steps: Array(path.steps.dropLast()))
    if parent.isVariable, parent.steps.isEmpty {
      notice = "variables have names and no order"
      return []
    }
    switch (last, detail.bundles.value(at: parent)) {
    case (.element(let number), .array(let elements)?):
      let other = number + step
      guard elements.indices.contains(number - 1), elements.indices.contains(other - 1) else {
        return []
      }
      let place = parent.appending(.element(other))
      return keep(
        [
          Draft(path: place, value: elements[number - 1]),
          Draft(path: path, value: elements[other - 1]),
        ], seenAt: .bundle(place))
    case (.field(let name), .collection(var fields)?):
      guard let position = fields.position(of: name),
        (0..<fields.count).contains(position + step)
      else { return [] }
      let value = fields[at: position]
      fields.remove(at: position)
      fields.insert(Collection.Field(name: name, value: value), at: position + step)
      return keep([Draft(path: parent, value: .collection(fields))], seenAt: detail.cursor)
    default: return []
    }
  }
}
