import FettleCore
import Foundation
import GRDB

extension Migrations {
  /// Which scenarios are confidential, and which records are sealed (`Seal`). What confidential
  /// scenarios stored before stays as it lies until it is resolved: a migration has no key.
  static func seals(_ database: Database) throws {
    try database.execute(
      sql: """
        ALTER TABLE scenario ADD COLUMN confidential INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE record ADD COLUMN sealed INTEGER NOT NULL DEFAULT 0;
        """)
    let scenarios = try Row.fetchAll(
      database,
      sql: """
        SELECT scenario.id, json FROM scenario JOIN blueprint ON blueprint.id = scenario.blueprint
        """)
    for scenario in scenarios {
      let json = [UInt8](scenario[1] as Data)
      guard let document = try? JSONReader.read(json),
        (try? Blueprint(document))?.settings.confidential == true
      else { continue }
      try database.execute(
        sql: "UPDATE scenario SET confidential = 1 WHERE id = ?", arguments: [scenario[0] as Int])
    }
  }
}
