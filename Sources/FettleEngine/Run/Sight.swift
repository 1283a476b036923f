import FettleCore

/// What can be mapped at a place in the flow: the bundles of the modules before it.
struct Sight {
  private(set) var visible: VisibleBundles
  private(set) var byModule: [ModuleID: Bundle]

  init(_ visible: VisibleBundles = VisibleBundles()) {
    self.visible = visible
    byModule = visible.byModule
  }

  /// The same with the bundle of one more module, or another bundle of a module.
  func adding(_ bundle: Bundle, of module: ModuleID) -> Sight {
    var sight = self
    sight.visible[module] = bundle
    sight.byModule[module] = bundle
    return sight
  }

  /// The same without the modules that cannot be mapped from elsewhere.
  func keeping(_ modules: some Sequence<ModuleID>) -> Sight {
    let kept = Set(modules)
    return Sight(VisibleBundles(visible.entries.filter { kept.contains($0.module) }))
  }
}
