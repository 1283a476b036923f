import FettleCore
import GRDB

extension ErrorGroup {
  /// The functions under which the database computes a group: every statement that changes what a
  /// group is made of computes it anew with them.
  static func register(in database: Database) {
    database.add(
      function: DatabaseFunction("fettle_fingerprint", argumentCount: 3, pure: true) { values in
        group(values).fingerprint
      })
    database.add(
      function: DatabaseFunction("fettle_group_text", argumentCount: 3, pure: true) { values in
        group(values).text
      })
  }

  private static func group(_ values: [DatabaseValue]) -> ErrorGroup {
    ErrorGroup(
      errorType: ErrorType(String.fromDatabaseValue(values[0]) ?? ""),
      moduleTitle: String.fromDatabaseValue(values[1]) ?? "",
      reason: String.fromDatabaseValue(values[2]) ?? "")
  }
}

extension RecordRows {
  /// Puts a record into the group that follows from its error and its module.
  func regroup(_ number: Int64) throws {
    try database.run(
      """
      UPDATE record SET fingerprint = fettle_fingerprint(error_type, failer_title, reason)
      WHERE number = ?
      """, .number(number))
    try database.run(
      """
      INSERT OR IGNORE INTO error_group SELECT fingerprint, error_type, failer_title,
        fettle_group_text(error_type, failer_title, reason) FROM record WHERE number = ?
      """, .number(number))
  }
}
