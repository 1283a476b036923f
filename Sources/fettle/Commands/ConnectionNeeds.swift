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

  /// The same on a command line: identities of hand-made blueprints are placeholders of any form.
  var shellText: String { text.inShell }
}

extension String {
  /// One word for a shell that reads it.
  var inShell: String {
    let plain = allSatisfy {
      $0.isASCII && ($0.isLetter || $0.isNumber || "-_./:=@,+%".contains($0))
    }
    if plain, !isEmpty { return self }
    // Messages put commands into single quotes.
    return contains { "\"$`\\!".contains($0) }
      ? "'\(replacing("'", with: #"'\''"#))'" : "\"\(self)\""
  }
}

extension [ModuleNode] {
  /// For people: `module 3 "Send"`, `modules 3 "Send", 5 "Tell"`.
  var named: String {
    (count == 1 ? "module " : "modules ")
      + map { "\($0.id) \"\($0.title)\"" }.joined(separator: ", ")
  }
}

extension ModuleNode {
  /// The kind of connection that a module which comes with Fettle needs; nil where several would do.
  func connectionKind(of foreign: ForeignConnection) -> String? {
    let names = Self.connectionParameters + keychainParameters
    let parameter = names.first { connection(in: [$0]) == foreign } ?? ""
    switch app {
    case "ftp", "sftp": return app
    case "email": return parameter != "accountImap" && name.contains("Send") ? "smtp" : "imap"
    case "http":
      let words = [parameter.lowercased(), name.lowercased()]
      let kinds = [
        ("proxy", "proxy"), ("apikey", "api-key"), ("basic", "basic"), ("oauth", "oauth2"),
        ("cert", "certificate"), ("tls", "certificate"),
      ]
      for word in words {
        if let kind = kinds.first(where: { word.contains($0.0) }) { return kind.1 }
      }
      return nil
    default: return nil
    }
  }
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
