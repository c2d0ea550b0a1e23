import FlowModels
import Flows
import Foundation
import TestSupport
import Testing
import Torch

@Suite(.serialized) struct DensityFitTests {
  /// Images of four pixels whose entropy is known: normal numbers under maps that keep volumes on average (a bent one,
  /// a folded one, one whose spread depends on another), rotated and scaled.
  private struct Bananas {
    let scale = 0.15
    let rotation: Tensor

    init() throws { rotation = try randomTensor([4, 4], seed: 1, .float32).qr().q }

    /// Nats per image.
    var entropy: Double { 4 * (0.5 * log(2 * Double.pi) + 0.5 + log(scale)) }

    func images(_ count: Int, using generator: Generator) throws -> Tensor {
      let z = try (0..<4).map { _ in try Tensor.normal([count, 1], using: generator) }
      let bent = try z[1] + (z[0].squared() - 1) * 0.5
      let folded = try z[2] + 2 * bent.tanh()
      // The spread's logarithm has mean 0, so that it adds nothing to the entropy.
      let fanned = try z[3] * (z[0].tanh() * 0.5).exponential() + folded * 0.5
      let joined = try Tensor.concatenating([z[0], bent, folded, fanned], alongDimension: 1)
      return try (joined.matmul(rotation) * scale).reshaped([count, 2, 2, 1])
    }
  }

  /// Adam, with the learning rate going down to zero along a half-cosine.
  private struct Adam {
    let parameters: ParameterVector
    let steps: Int
    let learningRate = 4e-3
    let beta1 = 0.9
    let beta2 = 0.99
    private let mean: Tensor
    private let square: Tensor
    private var step = 0

    init(_ parameters: ParameterVector, steps: Int) throws {
      self.parameters = parameters
      self.steps = steps
      mean = try .zeros(parameters.values.shape)
      square = try .zeros(parameters.values.shape)
    }

    mutating func update() throws {
      step += 1
      let gradient = parameters.gradients
      try mean.lerpInPlace(gradient, weight: 1 - beta1)
      try square.lerpInPlace(gradient.squared(), weight: 1 - beta2)
      let correction = (1 - pow(beta2, Double(step))).squareRoot() / (1 - pow(beta1, Double(step)))
      let rate = learningRate * 0.5 * (1 + cos(Double.pi * Double(step) / Double(steps)))
      try parameters.values.addInPlace(mean / (square.squareRoot() + 1e-8), scale: -rate * correction)
    }
  }

  /// The model's cross-entropy on fresh samples comes near the entropy: the best that any density can do.
  @Test func reachesTheEntropy() throws {
    let data = try Bananas()
    let generator = try Generator(seed: 2)
    let configuration = GlowConfiguration(height: 2, width: 2, channels: 1, levels: 1, steps: 6, hidden: 32)
    let glow = try Glow(configuration, seed: 3)
    try glow.initialize(from: data.images(1024, using: generator))
    let steps = 1500
    try onOneThread {
      var adam = try Adam(glow.parameters, steps: steps)
      for _ in 0..<steps {
        try glow.parameters.zeroGradients()
        try glow.accumulateGradients(data.images(256, using: generator), keeping: .all(of: glow.configuration))
        try adam.update()
      }
    }
    let fresh = try data.images(20_000, using: Generator(seed: 4))
    let crossEntropy = -(try glow.logProbability(fresh).mean().item())
    #expect(abs(crossEntropy - data.entropy) / 4 < 0.02)
  }
}
