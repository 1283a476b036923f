import FettleCore

/// The merge behind an if-else: one bundle out of the branch that ran (semantics 6.4).
struct Merge: Sendable {
  static let type = "builtin:BasicMerge"

  let module: ModuleNode
  let ifElse: ModuleNode
  let flow: [ModuleNode]
  let position: Int
  /// The modules of the branches.
  let inside: Set<ModuleID>
  private let outputs: [Output]
  private let filters: [Filter?]

  private struct Output: Sendable {
    let name: String
    let mappings: [Template?]
  }

  init(_ module: ModuleNode, of ifElse: ModuleNode, at position: Int, in flow: [ModuleNode]) {
    self.module = module
    self.ifElse = ifElse
    self.flow = flow
    self.position = position
    inside = Set(ifElse.withDescendants.dropFirst().map(\.id))
    outputs = (module.document["outputs"]?.array ?? []).compactMap { output in
      guard let fields = output.collection, let name = fields["name"]?.text else { return nil }
      return Output(
        name: name, mappings: (fields["mappings"]?.array ?? []).map { $0.text.map(Template.init) })
    }
    filters = (module.document["filters"]?.array ?? []).map { $0.collection.map(Filter.init) }
  }

  /// Where the mapping of a branch stands. One is written for each merging branch; some exports
  /// have one for each branch.
  private func index(of branch: Int, in count: Int) -> Int {
    count == ifElse.branches.count
      ? branch : ifElse.branches[..<branch].filter(\.merges).count
  }

  func filter(for branch: Int?) -> Filter? {
    guard let branch else { return nil }
    let index = index(of: branch, in: filters.count)
    return filters.indices.contains(index) ? filters[index] : nil
  }

  /// The bundle, from the branch that ran; without one every output is null.
  func bundle(from branch: Int?, in scope: Scope) throws(ModuleError) -> Bundle {
    var bundle: Bundle = [:]
    for output in outputs {
      guard let branch else {
        bundle[output.name] = .null
        continue
      }
      let index = index(of: branch, in: output.mappings.count)
      let mapping = output.mappings.indices.contains(index) ? output.mappings[index] : nil
      do throws(ExpressionError) {
        bundle[output.name] = try mapping?.evaluate(in: scope) ?? .null
      } catch {
        throw ModuleError(
          error.type, "output \(output.name): \(error)", field: output.name, stage: .mapping)
      }
    }
    return bundle
  }
}

extension Cycle {
  /// Takes a bundle down the first branch whose conditions hold, and on behind the merge.
  mutating func choose(
    _ ifElse: ModuleNode, before merge: Merge?, in flow: [ModuleNode], at position: Int,
    sight: VisibleBundles
  ) async throws(StoreError) -> Passage {
    for (index, branch) in ifElse.branchOrder where branch.canBeTaken {
      do throws(ExpressionError) {
        guard try branch.filter?.passes(in: scope(sight)) ?? true else { continue }
      } catch {
        return try await failed(
          ModuleError(
            error.type, "the conditions of branch \(index + 1) failed: \(error)", stage: .filter),
          input: .null, in: flow, at: position, sight: sight)
      }
      visits[ifElse.id, default: ModuleVisit(module: ifElse.id)].emitted += 1
      isAtStart = false
      if branch.flow.isEmpty {
        guard branch.merges, let merge else { return .completed }
        return try await self.merge(merge, from: index, sight: sight)
      }
      return try await process(branch.flow, at: 0, sight: sight)
    }
    isAtStart = false
    guard let merge else { return .completed }
    return try await self.merge(merge, from: nil, sight: sight)
  }

  /// A flow is at its end: a branch goes on behind its if-else, everything else is done.
  mutating func ended(_ flow: [ModuleNode], sight: VisibleBundles) async throws(StoreError)
    -> Passage
  {
    guard let end = plan.end(of: flow) else { return .completed }
    return try await merge(end.merge, from: end.branch, sight: sight)
  }

  /// A walk that begins at a merge, in a resume: the branch that ran is the one that can be seen.
  mutating func enter(_ merge: Merge, sight: VisibleBundles) async throws(StoreError) -> Passage {
    let branch = merge.ifElse.branches.firstIndex { branch in
      branch.flow.contains { sight[$0.id] != nil }
    }
    return try await self.merge(merge, from: branch, sight: sight)
  }

  private mutating func merge(
    _ merge: Merge, from branch: Int?, sight: VisibleBundles
  ) async throws(StoreError) -> Passage {
    visits[merge.module.id, default: ModuleVisit(module: merge.module.id)].seen += 1
    let refusal: FilterRefusal?
    let bundle: Bundle
    do throws(ModuleError) {
      do throws(ExpressionError) {
        refusal = try merge.filter(for: branch)?.refusal(in: scope(sight))
      } catch {
        throw ModuleError(error.type, "the filter failed: \(error)", stage: .filter)
      }
      bundle = refusal == nil ? try merge.bundle(from: branch, in: scope(sight)) : [:]
    } catch {
      return try await failed(
        error, input: .null, in: merge.flow, at: merge.position, sight: sight)
    }
    if let refusal {
      try await stopped(merge.module, by: refusal)
      return .completed
    }
    visits[merge.module.id]?.passed += 1
    execution.operations += 1
    isAtStart = false
    // What ran inside the branches is seen only through the outputs of the merge.
    let isInside = Dictionary(grouping: sight.entries) { merge.inside.contains($0.module) }
    let hidden = VisibleBundles(isInside[true] ?? [])
    // What comes after this bundle in the branch still sees it.
    let isSeen = frames.contains { frame in
      switch frame {
      case .bundles(let source, let remaining):
        !remaining.isEmpty && merge.inside.contains(source)
      case .aggregation(let source, _, _): merge.inside.contains(source)
      case .route, .handler, .hidden: false
      }
    }
    if isSeen { frames.append(.hidden(hidden)) }
    defer { if isSeen { frames.removeLast() } }
    return try await send(
      [bundle], of: merge.module, in: merge.flow, at: merge.position,
      sight: VisibleBundles(isInside[false] ?? []))
  }
}

extension ModuleNode {
  /// The branches in the order they are tried: the one for what met no condition last, wherever it
  /// stands.
  fileprivate var branchOrder: [(Int, Branch)] {
    let numbered = Array(branches.enumerated())
    return
      (numbered.filter { $0.element.filter != nil }
      + numbered.filter { $0.element.filter == nil })
      .map { ($0.offset, $0.element) }
  }
}

extension Branch {
  /// A condition branch without conditions or without modules is switched off, as Make does.
  fileprivate var canBeTaken: Bool {
    guard !isDisabled else { return false }
    guard let filter else { return true }
    return !flow.isEmpty && filter.groups.contains { !$0.isEmpty }
  }
}
