/// The kind of a failure, by the name Make and Fusion give it.
///
/// The set is open: a service may raise a name the table does not know. Such a type keeps its name
/// for display and for handler filters and is treated as `RuntimeError` (semantics 2.1, rule 2).
public struct ErrorType: RawRepresentable, Hashable, Sendable {
  /// The name as it stands in blueprints, for example `DataError`.
  public let rawValue: String

  /// The type of that name.
  public init(rawValue: String) { self.rawValue = rawValue }

  /// The type of that name.
  public init(_ name: String) { rawValue = name }
}

extension ErrorType {
  /// The service cannot be reached: network, DNS, TLS, 502, 503, 504.
  public static let connection = ErrorType("ConnectionError")
  /// The quota of the service is used up for now.
  public static let rateLimit = ErrorType("RateLimitError")
  /// The storage at the target is full.
  public static let outOfSpace = ErrorType("OutOfSpaceError")
  /// One operation ran longer than its limit.
  public static let moduleTimeout = ErrorType("ModuleTimeoutError")
  /// The data was rejected, by Fettle's validation or by the service.
  public static let data = ErrorType("DataError")
  /// The settings of a module or connection are wrong.
  public static let invalidConfiguration = ErrorType("InvalidConfigurationError")
  /// A token is revoked or expired.
  public static let invalidAccessToken = ErrorType("InvalidAccessTokenError")
  /// A fault inside Fettle or a module.
  public static let unexpected = ErrorType("UnexpectedError")
  /// A file is over the limit.
  public static let maxFileSizeExceeded = ErrorType("MaxFileSizeExceededError")
  /// A search would return more than is allowed.
  public static let maxResultsExceeded = ErrorType("MaxResultsExceededError")
  /// The service refuses a duplicate.
  public static let duplicateData = ErrorType("DuplicateDataError")
  /// A trigger could not fetch all data yet.
  public static let incompleteData = ErrorType("IncompleteDataError")
  /// Anything unclassified.
  public static let runtime = ErrorType("RuntimeError")
  /// A failure during commit or rollback.
  public static let inconsistency = ErrorType("InconsistencyError")
  /// The mapped input does not fit the fields of the module.
  public static let bundleValidation = ErrorType("BundleValidationError")
  /// A run was cut short, by its time limit or by a crash.
  public static let executionInterrupted = ErrorType("ExecutionInterruptedError")
}

/// What becomes of a bundle when the module is not the first, storing is on and no handler is in
/// reach. Source: semantics 2.1, column "Stored".
public enum StoragePolicy: String, Sendable, CaseIterable {
  /// Stored; Fettle tries again by itself.
  case storeAndRetry
  /// Stored; waits for the operator.
  case store
  /// Nothing is stored; the execution fails.
  case fail
}

extension ErrorType {
  /// What follows from a type.
  public struct Row: Sendable, Hashable {
    /// The type.
    public let type: ErrorType
    /// What becomes of the bundle.
    public let stored: StoragePolicy
    /// Whether the scenario itself backs off and reruns when nothing can be stored (rows 4 and 6 of
    /// semantics 3.4).
    public let backsOff: Bool
    /// Whether the run stops after storing and the rest of its bundles goes into the record (row
    /// 12 with D12).
    public let stopsRun: Bool
    /// Whether a scheduled run that ends with it counts towards deactivation (semantics 5.5).
    public let countsAsError: Bool
  }

  /// The table, in the order of semantics 2.1. Every rule about error types reads it.
  ///
  /// D2: `BundleValidationError` is a `DataError` raised before the call. D3: the list of stored
  /// types is closed, so `DuplicateDataError` fails.
  // swift-format-ignore
  public static let table: [Row] = [
    //  type                 stored          backsOff stopsRun counts
    row(.connection,          .storeAndRetry, true,  false, false),
    row(.rateLimit,           .storeAndRetry, true,  false, false),
    row(.outOfSpace,          .storeAndRetry, false, false, true),
    row(.moduleTimeout,       .storeAndRetry, false, false, false),
    row(.data,                .store,         false, false, false),
    row(.bundleValidation,    .store,         false, false, false),
    row(.invalidConfiguration, .store,        false, true,  true),
    row(.invalidAccessToken,  .store,         false, true,  true),
    row(.unexpected,          .store,         false, true,  true),
    row(.maxFileSizeExceeded, .store,         false, false, true),
    row(.maxResultsExceeded,  .store,         false, false, true),
    row(.duplicateData,       .fail,          false, false, false),
    row(.incompleteData,      .fail,          false, false, true),
    row(.runtime,             .fail,          false, false, true),
    row(.inconsistency,       .fail,          false, true,  true),
    row(.executionInterrupted, .fail,         false, false, false),
  ]

  private static func row(
    _ type: ErrorType, _ stored: StoragePolicy, _ backsOff: Bool, _ stopsRun: Bool, _ counts: Bool
  ) -> Row {
    Row(
      type: type, stored: stored, backsOff: backsOff, stopsRun: stopsRun, countsAsError: counts)
  }

  private static let rows = Dictionary(uniqueKeysWithValues: table.map { ($0.type, $0) })
  private static let runtimeRow = row(.runtime, .fail, false, false, true)

  /// What follows from this type; that of `RuntimeError` for a name the table does not know.
  public var row: Row { Self.rows[self] ?? Self.runtimeRow }

  /// The name without its ending, as a narrow column shows it: `Data`, `Connection`, `Timeout`.
  public var shortName: String {
    switch self {
    case .invalidAccessToken: "AccessToken"
    case .invalidConfiguration: "Config"
    case .moduleTimeout: "Timeout"
    case .maxFileSizeExceeded: "MaxFileSize"
    case .maxResultsExceeded: "MaxResults"
    case .executionInterrupted: "Interrupted"
    case .bundleValidation: "Validation"
    default: rawValue.hasSuffix("Error") ? String(rawValue.dropLast(5)) : rawValue
    }
  }
}

extension ErrorType: CustomStringConvertible {
  /// The name.
  public var description: String { rawValue }
}
