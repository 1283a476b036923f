/// Where is kept what operators do to a record beside the moves of its life: amendments, drafts that
/// are not saved yet, and what the audit knows.
public protocol AmendmentStore: Sendable {
  /// Carries out an amendment, in one transaction.
  /// - Returns: the new version.
  /// - Throws: `changedMeanwhile` when `version` is not the stored one, `refused` when the record is
  ///   being retried or closed, `unfit` when the blueprint of its scenario is another one by now;
  ///   nothing is written then.
  func amend(
    _ id: RecordID, version: Int, _ amendment: Amendment
  ) async throws(StoreError) -> Int

  /// Adds a line to the audit of a record.
  /// - Throws: `notFound`.
  func note(_ note: RecordNote, on id: RecordID) async throws(StoreError)

  /// The moves of a record's life and the lines added to its audit, oldest first.
  /// - Throws: `notFound`.
  func notes(of id: RecordID) async throws(StoreError) -> [RecordNote]

  /// Keeps what somebody has changed and not saved, instead of an older draft of the same person for
  /// the same record in the same session.
  func keep(_ draft: KeptDraft) async throws(StoreError)

  /// The drafts of somebody for a record, in any session, the newest first.
  func drafts(of id: RecordID, by author: String) async throws(StoreError) -> [KeptDraft]

  /// Makes the draft of one session that of another one, in which it is gone on with: of two that want
  /// it, one gets it.
  /// - Returns: the draft, as it is now; nil when it is not there any more, or when the other session
  ///   has one already.
  func takeDraft(
    of id: RecordID, by author: String, from session: String, to other: String
  ) async throws(StoreError) -> KeptDraft?

  /// Forgets the draft of a session.
  /// - Parameter sequence: up to which change; a newer draft stays.
  func dropDraft(
    of id: RecordID, by author: String, in session: String, upTo sequence: Int
  ) async throws(StoreError)

  /// Keeps what somebody is typing, instead of what the same person typed before in the same session for
  /// the same record and purpose, unless that is newer; an empty text forgets that.
  func keep(_ text: KeptText) async throws(StoreError)

  /// What somebody was typing about a record, in any session, the newest first; nil asks for what is
  /// about several.
  func keptTexts(of id: RecordID?, by author: String) async throws(StoreError) -> [KeptText]
}
