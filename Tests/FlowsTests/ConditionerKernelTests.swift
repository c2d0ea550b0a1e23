import TestSupport
import Testing
import Torch

@testable import Flows

/// The kernel against the sequence of libtorch's operations that runs elsewhere, at sizes that fill its tiles and panels
/// and at sizes that do not.
@Suite(.serialized) struct ConditionerKernelTests {
  struct Case: Sendable {
    var batch = 3
    var image = [6, 5]
    var inputs = 6
    var hidden = 100
    var outputs = 12
    var options = ConditionerOptions.all[1]
    /// Of a masked step in this order; nil for all.
    var order: ScanOrder?
  }

  static let cases: [Case] = [
    Case(), Case(options: ConditionerOptions.all[0]), Case(batch: 1, image: [1, 1], inputs: 1, hidden: 1, outputs: 2),
    Case(batch: 2, image: [16, 16], inputs: 2, hidden: 64, outputs: 2),
    Case(batch: 9, image: [4, 4], inputs: 24, hidden: 130, outputs: 48),
    Case(batch: 5, image: [3, 9], hidden: 17, options: ConditionerOptions.all.last!),
    Case(batch: 130, image: [2, 2], hidden: 16, outputs: 7, options: ConditionerOptions.all.last!),
    Case(image: [9, 8], inputs: 3, hidden: 32, outputs: 6, order: .down),
    Case(image: [9, 8], inputs: 3, hidden: 32, outputs: 6, options: ConditionerOptions.all.last!, order: .up),
    Case(batch: 4, image: [16, 17], inputs: 1, hidden: 20, outputs: 2, order: .right),
    Case(batch: 1, image: [40, 5], inputs: 3, hidden: 9, outputs: 6, options: ConditionerOptions.all[0], order: .left),
  ]

  @Test(arguments: cases, [1, 2, 5]) func equalsProducts(_ sizes: Case, threads: Int) throws {
    let own = Runtime.threadCount
    try Runtime.setThreadCount(threads)
    defer { try! Runtime.setThreadCount(own) }
    for (dtype, tolerance) in [(DType.float64, 1e-12), (.float32, 2e-5)] {
      let context = Context(
        labels: sizes.options.conditional ? try randomTensor([sizes.batch, 3], seed: 7, dtype) : nil)
      func network() throws -> ConvConditioner {
        let made = try sizes.options.conditioner(
          inputs: sizes.inputs, outputs: sizes.outputs, hidden: sizes.hidden,
          taps: sizes.order.map { (.before($0), .upTo($0)) } ?? (.square, .square), like: TensorOptions(dtype))
        try randomize(made.parameters)
        return made
      }
      let (kernel, products) = (try network(), try network())
      // The half of wider images, as a coupling hands it over.
      let x = try randomTensor([sizes.batch] + sizes.image + [2 * sizes.inputs], seed: 1, dtype)
        .splitLast(at: sizes.inputs).0
      let gradOutput = try randomTensor([sizes.batch] + sizes.image + [sizes.outputs], seed: 2, dtype)

      let found = try kernel.forward(x, under: context, keep: true)
      let expected = try products.forwardByProducts(x, context, keep: true)
      try expectClose(found.output, expected.output, within: tolerance, "\(dtype) output")
      try expectEqual(
        kernel.forward(x, under: context, keep: false).output, found.output, "\(dtype) output without keeping")
      // Twice: gradients are added to what is there.
      for _ in 0..<2 {
        try expectClose(
          kernel.backward(x: x, saved: found.saved, gradOutput: gradOutput, under: context),
          products.backwardByProducts(x: x, saved: expected.saved, gradOutput: gradOutput), within: tolerance,
          "\(dtype) gradient of the input")
      }
      for (a, b) in zip(kernel.parameters, products.parameters) {
        try expectClose(a.gradient, b.gradient, within: tolerance, "\(dtype) gradient of \(a.name)")
      }
    }
  }

  /// An error, no crash, where tensors do not belong together.
  @Test func shapesAreChecked() throws {
    let network = try ConditionerOptions.all[0].conditioner(
      inputs: 4, outputs: 4, like: TensorOptions(.float32))
    #expect(throws: TorchError.self) { try network.forward(.zeros([1, 2, 2, 3]), keep: false) }
    #expect(throws: TorchError.self) { try network.forward(.zeros([1, 2, 2, 4], .float64), keep: false) }
  }
}
