import TestSupport
import Testing
import Torch

@testable import Flows

/// Conditioners whose products read bfloat16 numbers.
@Suite(.serialized) struct ConditionerPrecisionTests {
  static let cases: [ConditionerKernelTests.Case] = [
    .init(), .init(options: ConditionerOptions.all[0]),
    .init(batch: 1, image: [1, 1], inputs: 1, hidden: 2, outputs: 1),
    .init(batch: 2, image: [16, 16], inputs: 3, hidden: 64, outputs: 2),
    .init(batch: 9, image: [4, 4], inputs: 24, hidden: 130, outputs: 48),
    .init(batch: 5, image: [3, 9], hidden: 18, outputs: 5, options: ConditionerOptions.all.last!),
  ]

  /// Two networks with the same weights, the second one in `precision`.
  private func networks(
    _ sizes: ConditionerKernelTests.Case, _ precision: ConditionerPrecision, in dtype: DType = .float32
  ) throws -> (ConvConditioner, ConvConditioner) {
    func network() throws -> ConvConditioner {
      let made = try sizes.options.conditioner(
        inputs: sizes.inputs, outputs: sizes.outputs, hidden: sizes.hidden,
        like: TensorOptions(dtype))
      try randomize(made.parameters)
      return made
    }
    let (exact, rounded) = (try network(), try network())
    rounded.precision = precision
    return (exact, rounded)
  }

  /// A label for each image, in turn.
  private func context(_ sizes: ConditionerKernelTests.Case, _ dtype: DType = .float32) throws -> Context {
    guard sizes.options.conditional else { return .none }
    let labels = try Tensor((0..<sizes.batch).map { $0 % 3 })
    return Context(labels: try Tensor.identity(3, dtype).selecting(labels, alongDimension: 0))
  }

  /// -1, 0 or 1, mostly 0.
  private func sparse(_ shape: [Int], seed: UInt64) throws -> Tensor {
    let numbers = try randomTensor(shape, seed: seed).elements(Double.self).map {
      Float($0 > 1.5 ? 1 : $0 < -1.5 ? -1 : 0)
    }
    return try Tensor(numbers, shape: shape)
  }

  /// Relative to the length of `expected`.
  private func distance(_ found: Tensor, _ expected: Tensor) throws -> Double {
    let length: Double = try expected.norm().item()
    return try (found - expected).norm().item() / max(length, 1e-9)
  }

  /// Numbers of up to 8 binary digits survive the rounding, so that on small integers every result must be that of float32 to
  /// the bit: what is multiplied with what shows.
  @Test(.enabled(if: Runtime.hasBFloat16Products), arguments: cases, [1, 3])
  func kernelIsExactOnSmallIntegers(_ sizes: ConditionerKernelTests.Case, threads: Int) throws {
    let own = Runtime.threadCount
    try Runtime.setThreadCount(threads)
    defer { try! Runtime.setThreadCount(own) }
    let (exact, rounded) = try networks(sizes, .bfloat16)
    let context = try context(sizes)
    for network in [exact, rounded] {
      for (index, parameter) in network.parameters.enumerated() {
        let isScale = parameter.name.hasSuffix("logScale")
        try parameter.value.assign(
          isScale ? .zeros(parameter.value.shape) : sparse(parameter.value.shape, seed: UInt64(index)))
      }
    }
    let x = try sparse([sizes.batch] + sizes.image + [2 * sizes.inputs], seed: 21).splitLast(at: sizes.inputs).0
    let gradOutput = try sparse([sizes.batch] + sizes.image + [sizes.outputs], seed: 22)
    let (expected, found) = (
      try exact.forward(x, under: context, keep: true), try rounded.forward(x, under: context, keep: true)
    )
    #expect(found.saved.tensors[0].dtype == .bfloat16 && expected.saved.tensors[0].dtype == .float32)
    #expect(try expected.saved.tensors[1].maximum().item() <= 256)
    try expectEqual(found.output, expected.output, "output")
    try expectEqual(rounded.forward(x, under: context, keep: false).output, expected.output, "output without keeping")
    for _ in 0..<2 {
      try expectEqual(
        rounded.backward(x: x, saved: found.saved, gradOutput: gradOutput, under: context),
        exact.backward(x: x, saved: expected.saved, gradOutput: gradOutput, under: context), "gradient of the input")
    }
    for (a, b) in zip(rounded.parameters, exact.parameters) {
      try expectEqual(a.gradient, b.gradient, "gradient of \(a.name)")
    }
  }

  /// On other numbers a result is off by the rounding of its factors, 2^-9 each, in the kernel as in libtorch's operations.
  @Test(arguments: cases, [true, false]) func errsByRounding(_ sizes: ConditionerKernelTests.Case, kernel: Bool) throws
  {
    if kernel && !Runtime.hasBFloat16Products { return }
    let (exact, rounded) = try networks(sizes, .bfloat16)
    let context = try context(sizes)
    let x = try randomTensor([sizes.batch] + sizes.image + [sizes.inputs], seed: 1, .float32)
    let gradOutput = try randomTensor([sizes.batch] + sizes.image + [sizes.outputs], seed: 2, .float32)
    let expected = try exact.forward(x, under: context, keep: true)
    let expectedGradient = try exact.backward(x: x, saved: expected.saved, gradOutput: gradOutput, under: context)
    let output: Tensor, gradient: Tensor
    if kernel {
      let found = try rounded.forward(x, under: context, keep: true)
      (output, gradient) = (
        found.output, try rounded.backward(x: x, saved: found.saved, gradOutput: gradOutput, under: context)
      )
    } else {
      let found = try rounded.forwardByProducts(x, context, keep: true)
      output = found.output
      gradient = try rounded.backwardByProducts(x: x, saved: found.saved, gradOutput: gradOutput)
    }
    #expect(output.dtype == .float32 && gradient.dtype == .float32)
    let error = try distance(output, expected.output)
    #expect(error < 0.02 && error > 0)
    let pairs =
      [(gradient, expectedGradient)] + zip(rounded.parameters, exact.parameters).map { ($0.gradient, $1.gradient) }
    for (a, b) in pairs {
      // A ReLU that rounding opens or shuts moves single elements by more.
      #expect(try distance(a, b) < 0.1)
    }
  }

  @Test func obstacles() throws {
    #expect(ConditionerPrecision.float32.obstacle(on: .cpu, hidden: 7) == nil)
    #expect(ConditionerPrecision.tf32.obstacle(on: .cuda(0), hidden: 7) == nil)
    #expect(ConditionerPrecision.bfloat16.obstacle(on: .cuda(0), hidden: 7) == nil)
    #expect(ConditionerPrecision.tf32.obstacle(on: .cpu, hidden: 8)?.contains("NVIDIA") == true)
    #expect(ConditionerPrecision.bfloat16.obstacle(on: .cpu, hidden: 7) != nil)
    #expect((ConditionerPrecision.bfloat16.obstacle(on: .cpu, hidden: 8) == nil) == Runtime.hasBFloat16Products)
  }

  /// An error, no crash and no wrong numbers.
  @Test(.enabled(if: Runtime.hasBFloat16Products)) func refusals() throws {
    let (exact, rounded) = try networks(.init(), .bfloat16)
    let x = try randomTensor([3, 6, 5, 6], seed: 1, .float32)
    let kept = try exact.forward(x, keep: true).saved
    #expect(throws: TorchError.self) { try rounded.backward(x: x, saved: kept, gradOutput: .zeros([3, 6, 5, 12])) }
    #expect(throws: TorchError.self) {
      try networks(.init(), .bfloat16, in: .float64).1.forward(x.converted(to: .float64), keep: false)
    }
    #expect(throws: TorchError.self) { try networks(.init(hidden: 17), .bfloat16).1.forward(x, keep: false) }
  }
}
