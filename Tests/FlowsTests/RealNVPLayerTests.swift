import Foundation
import TestSupport
import Testing
import Torch

@testable import Flows

private var inTraining: Context { Context(statistics: .batch) }

private let masks: [CouplingMask] = [
  .checkerboard(keepsOdd: false), .checkerboard(keepsOdd: true), .channels(keepsFirst: true),
  .channels(keepsFirst: false),
]

/// Running averages that are no longer what they start from.
private func randomize(_ buffers: [Buffer]) throws {
  for (index, buffer) in buffers.enumerated() {
    let noise = try randomTensor(buffer.value.shape, seed: 200 + UInt64(index), scale: 0.3)
    let value = try buffer.name.hasSuffix("Variance") ? noise.exponential() : noise
    try buffer.value.assign(value)
  }
}

private func conditioner(
  _ mask: CouplingMask, channels: Int, blocks: Int = 2, like options: TensorOptions
) throws -> ResidualConditioner {
  let inputs = mask.isCheckerboard ? channels : channels / 2
  return try ResidualConditioner(
    "net", inputs: inputs, hidden: 5, outputs: 2 * inputs, blocks: blocks, mask: mask, like: options,
    using: Generator(seed: 11))
}

/// A coupling whose network, rescaling and running averages are random.
private func coupling(
  _ mask: CouplingMask, channels: Int, blocks: Int = 2, like options: TensorOptions
) throws -> Coupling {
  let network = try conditioner(mask, channels: channels, blocks: blocks, like: options)
  try randomize(network.buffers)
  return try Coupling(
    "coupling", .affine(.rescaledTanh(start: 0.7)), mask: mask, conditioner: network, like: options)
}

/// Forward and backward of a layer that normalizes by the batch's statistics, against libtorch's autograd through them.
private func checkTraining(
  _ name: String, _ layer: any Bijection, image: [Int],
  sourceLocation: SourceLocation = #_sourceLocation
) throws {
  let x = try randomTensor([3] + image, seed: 2)
  let (gradY, gradLogDet) = (try randomTensor([3] + image, seed: 3), try randomTensor([3], seed: 4))
  let expected = try autogradGradients(of: layer.parameters, inputs: [x]) { leaves in
    let forward = try layer.forward(leaves[0], under: inTraining, keep: false)
    return try (forward.y * gradY).sum() + (forward.logDet * gradLogDet).sum()
  }
  for keep in [false, true] {
    for parameter in layer.parameters { try parameter.gradient.zeroInPlace() }
    let forward = try layer.forward(x, under: inTraining, keep: keep)
    let found = try withInference {
      try layer.backward(
        y: forward.y, saved: forward.saved, gradY: gradY, gradLogDet: gradLogDet, under: inTraining)
    }
    try expectClose(found.x, x, within: 1e-9, "\(name): rebuilt, keep \(keep)", sourceLocation: sourceLocation)
    try expectClose(
      found.gradX, expected.inputs[0], within: 1e-9, "\(name): gradient, keep \(keep)",
      sourceLocation: sourceLocation)
    for (parameter, gradient) in zip(layer.parameters, expected.parameters) {
      try expectClose(
        parameter.gradient, gradient, within: 1e-9, "\(name): gradient of \(parameter.name), keep \(keep)",
        sourceLocation: sourceLocation)
    }
  }
}

@Suite(.serialized) struct LogitTransformTests {
  @Test(arguments: [0.05, 0.2]) func battery(alpha: Double) throws {
    try checkBijection("LogitTransform", image: [3, 5, 2], domain: { try $0.sigmoid() - 0.5 }) { _ in
      LogitTransform(alpha: alpha)
    }
  }

  /// logit(0.05 + 0.9 p), with the slope in the log-determinant.
  @Test func formula() throws {
    let x = try Tensor([-0.5, 0, 0.25, 0.5], shape: [1, 2, 2, 1])
    let found = try LogitTransform(alpha: 0.05).forward(x, keep: false)
    let p = [0.05, 0.5, 0.725, 0.95]
    expectClose(try found.y.elements(), p.map { log($0 / (1 - $0)) }, within: 1e-14, "logits")
    expectClose(
      [try found.logDet.item()], [p.map { log(0.9 / ($0 * (1 - $0))) }.reduce(0, +)], within: 1e-14, "log-determinant")
  }

  /// The ends of the range, and what no image gives.
  @Test(arguments: [DType.float32, .float64]) func extremes(dtype: DType) throws {
    let transform = LogitTransform(alpha: 0.05)
    let ends = try Tensor([-0.5, 0.5], shape: [1, 1, 2, 1]).converted(to: dtype)
    let there = try transform.forward(ends, keep: false)
    #expect(try there.y.isFinite().elements(Bool.self).allSatisfy { $0 })
    try expectClose(transform.inverse(there.y), ends, within: 1e-6, "back")
    let far = try transform.inverse(Tensor.full(1e4, [1, 1, 1, 1], dtype))
    expectClose([try far.item()], [0.95 / 0.9 - 0.5], within: 1e-6, "beyond the white")
  }
}

@Suite(.serialized) struct BatchNormTests {
  @Test func battery() throws {
    for image in [[5, 7, 3], [1, 1, 1]] {
      try checkBijection("BatchNorm", image: image) {
        let layer = try BatchNorm("norm", channels: image[2], like: $0)
        try randomize(layer.buffers)
        return layer
      }
    }
  }

  @Test func gradientsRunThroughTheBatchsStatistics() throws {
    let layer = try BatchNorm("norm", channels: 3, like: TensorOptions(.float64))
    try checkTraining("BatchNorm", layer, image: [4, 5, 3])
  }

  /// In training the output has mean 0 and variance 1, and the log-determinant is that of the affine map.
  @Test(arguments: [DType.float32, .float64]) func training(dtype: DType) throws {
    let layer = try BatchNorm("norm", channels: 2, like: TensorOptions(dtype))
    let x = try (randomTensor([4, 5, 7, 2], seed: 1) * Tensor([0.5, 3.0]) + Tensor([2.0, -1.0])).converted(to: dtype)
    let found = try layer.forward(x, under: inTraining, keep: false)
    let tolerance = dtype == .float64 ? 1e-12 : 1e-5
    let variance = try x.variance([0, 1, 2])
    try expectClose(found.y.mean([0, 1, 2]), .zeros([2], dtype), within: tolerance, "mean")
    try expectClose(found.y.variance([0, 1, 2]), variance / (variance + 1e-4), within: tolerance, "variance")
    let expected = try (variance + 1e-4).logarithm().sum().item() * -0.5 * 35
    expectClose(try found.logDet.elements(), [Double](repeating: expected, count: 4), within: tolerance, "log-det")
    #expect(try layer.averages.mean.value.elements(Double.self) == [0, 0], "a forward pass changes no average")
  }

  @Test func initializationSetsTheRunningAverages() throws {
    let layer = try BatchNorm("norm", channels: 3, like: TensorOptions(.float64))
    let x = try randomTensor([4, 5, 7, 3], seed: 1) * 2 + 1
    let y = try layer.initialize(from: x)
    try expectClose(layer.averages.mean.value, x.mean([0, 1, 2]), within: 1e-12, "mean")
    try expectClose(layer.averages.variance.value, x.variance([0, 1, 2]), within: 1e-12, "variance")
    try expectClose(layer.forward(x, keep: false).y, y, within: 1e-12, "evaluation on the same batch")
  }

  /// One update a step moves the averages by its weight towards the mean of the step's parts.
  @Test func runningAverages() throws {
    let layer = try BatchNorm("norm", channels: 2, like: TensorOptions(.float64))
    let parts = try [randomTensor([2, 3, 3, 2], seed: 1) + 4, randomTensor([3, 3, 3, 2], seed: 2) * 3]
    for x in parts {
      let y = try layer.forward(x, under: inTraining, keep: false).y
      _ = try layer.backward(
        y: y, saved: .nothing, gradY: y, gradLogDet: .zeros([x.shape[0]], .float64), under: inTraining)
    }
    #expect(try layer.averages.mean.value.elements(Double.self) == [0, 0], "before the update")
    try layer.averages.update()
    let mean = try (parts[0].mean([0, 1, 2]) + parts[1].mean([0, 1, 2])) / 2
    let variance = try (parts[0].variance([0, 1, 2]) + parts[1].variance([0, 1, 2])) / 2
    try expectClose(layer.averages.mean.value, mean * 0.1, within: 1e-12, "mean")
    try expectClose(layer.averages.variance.value, variance * 0.1 + 0.9, within: 1e-12, "variance")
    try layer.averages.update()
    try expectClose(layer.averages.mean.value, mean * 0.1, within: 1e-12, "nothing noted since")
  }

  @Test func constantChannelsStayFinite() throws {
    let layer = try BatchNorm("norm", channels: 1, like: TensorOptions(.float32))
    let x = try Tensor.full(0.3, [2, 3, 3, 1])
    let forward = try layer.forward(x, under: inTraining, keep: false)
    let back = try layer.backward(y: forward.y, saved: .nothing, gradY: x, gradLogDet: .ones([2]), under: inTraining)
    for tensor in [forward.y, forward.logDet, back.gradX] { #expect(try tensor.isAllFinite()) }
    try expectClose(back.x, x, within: 1e-6, "rebuilt")
  }
}

@Suite(.serialized) struct RescaledCouplingTests {
  @Test(arguments: masks, [0, 2]) func battery(mask: CouplingMask, blocks: Int) throws {
    let image = mask.isCheckerboard ? [3, 5, 2] : [3, 4, 4]
    try checkBijection("rescaled Coupling \(mask)", image: image) {
      try coupling(mask, channels: image[2], blocks: blocks, like: $0)
    }
  }

  @Test(arguments: [CouplingMask.checkerboard(keepsOdd: true), .channels(keepsFirst: false)])
  func gradientsRunThroughTheBatchsStatistics(mask: CouplingMask) throws {
    let layer = try coupling(mask, channels: 4, like: TensorOptions(.float64))
    try checkTraining("rescaled Coupling \(mask)", layer, image: [4, 5, 4])
  }

  /// Couplings and normalizations in a chain, as the model has them.
  @Test func inAChain() throws {
    let options = TensorOptions(.float64)
    let chain = Chain([
      try coupling(masks[0], channels: 2, like: options),
      try BatchNorm("norm1", channels: 2, like: options), Squeeze(),
      try coupling(masks[2], channels: 8, like: options),
      try BatchNorm("norm2", channels: 8, like: options), SqueezeBack(),
    ])
    try checkTraining("Chain", chain, image: [4, 6, 2])
  }

  /// What the mask keeps passes through, the rest is `(x + shift) * exp(rescale * tanh(raw))`.
  @Test(arguments: masks) func formula(mask: CouplingMask) throws {
    let layer = try coupling(mask, channels: 4, like: TensorOptions(.float64))
    let x = try randomTensor([2, 3, 5, 4], seed: 1)
    let (y, there) = (try layer.forward(x, keep: false).y.elements(Double.self), try x.elements(Double.self))
    let kept = (0..<x.elementCount).map { index in
      let (row, column, channel) = (index / 20 % 3, index / 4 % 5, index % 4)
      return switch mask {
      case .checkerboard(let keepsOdd): ((row + column) % 2 == 1) == keepsOdd
      case .channels(let keepsFirst): (channel < 2) == keepsFirst
      }
    }
    #expect(kept.filter(\.self).count == (mask.isCheckerboard ? (mask == masks[1] ? 56 : 64) : 60))
    let input: Tensor
    if mask.isCheckerboard {
      input = try x * Tensor(kept.map { $0 ? 1.0 : 0 }, shape: x.shape)
    } else {
      input = try mask == masks[2] ? x.splitLast(at: 2).0 : x.splitLast(at: 2).1
    }
    let output = try layer.conditioner.forward(input, keep: false).output
    let (shift, raw) = try output.splitLast(at: output.shape[3] / 2)
    let whole = { (tensor: Tensor) -> [Double] in
      // At the transformed half's place among the channels.
      try mask.isCheckerboard
        ? tensor.elements() : Tensor.concatenating([tensor, tensor], alongDimension: -1).elements()
    }
    let (shifts, raws) = (try whole(shift), try whole(raw))
    var logDets = [0.0, 0.0]
    for index in kept.indices {
      guard !kept[index] else {
        #expect(y[index] == there[index])
        continue
      }
      let logScale = 0.7 * tanh(raws[index])
      logDets[index / 60] += logScale
      #expect(abs(y[index] - (there[index] + shifts[index]) * exp(logScale)) < 1e-12)
    }
    expectClose(try layer.forward(x, keep: false).logDet.elements(), logDets, within: 1e-12, "log-determinant")
    let range = try scaleRange(of: layer, x)
    #expect(range.minimum >= exp(-0.7) && range.maximum <= exp(0.7) && range.minimum < range.maximum)
  }

  /// A rescaling of 0 leaves the scales at 1, whatever the network says.
  @Test func startsWithoutScaling() throws {
    let options = TensorOptions(.float64)
    let network = try conditioner(masks[0], channels: 2, like: options)
    let layer = try Coupling(
      "c", .affine(.rescaledTanh(start: 0)), mask: masks[0], conditioner: network, like: options)
    let x = try randomTensor([2, 4, 4, 2], seed: 1)
    _ = try layer.initialize(from: x)
    try expectEqual(layer.forward(x, keep: false).logDet, .zeros([2], .float64), "log-determinant")
    #expect(try scaleRange(of: layer, x) == (1, 1))
  }

  /// Another network may take the residual one's place.
  @Test func throughAutograd() throws {
    try checkBijection("rescaled Coupling through autograd", image: [3, 4, 4]) {
      let weight = try Parameter("w", randomTensor([2, 4], seed: 7, $0.dtype))
      let network = AutogradConditioner(parameters: [weight]) { x, values in try x.matmul(values[0]).tanh() }
      return try Coupling(
        "c", .affine(.rescaledTanh(start: 0.5)), mask: masks[2], conditioner: network, like: $0)
    }
  }
}

@Suite(.serialized) struct ResidualConditionerTests {
  /// Initialization sets every running average from the batch: evaluation then gives what it gave.
  @Test(arguments: [masks[1], masks[2]]) func initialization(mask: CouplingMask) throws {
    let network = try conditioner(mask, channels: 4, like: TensorOptions(.float64))
    let x = try randomTensor([3, 4, 4, mask.isCheckerboard ? 4 : 2], seed: 1)
    let output = try network.initialize(from: x)
    try expectClose(network.forward(x, keep: false).output, output, within: 1e-11, "output")
    #expect(network.statistics.count == 6 && network.buffers.count == 12)
    for statistics in network.statistics {
      #expect(try statistics.mean.value.magnitude().maximum().item() > 0, "\(statistics.mean.name)")
    }
    let names = (network.parameters.map(\.name) + network.buffers.map(\.name)).sorted()
    #expect(names == Set(names).sorted())
  }

  /// The length of a direction is without effect; a magnitude scales its output.
  @Test func weightNormalization() throws {
    let conv = try WeightNormConv(
      "conv", size: 3, inputs: 2, outputs: 3, hasMagnitude: true, hasBias: false, like: TensorOptions(.float64),
      using: Generator(seed: 1))
    let x = try randomTensor([2, 4, 5, 2], seed: 1)
    let y = try conv.forward(x)
    try conv.weight.value.assign(conv.weight.value * Tensor([0.1, 2.0, 30.0]))
    try expectClose(conv.forward(x), y, within: 1e-12, "other lengths")
    try conv.magnitude!.value.assign(conv.magnitude!.value * 2)
    try expectClose(conv.forward(x), y * 2, within: 1e-12, "twice the magnitude")
    // One output against the definition: the sum over the neighborhood of the normalized direction, times the magnitude.
    let (w, v) = (try conv.weight.value.elements(Double.self), try x.elements(Double.self))
    let length = w.indices.filter { $0 % 3 == 1 }.reduce(0) { $0 + w[$1] * w[$1] }.squareRoot()
    var sum = 0.0
    for (dy, dx) in [(0, 0), (0, 1), (1, 0), (1, 1), (2, 0), (2, 1), (0, 2), (1, 2), (2, 2)] {
      let (row, column) = (1 + dy - 1, 0 + dx - 1)
      guard column >= 0 else { continue }
      for c in 0..<2 { sum += w[((dy * 3 + dx) * 2 + c) * 3 + 1] * v[(row * 5 + column) * 2 + c] }
    }
    let magnitude = 2 * 3 / 6.0.squareRoot()
    let found = try conv.forward(x).elements(Double.self)[(1 * 5 + 0) * 3 + 1]
    #expect(abs(found - sum / length * magnitude) < 1e-12)
  }
}

/// The inverse of a squeeze, so that a chain's output has its input's shape.
private final class SqueezeBack: Bijection {
  private let squeeze = Squeeze()
  var parameters: [Parameter] { [] }

  func forward(_ x: Tensor, under context: Context, keep: Bool) throws -> Forward {
    Forward(try squeeze.inverse(x), logDet: try .zeros([x.shape[0]], x.dtype))
  }

  func inverse(_ y: Tensor, under context: Context) throws -> Tensor { try squeeze.forward(y, keep: false).y }

  func backward(
    y: Tensor, saved: Saved, gradY: Tensor, gradLogDet: Tensor, under context: Context
  ) throws -> (x: Tensor, gradX: Tensor) {
    (try inverse(y), try inverse(gradY))
  }
}
