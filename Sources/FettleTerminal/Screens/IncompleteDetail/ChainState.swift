import FettleCore

/// The chain of an opened record: what is drawn of it and where its cursor stands.
struct ChainState: Equatable, Sendable {
  /// The module with the cursor.
  var cursor: ModuleID?
  var top = 0
  /// Whether it is drawn as boxes.
  var isBoxes = false
  /// How far the boxes are moved.
  private(set) var panRow = 0
  private(set) var panColumn = 0
  /// What the module under the cursor took in and gave, when it was asked for.
  var operations: Operations?
  private(set) var boxes: ChainBoxes
  /// The modules that failed, in the order they are drawn.
  private(set) var failed: [ModuleID]
  private var record: IncompleteExecution
  private var today: Blueprint?
  /// Folded runs of done modules that were unfolded, by their first module.
  private var unfolded: Set<ModuleID> = []
  // Drawn when the record changes, not for every frame.
  private var spaced: [ChainDiagram.Line] = []
  private var tight: [ChainDiagram.Line] = []
  private var folded: [ChainDiagram.Line] = []

  /// What one module did in a run.
  struct Operations: Equatable, Sendable {
    let module: ModuleID
    let entries: [JournalEntry]
  }

  init(_ record: IncompleteExecution, today: Blueprint?) {
    self.record = record
    self.today = today
    boxes = ChainBoxes(record, today: today)
    failed = []
    cursor = record.summary.failer
    draw()
  }

  mutating func take(_ record: IncompleteExecution, today: Blueprint?) {
    guard record != self.record || today != self.today else { return }
    self.record = record
    self.today = today
    draw()
  }

  mutating func unfold(_ module: ModuleID) {
    unfolded.insert(module)
    draw()
  }

  mutating func pan(_ rows: Int, _ columns: Int) {
    panRow = max(0, min(panRow + rows, boxes.lines.count - 1))
    panColumn = max(0, min(panColumn + columns, boxes.width - 1))
  }

  /// Moves the boxes as little as brings the failed one into a pane of that size.
  mutating func panToFailed(rows: Int, columns: Int) {
    func moved(_ pan: Int, to place: Int, _ extent: Int, room: Int) -> Int {
      max(0, min(max(pan, place + extent - room), place))
    }
    let failed = boxes.failed
    panRow = moved(panRow, to: failed.row - 1, ChainBoxes.boxRows + 1, room: rows)
    panColumn = moved(panColumn, to: failed.column, ChainBoxes.boxWidth + 1, room: columns)
  }

  private mutating func draw() {
    spaced = ChainDiagram(record, today: today, isSpaced: true).lines
    tight = ChainDiagram(record, today: today).lines
    folded = ChainDiagram(record, today: today, folds: true, except: unfolded).lines
    boxes = ChainBoxes(record, today: today)
    failed = record.blueprint.allModules.map(\.id).filter {
      $0 == record.summary.failer || (record.visit(of: $0)?.failed ?? 0) > 0
    }
  }

  /// The lines for that many rows: spaced when there is room, folded when there is not.
  func lines(rows: Int) -> [ChainDiagram.Line] {
    if spaced.count <= rows { return spaced }
    return tight.count <= rows ? tight : folded
  }
}
