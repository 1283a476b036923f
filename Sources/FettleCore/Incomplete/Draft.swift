/// One change an operator means to make to a record and has not saved yet.
public struct Draft: Hashable, Sendable {
  /// What a place is a place in.
  public enum Target: String, Sendable, CaseIterable {
    /// A bundle: the path names the module that emitted it.
    case bundle
    /// The mapper in the blueprint of the record: the path names the module it belongs to, and the
    /// value is what stands in the blueprint, a template where it is a text.
    case mapping
  }

  /// The place.
  public let path: ValuePath
  /// What shall stand there; nil takes away what does.
  public let value: Value?
  /// What the place is in.
  public let target: Target

  /// A change of that place.
  public init(path: ValuePath, value: Value?, in target: Target = .bundle) {
    self.path = path
    self.value = value
    self.target = target
  }
}

/// What an operator had changed and not saved, kept outside of the record so that it survives a crash
/// and is offered again.
public struct KeptDraft: Hashable, Sendable {
  /// The record.
  public let record: RecordID
  /// Whose it is.
  public let author: String
  /// Where it was made: a program that runs, in whatever terminal. What is changed in one does not take
  /// the place of what is changed in another.
  public let session: String
  /// The version of the record that was changed.
  public let version: Int
  /// Goes up with every change in its session; an older draft never replaces a newer one.
  public let sequence: Int
  /// The changes, oldest first. Values of secret fields are left out.
  public let drafts: [Draft]
  /// How many changes of secret fields were left out.
  public let withheld: Int
  /// When.
  public let date: Instant

  /// A draft of these parts.
  public init(
    record: RecordID, author: String, session: String = "", version: Int, sequence: Int,
    drafts: [Draft], withheld: Int = 0, date: Instant
  ) {
    self.record = record
    self.author = author
    self.session = session
    self.version = version
    self.sequence = sequence
    self.drafts = drafts
    self.withheld = withheld
    self.date = date
  }
}

extension Draft {
  /// The change as a value, for a store.
  public var stored: Value {
    var fields: Collection = ["path": .text(path.description), "in": .text(target.rawValue)]
    // A value that is missing and one that is null are not the same.
    if let value { fields["value"] = value }
    return .collection(fields)
  }

  /// The change that was stored; nil when the value is something else.
  public init?(stored: Value) {
    guard let fields = stored.collection, let text = fields["path"]?.text,
      let path = try? ValuePath(parsing: text),
      let target = fields["in"]?.text.flatMap(Target.init)
    else { return nil }
    self.init(path: path, value: fields["value"], in: target)
  }
}
