@testable import FlowModels
import Flows
import Foundation
import TestSupport
import Testing
import Torch

@Suite(.serialized) struct GradientTests {
  private let weightY = 0.3

  /// Adds to the gradients from zero, and hands them out by name.
  private func accumulated(
    _ glow: Glow, _ x: Tensor, _ labels: Tensor?, keep: Bool
  ) throws -> (loss: Loss, gradients: [Tensor]) {
    try glow.parameters.zeroGradients()
    let loss = try glow.accumulateGradients(
      x, labels: labels, keeping: keep ? .all(of: glow.configuration) : nil,
      classifierWeight: glow.configuration.classifier ? weightY : 0)
    return (loss, try glow.parameters.parameters.map { try $0.gradient.copy() })
  }

  /// The mean cross-entropy in nats of the classifier's `logits`.
  private func crossEntropy(_ logits: Tensor, _ oneHot: Tensor) throws -> Tensor {
    try -((logits.logSoftmax(1) * oneHot).sum() / Double(logits.shape[0]))
  }

  /// Both memory policies against libtorch's autograd through the whole model.
  @Test(arguments: Variant.all) func equalAutograd(variant: Variant) throws {
    let glow = try variant.model()
    let (x, labels) = (try variant.images(3), try variant.labels(3))
    let parameters = glow.parameters.parameters
    let expected = try autogradGradients(of: parameters, inputs: []) { _ in
      let context = try glow.context(labels, count: 3)
      let pass = try glow.pass(x, under: context)
      let z = pass.latents.last!
      let logProbability = try pass.logProbability + glow.prior.distribution(under: context).logProbability(z)
      var total = try logProbability.mean() * (-1 / (Double(variant.configuration.dimensions) * log(2)))
      if let classifier = glow.classifier {
        total = try total + crossEntropy(classifier.logits(z), context.labels!) * (weightY / log(2))
      }
      return total
    }
    for keep in [false, true] {
      let found = try accumulated(glow, x, labels, keep: keep)
      for (parameter, (a, b)) in zip(parameters, zip(found.gradients, expected.parameters)) {
        try expectClose(a, b, within: 1e-11, "keep \(keep): gradient of \(parameter.name)")
      }
      try expectClose(
        found.loss.logProbability, glow.logProbability(x, labels: labels), within: 1e-13, "log-probability")
      #expect((found.loss.crossEntropy == nil) == !variant.configuration.classifier)
      if let found = found.loss.crossEntropy {
        try expectClose(
          found, crossEntropy(glow.classify(x), glow.conditions(of: labels, count: 3)!), within: 1e-13, "cross-entropy")
      }
    }
  }

  /// A batch taken in parts, with some steps of flow keeping their activations, against the whole without.
  @Test(arguments: Variant.all, [[2, 2], [3, 1], [1, 1, 2]])
  func partsAddUp(variant: Variant, parts: [Int]) throws {
    let glow = try variant.model()
    let (x, labels) = (try variant.images(4), try variant.labels(4))
    let expected = try accumulated(glow, x, labels, keep: false)
    let weightY = glow.configuration.classifier ? weightY : 0
    var kept = KeptActivations.none(of: glow.configuration)
    kept.steps[0] = 1
    try glow.parameters.zeroGradients()
    var start = 0
    let losses = try parts.map { part in
      let range = start..<start + part
      start += part
      return try glow.accumulateGradients(
        x.narrowed(0, range), labels: labels?.narrowed(0, range), keeping: kept, classifierWeight: weightY,
        share: Double(part) / 4)
    }
    for (parameter, gradient) in zip(glow.parameters.parameters, expected.gradients) {
      try expectClose(parameter.gradient, gradient, within: 1e-12, "gradient of \(parameter.name)")
    }
    let loss = try Loss(joining: losses)
    try expectClose(loss.logProbability, expected.loss.logProbability, within: 1e-13, "log-probability")
    #expect((loss.crossEntropy == nil) == (expected.loss.crossEntropy == nil))
    if let found = loss.crossEntropy {
      try expectClose(found, expected.loss.crossEntropy!, within: 1e-13, "cross-entropy")
    }
  }

  /// Some elements of every parameter against central differences of what the public functions return.
  @Test(arguments: [Variant.all[0], .all[1], .all[3]]) func equalFiniteDifferences(variant: Variant) throws {
    let glow = try variant.model()
    let (x, labels) = (try variant.images(2), try variant.labels(2))
    func loss() throws -> Double {
      let nats = try glow.logProbability(x, labels: labels).mean().item()
      let bits = -nats / (Double(variant.configuration.dimensions) * log(2))
      guard variant.configuration.classifier else { return bits }
      let oneHot = try Tensor.identity(variant.configuration.classCount, .float64).selecting(labels!, alongDimension: 0)
      return try bits + weightY * crossEntropy(glow.classify(x), oneHot).item() / log(2)
    }
    let found = try accumulated(glow, x, labels, keep: false)
    for (index, parameter) in glow.parameters.parameters.enumerated() {
      let gradient = try found.gradients[index].elements(Double.self)
      for element in Set([0, index * 7 % gradient.count]) {
        let expected = try finiteDifference(of: parameter.value, at: element, loss)
        expectClose([gradient[element]], [expected], within: 1e-8, "element \(element) of \(parameter.name)")
      }
    }
  }

  @Test(arguments: Variant.all) func float32IsNearFloat64(variant: Variant) throws {
    let (double, single) = (try variant.model(), try variant.model(.float32))
    let labels = try variant.labels(3)
    let x = try variant.images(3, .float32)
    let expected = try accumulated(double, x.converted(to: .float64), labels, keep: false)
    for keep in [false, true] {
      let found = try accumulated(single, x, labels, keep: keep)
      try expectClose(
        found.loss.logProbability.converted(to: .float64), expected.loss.logProbability, within: 1e-5,
        "log-probability")
      for (parameter, (a, b)) in zip(single.parameters.parameters, zip(found.gradients, expected.gradients)) {
        try expectClose(a.converted(to: .float64), b, within: 1e-5, "keep \(keep): gradient of \(parameter.name)")
      }
    }
  }

  @Test(arguments: Variant.all) func aTrainingStepLeavesNothingBehind(variant: Variant) throws {
    let glow = try variant.model(.float32)
    let (x, labels) = (try variant.images(2, .float32), try variant.labels(2))
    func step(keep: Bool) throws {
      try glow.parameters.zeroGradients()
      try glow.accumulateGradients(
        x, labels: labels, keeping: keep ? .all(of: glow.configuration) : nil, classifierWeight: weightY)
      try glow.parameters.values.addInPlace(glow.parameters.gradients, scale: -1e-3)
    }
    for keep in [false, true] {
      // What a step leaves in the model, its condition and its mixes, the next one replaces.
      try step(keep: keep)
      try expectNoLeak("keep \(keep)") { try step(keep: keep) }
    }
  }
}
