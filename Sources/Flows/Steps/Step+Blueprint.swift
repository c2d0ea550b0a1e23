extension Step {
  public func blueprint() throws -> [LayerBlueprint]? {
    guard let transform = try transform.blueprint() else { return nil }
    let mix: MixBlueprint
    switch permutation {
    case let fixed as ChannelPermutation: mix = .order(try fixed.indices())
    case let convolution as InvertibleConv1x1: mix = try convolution.mixBlueprint()
    default: return nil
    }
    let scales = try actnorm.logScale.logScales(times: actnorm.logScaleFactor)
    return [.mix(bias: try actnorm.bias.floats(), logScale: scales, mix)] + transform
  }
}
