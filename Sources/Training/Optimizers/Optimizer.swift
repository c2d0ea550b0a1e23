import CTorch
import Flows
import Foundation
import Torch

/// Adam or Adamax (Kingma & Ba 2015) over a model's whole parameter vector, or Muon (Jordan et al. 2024) over the weights of
/// its convolutions with Adam for all else.
///
/// ```swift
/// let optimizer = try Optimizer(.adamax, glow.parameters)
/// try glow.parameters.gradients.zeroInPlace()
/// _ = try glow.accumulateGradients(
///   images, labels: labels, keeping: nil, classifierWeight: 0, share: 1, onFinal: nil)
/// try optimizer.step(learningRate: 1e-3, norm: glow.parameters.gradients.norm())
/// ```
public final class Optimizer {
  /// The rule that it steps by.
  public let kind: TrainingConfiguration.OptimizerKind
  let parameters: ParameterVector
  /// The decayed mean of the gradients, `[count]`.
  let firstMoment: Tensor
  /// The decayed mean of their squares (Adam) or their decayed maximum (Adamax), `[count]`; zero where Muon steps.
  let secondMoment: Tensor
  /// Calls of ``step(learningRate:norm:clip:average:)`` so far, with those in which a norm was not finite.
  public internal(set) var steps = 0
  private let beta1: Double
  private let beta2: Double
  private let epsilon: Double
  private let weightDecay: Double
  /// Where Muon steps.
  private let matrices: [ct_matrix]
  /// Where it does not.
  private let others: [Range<Int>]

  /// - Parameter weightDecay: times the learning rate, what part of themselves all parameters lose in a step, apart from
  ///   what their gradients do: as in AdamW (Loshchilov & Hutter 2019, algorithm 2). The released code's `weight_decay`
  ///   is the factor that remains, whatever the learning rate: 1 minus that product.
  public init(
    _ kind: TrainingConfiguration.OptimizerKind, _ parameters: ParameterVector, beta1: Double = 0.9,
    beta2: Double = 0.999,
    epsilon: Double = 1e-8, weightDecay: Double = 0
  ) throws {
    self.kind = kind
    self.parameters = parameters
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.weightDecay = weightDecay
    matrices = kind == .muon ? MuonStep.matrices(of: parameters.parameters) : []
    others = Self.gaps(between: matrices, in: parameters.count)
    let values = parameters.values
    firstMoment = try .zeros(values.shape, values.dtype, on: values.device)
    secondMoment = try .zeros(values.shape, values.dtype, on: values.device)
  }

  /// Changes the parameters by their gradients, and moves `average` towards them.
  ///
  /// Adamax as in the released code: `w -= lr * sqrt(1 - beta2^t) / (1 - beta1^t) * m / (max(beta2 u, |g|) + epsilon)`.
  /// - Parameters:
  ///   - norm: of the gradients, a scalar on the device. If it is not finite, neither parameters, moments nor the sum of
  ///     `average` change; the step still counts.
  ///   - clip: the norm to which larger gradients are scaled down; 0 for none.
  public func step(learningRate: Double, norm: Tensor, clip: Double = 0, average: WeightAverage? = nil) throws {
    steps += 1
    let correction1 = 1 - pow(beta1, Double(steps))
    let correction2 = (1 - pow(beta2, Double(steps))).squareRoot()
    let adam = AdamStep(
      usesMaximum: kind == .adamax, beta1: beta1, beta2: beta2,
      epsilon: kind == .adamax ? epsilon : epsilon * correction2, rate: learningRate * correction2 / correction1,
      clip: clip, shrinkage: learningRate * weightDecay)
    let vector = average.map { ($0.sum, $0.decay) }
    for range in others {
      func part(_ vector: Tensor) throws -> Tensor { try vector.narrowed(0, range) }
      try adam.apply(
        to: part(parameters.values), gradients: part(parameters.gradients), norm: norm, firstMoment: part(firstMoment),
        secondMoment: part(secondMoment), average: vector.map { (try part($0.0), $0.1) })
    }
    if !matrices.isEmpty {
      let muon = MuonStep(learningRate: learningRate, clip: clip, shrinkage: learningRate * weightDecay)
      try muon.apply(
        to: parameters.values, matrices, gradients: parameters.gradients, norm: norm, mean: firstMoment,
        average: vector)
    }
    average?.advance()
  }

  private static func gaps(between matrices: [ct_matrix], in count: Int) -> [Range<Int>] {
    let starts = [0] + matrices.map { Int($0.start + $0.rows * $0.columns) }
    let ends = matrices.map { Int($0.start) } + [count]
    return zip(starts, ends).map { $0..<$1 }.filter { !$0.isEmpty }
  }
}

/// An average of the weights over time that forgets exponentially, debiased from zero as in the released code.
public final class WeightAverage {
  /// `[count]`, not yet debiased.
  let sum: Tensor
  /// How much of the total weight `sum` holds so far, below 1.
  public internal(set) var mass = 0.0
  let decay: Double

  /// - Parameter decay: per step, below 1.
  public init(_ parameters: ParameterVector, decay: Double) throws {
    self.decay = decay
    sum = try .zeros(parameters.values.shape, parameters.values.dtype, on: parameters.values.device)
  }

  /// ``Optimizer/step(learningRate:norm:clip:average:)`` has added the newest weights to `sum`.
  func advance() { mass = mass * decay + (1 - decay) }

  /// `[count]`.
  public func value() throws -> Tensor { try sum / mass }
}
