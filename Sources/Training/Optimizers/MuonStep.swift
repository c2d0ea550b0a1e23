import CTorch
import Flows
import Torch

/// One step of Muon (Jordan et al. 2024) over the matrices in a vector of parameters: each moves along the orthogonal matrix
/// next to its momentum, so that all directions in it learn alike.
///
/// Its steps are as long as Adam's, 0.2 times the learning rate for each element in the mean (Liu et al. 2025, equation 4): one
/// learning rate fits both.
struct MuonStep: Sendable {
  /// What of the gradients' decayed mean stays with each step.
  static let momentum = 0.95
  /// Matrices with a shorter side have too few directions to gain from it.
  static let shortestSide = 4

  var learningRate: Double
  /// The norm to which larger gradients are scaled down; 0 for none.
  var clip: Double
  /// What part of themselves the values lose before the step.
  var shrinkage: Double

  /// Those of `parameters` that Muon steps through, as they lie in a vector of all.
  static func matrices(of parameters: [Parameter]) -> [ct_matrix] {
    var start = 0
    return parameters.compactMap { parameter in
      defer { start += parameter.value.elementCount }
      let columns = parameter.value.shape.last ?? 1
      let rows = parameter.value.elementCount / columns
      guard parameter.isLinearMap, min(rows, columns) >= shortestSide else { return nil }
      return ct_matrix(start: Int64(start), rows: Int64(rows), columns: Int64(columns))
    }
  }

  /// Changes the matrices in `values`, and their momentum in `mean`, by `gradients`; leaves all else.
  /// - Parameters:
  ///   - norm: that of all gradients, a scalar. If it is not finite, the step is left out.
  ///   - average: with its decay; moves towards the new values.
  func apply(
    to values: Tensor, _ matrices: [ct_matrix], gradients: Tensor, norm: Tensor, mean: Tensor,
    average: (vector: Tensor, decay: Double)? = nil
  ) throws {
    var step = ct_muon(
      momentum: Self.momentum, rate: learningRate, clip: clip, average_decay: average?.decay ?? 0, shrinkage: shrinkage)
    try check(
      "muon", [values, gradients, mean],
      ct_muon_(
        &step, matrices, matrices.count, values.handle, gradients.handle, mean.handle,
        average?.vector.handle ?? ct_handle(), norm.handle))
  }
}
