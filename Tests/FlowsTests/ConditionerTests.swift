import Flows
import TestSupport
import Testing
import Torch

@Suite(.serialized) struct ConvConditionerTests {
  /// The output and every gradient, kept activations given, against the network written with conv2d and autograd.
  @Test(arguments: ConditionerOptions.all) func equalsConv2d(options: ConditionerOptions) throws {
    for image in [[5, 7, 3], [1, 1, 2], [1, 6, 1]] {
      let context = Context(labels: options.conditional ? try randomTensor([2, 3], seed: 7) : nil)
      let network = try options.conditioner(
        inputs: image[2], outputs: 4, like: TensorOptions(.float64))
      try randomize(network.parameters)
      let other = try options.autogradConditioner(copying: network)
      let x = try randomTensor([2] + image, seed: 1)
      let gradOutput = try randomTensor([2, image[0], image[1], 4], seed: 2)

      let (output, saved) = try network.forward(x, under: context, keep: true)
      let expected = try other.forward(x, under: context, keep: false).output
      try expectClose(output, expected, within: 1e-13, "\(image): output")
      try expectEqual(
        network.forward(x, under: context, keep: false).output, output, "\(image): output without keeping")

      let gradX = try network.backward(x: x, saved: saved, gradOutput: gradOutput, under: context)
      let expectedGradX = try other.backward(x: x, saved: .nothing, gradOutput: gradOutput, under: context)
      try expectClose(gradX, expectedGradX, within: 1e-13, "\(image): gradient of the input")
      for (a, b) in zip(network.parameters, other.parameters) {
        try expectClose(a.gradient, b.gradient, within: 1e-12, "\(image): gradient of \(a.name)")
      }
    }
  }

  /// After it, what each ActNorm gives has mean 0 and variance 1 per channel on that batch.
  @Test(arguments: ConditionerOptions.all) func initialization(options: ConditionerOptions) throws {
    let context = Context(labels: options.conditional ? try Tensor.identity(3, .float64) : nil)
    let conditioner = try options.conditioner(
      inputs: 2, outputs: 4, hidden: 6, like: TensorOptions(.float64))
    let x = try randomTensor([3, 5, 7, 2], seed: 1, scale: 4) + 1
    let output = try conditioner.initialize(from: x, under: context)
    try expectEqual(output, conditioner.forward(x, under: context, keep: false).output, "the output")

    var network = ReferenceNetwork(conditioner.parameters, prefix: "net", edgeChannel: options.edgeChannel)
    network.logScaleFactor = options.logScaleFactor
    network.labels = context.labels
    let first = try network.normalized(network.firstHidden(x), "norm1")
    let second = try network.normalized(network.secondHidden(first.relu()), "norm2")
    for (name, hidden) in [("first", first), ("second", second)] {
      try expectClose(hidden.mean([0, 1, 2]), .zeros([6], .float64), within: 1e-9, "\(name) ActNorm: mean")
      try expectClose(hidden.variance([0, 1, 2]), .ones([6], .float64), within: 1e-4, "\(name) ActNorm: variance")
    }
  }

  @Test func fresh() throws {
    let conditioner = try ConditionerOptions.all[1].conditioner(
      inputs: 8, outputs: 4, hidden: 64, like: TensorOptions(.float64))
    let x = try randomTensor([2, 3, 3, 8], seed: 1)
    try expectEqual(conditioner.forward(x, keep: false).output, .zeros([2, 3, 3, 4], .float64), "the output")
    let values = Dictionary(uniqueKeysWithValues: conditioner.parameters.map { ($0.name, $0.value) })
    #expect(values["net.conv1.weight"]!.shape == [3, 3, 9, 64])
    for name in ["net.conv1.weight", "net.conv2.weight"] {
      #expect(abs(try values[name]!.variance().squareRoot().item() - 0.05) < 0.002, "\(name)")
      #expect(abs(try values[name]!.mean().item()) < 0.003, "\(name)")
    }
  }
}

@Suite(.serialized) struct AutogradConditionerTests {
  /// A parameter and an input that the output does not depend on get no gradient, rather than an error.
  @Test func unusedArguments() throws {
    let (used, unused) = try (
      Parameter("used", .ones([1], .float64)), Parameter("unused", .ones([1], .float64))
    )
    let conditioner = AutogradConditioner(parameters: [used, unused]) { x, values in
      try values[0] * Tensor.ones(x.shape, x.dtype)
    }
    let x = try randomTensor([1, 2, 2, 1], seed: 1)
    let gradX = try conditioner.backward(x: x, saved: .nothing, gradOutput: .ones(x.shape, .float64))
    try expectEqual(gradX, .zeros(x.shape, .float64), "gradient of the input")
    #expect(try used.gradient.item() == 4)
    #expect(try unused.gradient.item() == 0)
  }

  @Test func graphLivesForOneCall() throws {
    let options = ConditionerOptions.all[0]
    let original = try options.conditioner(inputs: 2, outputs: 4, like: TensorOptions(.float64))
    let conditioner = try options.autogradConditioner(copying: original)
    let x = try randomTensor([1, 3, 3, 2], seed: 1)
    let gradOutput = try randomTensor([1, 3, 3, 4], seed: 2)
    try expectNoLeak("a backward pass") {
      _ = try conditioner.backward(x: x, saved: .nothing, gradOutput: gradOutput)
    }
  }
}

@Suite(.serialized) struct ZeroConv3x3Tests {
  @Test(arguments: [false, true]) func equalsConv2d(edgeChannel: Bool) throws {
    for image in [[5, 7, 3], [1, 1, 1], [2, 1, 4]] {
      let layer = try ZeroConv3x3(
        "net", inputs: image[2], outputs: 5, edgeChannel: edgeChannel, like: TensorOptions(.float64))
      let x = try randomTensor([2] + image, seed: 1)
      try expectEqual(layer.forward(x), .zeros([2, image[0], image[1], 5], .float64), "\(image): a fresh output")

      try randomize(layer.parameters)
      let gradY = try randomTensor([2, image[0], image[1], 5], seed: 2)
      let y = try layer.forward(x)
      let gradX = try layer.backward(x: x, y: y, gradY: gradY)
      let expected = try autogradGradients(of: layer.parameters, inputs: [x]) { leaves in
        let network = ReferenceNetwork(layer.parameters, prefix: "net", edgeChannel: edgeChannel)
        let other = try network.zeroConv(leaves[0])
        try expectClose(y, other.detached(), within: 1e-13, "\(image): output")
        return try (other * gradY).sum()
      }
      try expectClose(gradX, expected.inputs[0], within: 1e-13, "\(image): gradient of the input")
      for (parameter, gradient) in zip(layer.parameters, expected.parameters) {
        try expectClose(parameter.gradient, gradient, within: 1e-12, "\(image): gradient of \(parameter.name)")
      }
    }
  }
}

@Suite(.serialized) struct LabelEmbeddingTests {
  @Test(arguments: [[1, 1, 4], [2, 3, 4]]) func backward(shape: [Int]) throws {
    let embedding = try LabelEmbedding("labels", classes: 3, shape: shape, like: TensorOptions(.float64))
    let rows = try randomTensor([5, 3], seed: 1)
    try expectEqual(embedding(rows), .zeros([5] + shape, .float64), "a fresh embedding")
    try randomize(embedding.parameters)
    let oneHot = try Tensor([0.0, 1, 0], shape: [1, 3])
    try expectEqual(embedding(oneHot), embedding.parameters[0].value.narrowed(0, 1..<2), "one label")

    let gradient = try randomTensor([5, 2, 3, 4], seed: 2)
    let expected = try autogradGradients(of: embedding.parameters, inputs: []) { _ in
      try (embedding(rows) * gradient).sum()
    }
    try embedding.backward(gradient, rows: rows)
    try expectClose(embedding.parameters[0].gradient, expected.parameters[0], within: 1e-13, "gradient")
  }
}

@Suite(.serialized) struct EdgeMapTests {
  /// Sums of the weights of those taps that fall outside, for sizes in turn through one map.
  @Test func countsTapsOutside() throws {
    let map = EdgeMap()
    let weights = try randomTensor([9, 2], seed: 1)
    let values = try weights.elements(Double.self)
    for (height, width, dtype) in [(3, 4, DType.float64), (1, 1, .float64), (1, 1, .float32), (2, 5, .float64)] {
      var expected: [Double] = []
      for (row, column) in (0..<height).flatMap({ row in (0..<width).map { (row, $0) } }) {
        for output in 0..<2 {
          expected.append(
            (0..<9).filter { tap in
              let (y, x) = (row + tap / 3 - 1, column + tap % 3 - 1)
              return !(0..<height).contains(y) || !(0..<width).contains(x)
            }.map { values[2 * $0 + output] }.reduce(0, +))
        }
      }
      let found = try map.contribution(of: weights.converted(to: dtype), height: height, width: width)
      #expect(found.shape == [height, width, 2] && found.dtype == dtype)
      expectClose(try found.elements(), expected, within: 1e-6, "\(height)x\(width)")

      let gradY = try randomTensor([3, height, width, 2], seed: 2, dtype)
      let dot = try (found * gradY).sum().item()
      let adjoint = try (map.gradient(from: gradY) * weights.converted(to: dtype)).sum().item()
      expectClose([adjoint], [dot], within: 1e-5, "\(height)x\(width): gradient")
    }
  }
}
