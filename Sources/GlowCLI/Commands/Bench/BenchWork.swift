import FlowModels

/// The floating-point operations that a task cannot do without: multiplications and additions of the convolutions, one
/// each. All else (normalization, elementwise maps, inverting the small matrices, the optimizer) is time without
/// operations.
struct BenchWork {
  /// One pass of one image through the steps of flow: 1x1 convolutions and conditioners.
  let steps: Double
  /// One pass of one image through the convolutions of the split priors.
  let priors: Double

  init(_ model: GlowConfiguration) {
    var (steps, priors) = (0, 0)
    for level in 1...model.levels {
      let pixels = (model.height >> level) * (model.width >> level)
      let channels = model.channels << (level + 1)
      let half = channels / 2
      let outputs = model.coupling == .additive ? half : channels
      let conditioner = 9 * half * model.hidden + model.hidden * model.hidden + 9 * model.hidden * outputs
      steps += pixels * model.steps * (channels * channels + conditioner)
      if level < model.levels { priors += pixels * 9 * half * channels }
    }
    self.steps = 2 * Double(steps)
    self.priors = 2 * Double(priors)
  }

  /// Data to latents, or back.
  func pass(batch: Int) -> Double { Double(batch) * (steps + priors) }

  /// A pass forward, as much again for the gradients of the activations, and once more for those of the weights. The
  /// reversible policy also rebuilds what it did not keep: one more pass of the conditioners, which serves the inversion
  /// and the gradients, and one through the inverse 1x1 matrices.
  func training(batch: Int, memory: BenchPolicy) -> Double {
    let passes =
      switch memory {
      case .reversible: 4.0
      case .keep: 3.0
      }
    return Double(batch) * (passes * steps + 3 * priors)
  }
}
