import Flows
import Foundation
import Torch

/// Adam or Adamax (Kingma & Ba 2015) over a model's whole parameter vector.
public final class Optimizer {
  public let kind: TrainingConfiguration.Optimizer
  let parameters: ParameterVector
  /// The decayed mean of the gradients, `[count]`.
  let firstMoment: Tensor
  /// The decayed mean of their squares (Adam) or their decayed maximum (Adamax), `[count]`.
  let secondMoment: Tensor
  public internal(set) var steps = 0
  private let beta1: Double
  private let beta2: Double
  private let epsilon: Double

  public init(
    _ kind: TrainingConfiguration.Optimizer, _ parameters: ParameterVector, beta1: Double = 0.9, beta2: Double = 0.999,
    epsilon: Double = 1e-8
  ) throws {
    self.kind = kind
    self.parameters = parameters
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    let values = parameters.values
    firstMoment = try .zeros(values.shape, values.dtype, on: values.device)
    secondMoment = try .zeros(values.shape, values.dtype, on: values.device)
  }

  /// Changes the parameters by their gradients.
  ///
  /// Adamax as in the released code: `w -= lr * sqrt(1 - beta2^t) / (1 - beta1^t) * m / (max(beta2 u, |g|) + epsilon)`.
  public func step(learningRate: Double) throws {
    steps += 1
    let gradient = parameters.gradients
    let correction1 = 1 - pow(beta1, Double(steps))
    let correction2 = (1 - pow(beta2, Double(steps))).squareRoot()
    try firstMoment.lerpInPlace(gradient, weight: 1 - beta1)
    let rate = learningRate * correction2 / correction1
    switch kind {
    case .adamax:
      try secondMoment.multiplyInPlace(beta2)
      try secondMoment.maximumInPlace(gradient.magnitude())
      try parameters.values.addQuotientInPlace(firstMoment, secondMoment + epsilon, scale: -rate)
    case .adam:
      try secondMoment.multiplyInPlace(beta2)
      try secondMoment.addProductInPlace(gradient, gradient, scale: 1 - beta2)
      let deviation = try secondMoment.squareRoot() + epsilon * correction2
      try parameters.values.addQuotientInPlace(firstMoment, deviation, scale: -rate)
    }
  }
}

/// An average of the weights over time that forgets exponentially, debiased from zero as in the released code.
public final class WeightAverage {
  /// `[count]`, not yet debiased.
  let sum: Tensor
  /// How much of the total weight `sum` holds so far, below 1.
  public internal(set) var mass = 0.0
  private let decay: Double

  /// - Parameter decay: per step, below 1.
  public init(_ parameters: ParameterVector, decay: Double) throws {
    self.decay = decay
    sum = try .zeros(parameters.values.shape, parameters.values.dtype, on: parameters.values.device)
  }

  public func update(_ values: Tensor) throws {
    try sum.lerpInPlace(values, weight: 1 - decay)
    mass = mass * decay + (1 - decay)
  }

  /// `[count]`.
  public func value() throws -> Tensor { try sum / mass }
}

extension ParameterVector {
  /// Scales the gradients down to the norm `limit` if theirs is larger.
  /// - Returns: the norm before, a scalar on the device.
  public func clipGradients(to limit: Double) throws -> Tensor {
    let norm = try gradients.squared().sum().squareRoot()
    if limit > 0 { try gradients.multiplyInPlace((limit / (norm + 1e-12)).clamped(0, 1)) }
    return norm
  }
}
