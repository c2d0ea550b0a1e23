import FlowModels
import Flows

/// A family of models that `glow bench` measures.
protocol BenchConfiguration: FlowConfiguration {
  var work: BenchWork { get }
  /// Its sizes.
  /// - Parameter name: of the shape that flags changed.
  func described(as name: String) -> BenchReport.Shape
}

/// The floating-point operations that a task cannot do without: multiplications and additions of the convolutions, one
/// each. All else (normalization, elementwise maps, inverting the small matrices, the optimizer) is time without
/// operations.
struct BenchWork {
  /// One pass of one image through the conditioners of each group of steps, in the order of
  /// ``MultiscaleArchitecture/Level/groups``, level by level.
  var conditioners: [Double] = []
  /// One pass of one image through the 1x1 convolutions.
  var mixing = 0.0
  /// One pass of one image through the convolutions of the split priors.
  var priors = 0.0

  /// One pass of one image through the steps of flow.
  private var steps: Double { conditioners.reduce(mixing, +) }

  /// Data to latents, or back.
  func pass(batch: Int) -> Double { Double(batch) * (steps + priors) }

  /// A pass forward, as much again for the gradients of the activations, and once more for those of the weights. The
  /// reversible policy also computes again what it did not keep: one more pass of the conditioners, which serves the
  /// inversion and the gradients, and one through the 1x1 matrices or their inverses.
  func training(batch: Int, memory: BenchPolicy) -> Double {
    let passes =
      switch memory {
      case .reversible: 4.0
      case .keep: 3.0
      }
    return Double(batch) * (passes * steps + 3 * priors)
  }

  /// The backward pass of one image through a group's conditioners, with the forward pass that the reversible policy needs.
  func conditionersBackward(_ group: Int, memory: BenchPolicy) -> Double {
    conditioners[group] * (memory == .keep ? 2 : 3)
  }
}

extension GlowConfiguration: BenchConfiguration {
  var work: BenchWork {
    var work = BenchWork()
    for level in 1...levels {
      let pixels = (height >> level) * (width >> level)
      let channels = channels << (level + 1)
      let half = channels / 2
      let outputs = coupling == .additive ? half : channels
      work.conditioners.append(
        operations(pixels * steps * (9 * half * hidden + hidden * hidden + 9 * hidden * outputs)))
      work.mixing += operations(pixels * steps * channels * channels)
      if level < levels { work.priors += operations(pixels * 9 * half * channels) }
    }
    return work
  }

  func described(as name: String) -> BenchReport.Shape {
    BenchReport.Shape(
      name: name, kind: Self.kind, coupling: coupling.rawValue, levels: levels, steps: steps, hidden: hidden,
      size: height, channels: channels)
  }
}

extension MaskedGlowConfiguration: BenchConfiguration {
  /// Masked convolutions have weights, and operations, for the taps that they see.
  var work: BenchWork {
    var work = glow.work
    let pixels = height * width
    let (first, last) = (ConvolutionTaps.before(.down).count, ConvolutionTaps.upTo(.down).count)
    let network = first * channels * pixelHidden + pixelHidden * pixelHidden + last * pixelHidden * 2 * channels
    work.conditioners.insert(operations(pixels * pixelSteps * network), at: 0)
    work.mixing += operations(pixels * pixelSteps * channels * channels)
    return work
  }

  func described(as name: String) -> BenchReport.Shape {
    var shape = glow.described(as: name)
    shape.kind = Self.kind
    (shape.pixelSteps, shape.pixelHidden) = (pixelSteps, pixelHidden)
    return shape
  }
}

/// A multiplication is followed by an addition.
private func operations(_ multiplications: Int) -> Double { 2 * Double(multiplications) }
