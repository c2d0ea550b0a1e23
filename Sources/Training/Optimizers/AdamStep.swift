import CTorch
import Torch

/// One step of Adam or Adamax (Kingma & Ba 2015) over a whole vector of parameters, in one pass over memory.
struct AdamStep: Sendable {
  /// Adamax: the second moment is the decayed maximum of the gradients' magnitudes instead of the mean of their squares.
  var usesMaximum: Bool
  var beta1: Double
  var beta2: Double
  /// Added to the second moment (Adamax) or to its square root (Adam).
  var epsilon: Double
  /// What the quotient of the moments is multiplied by: the learning rate with the corrections of the moments' bias.
  var rate: Double
  /// The norm to which larger gradients are scaled down; 0 for none.
  var clip: Double
  /// What part of themselves the values lose before the step: decoupled weight decay (Loshchilov & Hutter 2019).
  var shrinkage: Double

  init(
    usesMaximum: Bool, beta1: Double, beta2: Double, epsilon: Double, rate: Double, clip: Double,
    shrinkage: Double = 0
  ) {
    self.usesMaximum = usesMaximum
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.rate = rate
    self.clip = clip
    self.shrinkage = shrinkage
  }

  /// Changes `values` and the moments, all vectors of one length, by `gradients`.
  /// - Parameters:
  ///   - norm: that of the gradients, a scalar. If it is not finite, the step is left out.
  ///   - average: with its decay; moves towards the new values.
  func apply(
    to values: Tensor, gradients: Tensor, norm: Tensor, firstMoment: Tensor, secondMoment: Tensor,
    average: (vector: Tensor, decay: Double)? = nil
  ) throws {
    var step = ct_adam(
      maximum: usesMaximum, beta1: beta1, beta2: beta2, epsilon: epsilon, rate: rate, clip: clip,
      average_decay: average?.decay ?? 0, shrinkage: shrinkage)
    try check(
      "adam", [values, gradients, firstMoment, secondMoment],
      ct_adam_(
        &step, values.handle, gradients.handle, firstMoment.handle, secondMoment.handle,
        average?.vector.handle ?? ct_handle(), norm.handle))
  }
}
