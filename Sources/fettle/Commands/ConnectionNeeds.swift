import FettleCore
import FettleProgram
import FettleSQLite

/// The connections a blueprint names, each with the modules that use it, in the order of the flow.
struct ConnectionNeeds {
  private(set) var all: [(foreign: ForeignConnection, modules: [ModuleNode])] = []

  init(_ blueprint: Blueprint) {
    for module in blueprint.allModules {
      for foreign in module.connections {
        if let known = all.firstIndex(where: { $0.foreign == foreign }) {
          all[known].modules.append(module)
        } else {
          all.append((foreign, [module]))
        }
      }
    }
  }
}

extension ForeignConnection {
  /// `slack:12345`, as it is said to `fettle connection use`.
  init?(_ text: String) {
    guard let colon = text.lastIndex(of: ":"), colon > text.startIndex,
      text.index(after: colon) < text.endIndex
    else { return nil }
    self.init(app: String(text[..<colon]), id: String(text[text.index(after: colon)...]))
  }

  /// As it is said to `fettle connection use`.
  var text: String { "\(app):\(id)" }
}

extension Workshop {
  /// The connection an identity means here: the one that was said, else the one with that name; nil
  /// when there is none.
  func meaning(of foreign: ForeignConnection) async throws(CommandFailure) -> String? {
    try await reporting { () async throws(StoreError) in
      if let name = try await store.meaning(of: foreign) { return name }
      return try await store.connection(named: foreign.id)?.name
    }
  }
}
