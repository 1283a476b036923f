import FettleCore

/// Where a value came from, station by station, from the failed module upstream.
struct WayState: Equatable, Sendable {
  let stations: [Provenance]
  /// The field of the input it leads to; nil when it was asked of a place in a bundle.
  let input: [ValuePath.Step]?
  var cursor: Int
  var top = 0
}

extension State {
  /// Shows the way of the value under the cursor.
  mutating func showWay() -> [Effect] {
    guard let detail, let lineage = detail.mapped.lineage else {
      notice = "the blueprint has no such module, so that nothing is mapped"
      return []
    }
    if case .bundle(let path) = detail.cursor, path.isVariable {
      notice = detail.settersWords(of: path)
      return []
    }
    let stations: [Provenance]
    var input: [ValuePath.Step]?
    switch detail.cursor {
    case .input(let steps) where !steps.isEmpty:
      input = steps
      stations = lineage.way(to: steps, in: detail.blueprint, bundles: detail.bundles)
    case .bundle(let path) where !path.steps.isEmpty:
      // A place the failed module reads is told from the field that reads it.
      if let use = detail.mapped.use(of: path) {
        input = use.input
        stations = lineage.way(to: use.input, in: detail.blueprint, bundles: detail.bundles)
      } else {
        stations = Lineage.way(to: path, in: detail.blueprint, bundles: detail.bundles)
      }
    default:
      notice = "choose a field; m shows where its value came from"
      return []
    }
    let blamed = detail.culprits.compactMap(\.sources.first)
    let source = stations.firstIndex {
      if case .bundle(let path) = $0.place { return blamed.contains(path) }
      return false
    }
    let first = stations.firstIndex { if case .bundle = $0.place { true } else { false } }
    way = WayState(stations: stations, input: input, cursor: source ?? first ?? 0)
    notice = ""
    return []
  }

  mutating func updateWay(_ command: Command) -> [Effect] {
    guard let shown = way else { return [] }
    let last = max(0, shown.stations.count - 1)
    let page = max(1, size.rows - 5)
    switch command {
    case .moveDown: way?.cursor = min(last, shown.cursor + 1)
    case .moveUp: way?.cursor = max(0, shown.cursor - 1)
    case .pageDown: way?.cursor = min(last, shown.cursor + page)
    case .pageUp: way?.cursor = max(0, shown.cursor - page)
    case .moveToFirst: way?.cursor = 0
    case .moveToLast: way?.cursor = last
    case .open: return followWay(edits: false)
    case .edit: return followWay(edits: true)
    case .mapElsewhere:
      guard let input = shown.input else {
        notice = "the failed module does not read it: there is nothing to map"
        return []
      }
      beginMapping(input)
    case .back, .quit: way = nil
    case .quitAtOnce, .interrupt:
      way = nil
      return updateDetail(command)
    default: break
    }
    return []
  }

  private mutating func followWay(edits: Bool) -> [Effect] {
    guard let shown = way, shown.stations.indices.contains(shown.cursor), let detail else {
      return []
    }
    switch shown.stations[shown.cursor].place {
    case .bundle(let path):
      guard detail.bundles[path.module] != nil else {
        notice = "the record holds no bundle of module \(path.module.number)"
        return []
      }
      way = nil
      self.detail?.go(to: .bundle(path))
      return edits ? beginEdit() : []
    case .input(let module, let steps):
      guard module == detail.record.summary.failer else {
        notice = "module \(module.number) ran before and is not run again; mend its bundle"
        return []
      }
      way = nil
      self.detail?.go(to: .input(steps))
      if edits { beginMapping(steps) }
      return []
    }
  }

  /// One line a station.
  var wayLines: [CheckLine] {
    guard let way, let detail else { return [] }
    let blamed = Set(detail.culprits.compactMap(\.sources.first))
    return way.stations.map { station in
      let indent = SafeText(own: String(repeating: "  ", count: min(station.depth, 12)))
      let doubt: SafeText = station.isExact ? "" : "? "
      switch station.place {
      case .input(let module, let steps):
        let title = detail.blueprint.module(module)?.title ?? ""
        let name = TreePlace.input(steps).text(failer: module)
        var text = indent + doubt + "\(module.number) \(title)  \(name)"
        if let mapping = station.mapping {
          let isSecret =
            module == detail.record.summary.failer && detail.mapped.isSecret(input: steps)
          text +=
            "  ←  "
            + (isSecret
              ? SafeText(own: SecretMask.mask) : SafeText(detail.mask.masked(mapping), limit: 400))
        }
        let isCulprit =
          module == detail.record.summary.failer
          && detail.culprits.contains { $0.input == steps }
        return CheckLine(
          text: (isCulprit ? "! " : "  ") + text, role: isCulprit ? .problem : .plain)
      case .bundle(let path):
        let isBlamed = blamed.contains(path)
        let title = detail.blueprint.module(path.module)?.title ?? ""
        let isSecret =
          detail.mapped.isSecret(path) && !detail.revealed.contains(.bundle(path))
        let value = ValueText.typed(
          detail.bundles.value(at: path), isSecret: isSecret, mask: detail.mask)
        let text =
          indent + doubt + "from \(path.module.number) \(title)  \(path.description)  =  "
          + (detail.bundles[path.module] == nil ? "not in the record" : value)
        return CheckLine(
          text: (isBlamed ? "! " : "  ") + text, role: isBlamed ? .problem : .title)
      }
    }
  }

  func drawWay(into frame: inout Frame) {
    guard let way, let detail else { return }
    let failer = detail.record.summary.failer
    let title: SafeText =
      way.input.map {
        " The way of \(TreePlace.input($0).text(failer: failer)) into "
          + "\(failer.number) \(detail.record.summary.failerTitle)"
      } ?? " The way of a value, upstream"
    frame.put(title, in: frame.area.line(0), .role(.title))
    frame.rule(in: frame.area.line(1))
    let lines = wayLines
    let rows = max(1, size.rows - 5)
    for offset in 0..<rows {
      let index = way.top + offset
      guard lines.indices.contains(index) else { break }
      let isCursor = index == way.cursor
      frame.put(
        (isCursor ? ">" : " ") + lines[index].text, in: frame.area.line(2 + offset),
        Style(role: lines[index].role, isSelected: isCursor), fill: isCursor)
      if isCursor { frame.cursor = (2 + offset, 0) }
    }
    // The whole of the station under the cursor, which may be longer than its line.
    if lines.indices.contains(way.cursor) {
      let whole = lines[way.cursor].text
      frame.put(
        whole.width > size.columns ? whole.clippedInFront(to: size.columns - 2) : "", at: 1,
        in: frame.area.line(size.rows - 3), .role(.faint))
    }
    drawNotice(into: &frame, frame.area.line(size.rows - 2))
    drawKeys(into: &frame, frame.area.line(size.rows - 1))
  }
}
