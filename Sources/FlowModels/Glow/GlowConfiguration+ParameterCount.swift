extension GlowConfiguration {
  /// Those of a step's permutation of so many channels.
  func permutationParameters(_ channels: Int) -> Int {
    switch permutation {
    case .reverse, .shuffle: 0
    case .conv1x1: channels * channels
    case .conv1x1LU: (2 * channels + 1) * channels
    }
  }

  public var parameterCount: Int {
    let edge = edgeChannel ? 1 : 0
    let everywhere = labelConditioning == .everywhere ? conditionCount : 0
    let isDiagonal = priors == .diagonal
    func zeroConv(_ inputs: Int, _ outputs: Int) -> Int { 9 * (inputs + edge) * outputs + 2 * outputs }

    var total = 0
    for level in 1...levels {
      let channels = self.channels << (level + 1)
      let permutation = permutationParameters(channels)
      let conditioner =
        9 * (channels / 2 + edge) * hidden + everywhere * hidden + hidden * hidden + 4 * hidden
        + zeroConv(hidden, channels / 2 * transform.outputsPerChannel)
      total += steps * (2 * channels + permutation + conditioner)
      if level < levels {
        let pixels = (height >> level) * (width >> level)
        total +=
          isDiagonal
          ? max(1, conditionCount) * channels * pixels
          : zeroConv(channels / 2, channels) + everywhere * channels * pixels
            + (labelConditioning == .priors ? conditionCount * channels : 0)
      }
    }
    let top = latentShape(level: levels)
    if learnTop && !isDiagonal { total += 2 * top[2] * (2 + 9 * edge) }
    total +=
      (isDiagonal ? max(1, conditionCount) : conditionCount) * 2 * top[2]
      * (everywhere > 0 || isDiagonal ? top[0] * top[1] : 1)
    if classifier { total += (top[2] + 2) * classCount }
    return total
  }
}
