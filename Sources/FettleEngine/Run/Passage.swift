import FettleCore

/// How the traversal of one bundle ended, seen from the place it was started from.
enum Passage {
  /// It went through, was filtered out, or was dropped by a handler of a module.
  case completed
  /// It left the run: what was left of its traversal, up to the point where bundles split, is in a
  /// record or was given up. The next bundle goes on.
  case fellOut
  /// It is in a record together with the aggregation of that source, which does not emit
  /// (semantics 7.4). The bundle after the one the source was given goes on.
  case suspended(source: ModuleID)
  /// A handler of a router dropped it: the later routes of that router are skipped (semantics 4.2).
  case dropped(by: ModuleID)
  /// A directive was reached, inside a handler route.
  case reached(Directive, mapper: Collection)
  /// The run stops.
  case stop(Ending)

  /// Why a run stops before its last bundle.
  enum Ending {
    /// A failure was stored whose type stops the run; what was done stays done.
    case afterStoring
    /// A Commit directive, or the scenario gave something back.
    case commit
    /// A failure that is not stored, or a Rollback directive.
    case rollBack(FailureDecision.Consequence)
    /// In a retry: the failed module failed again.
    case failedAgain
  }
}

/// A piece of work in progress, as a record would owe it if the bundle failed now.
enum LiveFrame {
  /// A route of a router is being run.
  case route(router: ModuleNode, index: Int, passedAny: Bool)
  /// A bundle of several is being processed; these come after it.
  case bundles(module: ModuleID, remaining: ArraySlice<Bundle>)
  /// The bundles of a source are being aggregated; these aggregators have not emitted.
  case aggregation(source: ModuleID, waiting: [ModuleID], items: [AggregatedItem])
  /// The bundles inside of a branch that cannot be seen behind its merge, while what is owed in the branch
  /// can still see them.
  case hidden(VisibleBundles)
  /// In a retry that begins inside an error handler route: the failure that is being handled.
  case handler(Cycle.Failure, by: HandlerSearch.Found)

  /// What a record notes of it. That a failure is being handled is told by where its module stands.
  var owed: OwedFrame? {
    switch self {
    case .handler: nil
    case .route(let router, let index, let passedAny):
      .routes(router: router.id, after: index, passedAny: passedAny)
    case .bundles(let module, let remaining):
      .bundles(module: module, remaining: Array(remaining))
    case .aggregation(let source, let waiting, let items):
      .aggregation(source: source, waiting: waiting, items: items)
    case .hidden(let bundles): .hidden(bundles)
    }
  }

  var splits: Bool {
    switch self {
    case .bundles, .aggregation: true
    case .route, .handler, .hidden: false
    }
  }
}
