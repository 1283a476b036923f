import FettleCore

/// The modules of `ftp` and `sftp`. Only `sftp:TriggerNewFile` was seen in exports; the other ids
/// follow the names of its app.
struct FileModule: Module {
  let transport: Transport
  let connections: any ConnectionOpening
  let descriptor: ModuleDescriptor
  private let operation: Operation

  private enum Operation: Sendable {
    case list, get, upload, move, delete, makeFolder, removeFolder
  }

  /// All of them, for both apps.
  static func all(_ transport: Transport, _ connections: any ConnectionOpening) -> [any Module] {
    func field(_ name: String, _ label: String) -> FieldDescriptor {
      FieldDescriptor(name, label, .text, required: true)
    }
    let path = field("path", "Path")
    let table: [(String, ModuleKind, EffectClass, [FieldDescriptor], Operation)] = [
      (
        "ActionListFiles", .search, .read,
        [
          field("path", "Folder"), FieldDescriptor("limit", "Limit", .number, range: 1...10_000),
          FieldDescriptor("type", "List", .text, choices: ["all", "files", "folders"]),
        ], .list
      ),
      ("ActionGetFile", .action, .read, [path], .get),
      (
        "ActionUploadFile", .action, .idempotent,
        [
          field("path", "Folder"), field("fileName", "File name"),
          FieldDescriptor("data", "Data", nil),
          FieldDescriptor("mode", "If the file exists", .text, choices: ["overwrite", "append"]),
        ], .upload
      ),
      ("ActionMoveFile", .action, .effect, [path, field("newPath", "New path")], .move),
      ("ActionDeleteFile", .action, .idempotent, [path], .delete),
      ("ActionCreateFolder", .action, .effect, [path], .makeFolder),
      ("ActionDeleteFolder", .action, .idempotent, [path], .removeFolder),
    ]
    return ["ftp", "sftp"].flatMap { app in
      table.map { name, kind, effect, fields, operation in
        FileModule(
          transport: transport, connections: connections,
          descriptor: ModuleDescriptor(
            type: "\(app):\(name)", kind: kind, effect: effect, seconds: 130, fields: fields),
          operation: operation)
      }
    }
  }

  /// Appending twice is visible, overwriting twice is not (durability 1).
  func effect(of input: Collection) -> EffectClass {
    operation == .upload && input["mode"]?.text == "append" ? .effect : descriptor.effect
  }

  func perform(
    _ input: Collection, in context: OperationContext
  ) async throws(ModuleError) -> OperationOutput {
    let server = try await FileServer.of(context.module, transport, connections)
    let path = try Self.path(input, "path")
    let output: OperationOutput
    switch operation {
    case .list: output = try await list(input, path, server)
    case .get:
      let answer = try await server.perform(.download(path, of: server.server), path)
      output = OperationOutput([
        [
          "data": .buffer(Buffer(answer.body)), "path": .text(path),
          "fileName": .text(path.split(separator: "/").last.map(String.init) ?? path),
          "fileSize": .integer(answer.body.count),
        ]
      ])
    case .upload:
      let name = try Self.path(input, "fileName")
      let whole = path.isEmpty || path.hasSuffix("/") ? path + name : "\(path)/\(name)"
      // Empty is content too; nothing at all is a mapping that missed.
      guard let data = input["data"], !data.isNull else {
        throw ModuleError(
          .bundleValidation, "\"data\" is required and is empty", field: "data", stage: .input)
      }
      let bytes = contentBytes(data)
      let appends = input["mode"]?.text == "append"
      _ = try await server.perform(
        .upload(bytes, to: whole, of: server.server, appends: appends), whole)
      output = OperationOutput([["path": .text(whole), "fileSize": .integer(bytes.count)]])
    case .move:
      let target = try Self.path(input, "newPath")
      try await server.run(.move(from: path, to: target))
      output = OperationOutput([["path": .text(target)]])
    case .delete: output = try await remove(.delete(path), path, server)
    case .removeFolder: output = try await remove(.removeFolder(path), path, server)
    case .makeFolder:
      try await server.run(.makeFolder(path))
      output = OperationOutput([["path": .text(path)]])
    }
    return server.mask.masked(output)
  }

  private func remove(
    _ command: FileCommand, _ path: String, _ server: FileServer
  ) async throws(ModuleError) -> OperationOutput {
    try await server.run(command)
    return OperationOutput([["path": .text(path)]])
  }

  private func list(
    _ input: Collection, _ path: String, _ server: FileServer
  ) async throws(ModuleError) -> OperationOutput {
    let limit = input["limit"]?.number?.integer ?? 1000
    let kind = input["type"]?.text ?? "all"
    let entries = try await server.list(path).filter {
      kind == "all" || $0.isFolder == (kind == "folders")
    }
    return OperationOutput(entries.prefix(limit).map(\.bundle))
  }

  /// A path: a line end in it would be a command of its own.
  static func path(_ input: Collection, _ field: String) throws(ModuleError) -> String {
    let path = input[field].flatMap(Coercion.text) ?? ""
    guard !path.unicodeScalars.contains(where: { $0.value < 32 || $0.value == 127 }) else {
      throw ModuleError(
        .data, "\"\(field)\" holds a line end or a control character", field: field, stage: .input)
    }
    return path
  }
}

/// `ftp:TriggerNewFile` and `sftp:TriggerNewFile`: the files that were not there at the last run, or
/// have changed since, by name. The first run begins with what is there.
struct TriggerNewFile: Module {
  let transport: Transport
  let connections: any ConnectionOpening
  let descriptor: ModuleDescriptor

  /// Both.
  static func all(_ transport: Transport, _ connections: any ConnectionOpening) -> [any Module] {
    ["ftp:TriggerNewFile", "sftp:TriggerNewFile"].map { type in
      TriggerNewFile(
        transport: transport, connections: connections,
        descriptor: ModuleDescriptor(type: type, kind: .trigger, effect: .read, seconds: 130))
    }
  }

  func perform(
    _ input: Collection, in context: OperationContext
  ) async throws(ModuleError) -> OperationOutput {
    let parameters = context.module.parameters
    let server = try await FileServer.of(context.module, transport, connections)
    let folder = try FileModule.path(parameters, "path")
    let limit = parameters["maxResults"].flatMap(Coercion.number)?.integer ?? 10
    let known = try await DataStore.reading { () async throws(StoreError) in
      try await context.position()
    }?.collection
    // What is gone is forgotten: a file of the same name is new again.
    var seen: Collection = [:]
    var bundles: [Bundle] = []
    var hasChanged = false
    for entry in try await server.list(folder) where !entry.isFolder {
      let name = server.mask.masked(entry.name)
      let mark = Value.text(
        "\(entry.size ?? -1) \(entry.modified.map { "\($0.milliseconds)" } ?? "")")
      if known?[name] == mark {
        seen[name] = mark
      } else if bundles.count < max(1, limit) {
        bundles.append(entry.bundle)
        seen[name] = mark
        hasChanged = true
      } else if let before = known?[name] {
        seen[name] = before
      }
    }
    hasChanged = hasChanged || seen.count != known?.count ?? 0
    return server.mask.masked(
      OperationOutput(
        bundles, changes: hasChanged ? [context.advancing(to: .collection(seen))] : []))
  }
}
