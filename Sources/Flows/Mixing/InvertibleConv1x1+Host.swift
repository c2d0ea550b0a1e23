import Torch

/// The small matrices in Swift's own arithmetic, for tensors on the CPU.
extension InvertibleConv1x1 {
  /// As ``matrix()``.
  func hostMatrix() throws -> SmallMatrix {
    switch form {
    case .plain(let weight): return try SmallMatrix(weight.value)
    case .factored(let stored):
      let factors = try stored.composedOnHost()
      return (factors.lower * factors.upper).takingRows(factors.inverseOrder)
    }
  }

  /// log|det| of `matrix`, which ``hostMatrix()`` gave.
  func hostLogDeterminant(of matrix: SmallMatrix) throws -> Double {
    switch form {
    case .plain: matrix.logDeterminant
    case .factored(let factors): try factors.logDiagonal.value.elements(Double.self).reduce(0, +)
    }
  }

  /// As ``accumulate(_:logDetGradient:)``.
  func accumulate(_ gradient: SmallMatrix, logDetGradient: Double) throws {
    func add(_ contribution: [Double], to parameter: Parameter) throws {
      let tensor = try Tensor(contribution, shape: parameter.value.shape)
      try parameter.gradient.addInPlace(tensor.converted(to: parameter.value.dtype))
    }
    switch form {
    case .plain(let weight):
      let inverse = try SmallMatrix(weight.value).inverted().inverse
      let total = SmallMatrix(size: channels) { gradient[$0, $1] + logDetGradient * inverse[$1, $0] }
      try add(total.elements, to: weight)
    case .factored(let stored):
      let factors = try stored.composedOnHost()
      let inner = gradient.takingRows(factors.order)
      let upperGradient = factors.lower.transposed * inner
      try add((inner * factors.upper.transposed).strictlyLower.elements, to: stored.lower)
      try add(upperGradient.strictlyUpper.elements, to: stored.upper)
      try add(
        zip(upperGradient.diagonal, factors.signedDiagonal).map { $0 * $1 + logDetGradient }, to: stored.logDiagonal)
    }
  }
}
