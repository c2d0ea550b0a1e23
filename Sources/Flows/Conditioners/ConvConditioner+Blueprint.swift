extension ConvConditioner {
  /// What the network is, in numbers of the host's memory. Each ActNorm is the bias and the scale of the convolution
  /// before it.
  public func blueprint() throws -> ConditionerBlueprint {
    let hidden = conv2.value.shape[0]
    func normed(_ weight: Parameter, _ norm: ActNorm, inputs: Int, edge: Bool, taps: [Int], _ embedding: [Float]?)
      throws
      -> ConvolutionBlueprint
    {
      ConvolutionBlueprint(
        weight: try weight.floats(), inputs: inputs, outputs: hidden, edgeChannel: edge, taps: taps,
        bias: try norm.bias.floats(), logScale: try norm.logScale.logScales(times: norm.logScaleFactor),
        embedding: embedding)
    }
    let inputs = conv1.value.shape[conv1.value.rank - 2] - (edgeChannel ? 1 : 0)
    return ConditionerBlueprint(
      first: try normed(
        conv1, norm1, inputs: inputs, edge: edgeChannel, taps: taps.blueprint, labelEmbedding.map { try $0.floats() }),
      second: try normed(conv2, norm2, inputs: hidden, edge: false, taps: [4], nil), last: try conv3.blueprint())
  }
}

extension ZeroConv3x3 {
  func blueprint() throws -> ConvolutionBlueprint {
    ConvolutionBlueprint(
      weight: try weight.floats(), inputs: inputs, outputs: outputs, edgeChannel: hasEdgeChannel, taps: taps.blueprint,
      bias: try bias.floats(), logScale: try logScale.logScales(times: Self.logScaleFactor), embedding: nil)
  }
}

extension ConvolutionTaps {
  var blueprint: [Int] { (0..<9).filter { mask >> UInt32(5 * ($0 / 3 + 1) + $0 % 3 + 1) & 1 == 1 } }
}
