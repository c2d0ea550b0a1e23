import Foundation
import TestSupport
import Testing
import Torch
@testable import Flows

/// The kernel's own exp and log in float32 against the library's in float64, one number an image.
@Suite(.serialized) struct ShiftScaleKernelTests {
  private typealias Function = (name: String, scale: CouplingTransform.Scale, of: (Double) -> Double)

  /// From where sigmoid and exp are nearly 0 to where they are large, and densely about 0.
  private let raw: [Float] = (-4000...4000).map { Float($0) / 50 } + (-1000...1000).map { Float($0) / 1e5 }

  private func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }

  @Test func scales() throws {
    let functions: [Function] = [
      ("exponential", .exponential, { exp($0) }), ("sigmoid", .sigmoid(minimum: 0), { sigmoid($0 + 2) }),
      ("sigmoid from 0.3", .sigmoid(minimum: 0.3), { 0.3 + 0.7 * sigmoid($0 + 2) }),
      ("bounded", .bounded, { exp(tanh($0)) }),
    ]
    let output = try Tensor(raw.flatMap { [0, $0] }, shape: [raw.count, 1, 1, 2])
    for (name, scale, function) in functions {
      // With x = 1 and no shift, the second channel becomes the scale.
      let (y, logDet) = try ShiftScaleKernel(scale: scale, kept: 1).forward(.ones(output.shape), output: output)
      let found: [Double] = try y.narrowed(3, 1..<2).elements()
      let logs: [Double] = try logDet.elements()
      for (index, raw) in raw.enumerated() {
        let expected = function(Double(raw))
        // Three units in the last place of a result that is itself rounded.
        let (error, logError) = (abs(found[index] - expected), abs(logs[index] - log(expected)))
        #expect(error <= 3.6e-7 * expected, "\(name) of \(raw) is \(found[index]), expected \(expected)")
        #expect(
          logError <= 4e-7 * max(1, abs(log(expected))), "log \(name) of \(raw) is \(logs[index]), not \(log(expected))"
        )
      }
    }
  }

  @Test func whatIsNotFiniteStaysVisible() throws {
    for scale in [CouplingTransform.Scale.exponential, .sigmoid(minimum: 0), .sigmoid(minimum: 0.3), .bounded] {
      let output = try Tensor([Float(0), .nan], shape: [1, 1, 1, 2])
      let (y, logDet) = try ShiftScaleKernel(scale: scale, kept: 1).forward(.ones([1, 1, 1, 2]), output: output)
      #expect(try y.narrowed(3, 1..<2).item().isNaN && logDet.item().isNaN, "\(scale)")
    }
    let large = try Tensor([Float(0), 100], shape: [1, 1, 1, 2])
    let (y, _) = try ShiftScaleKernel(scale: .exponential, kept: 1).forward(.ones([1, 1, 1, 2]), output: large)
    #expect(try y.narrowed(3, 1..<2).item() == .infinity)
  }
}
