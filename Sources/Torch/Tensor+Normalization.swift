import CTorch

extension Tensor {
  /// `(x - mean) / sqrt(variance + epsilon) + bias` per channel of [N, H, W, C], with the batch's own mean and variance
  /// (divided by the count).
  /// - Parameter bias: [C].
  /// - Returns: the same shape; the mean and `1 / sqrt(variance + epsilon)`, [C].
  public func batchNormalized(
    bias: Tensor?, epsilon: Double
  ) throws -> (y: Tensor, mean: Tensor, inverseStandardDeviation: Tensor) {
    let input = try permuted([0, 3, 1, 2])
    var handles = [ct_handle](repeating: ct_handle(), count: 3)
    try check(
      "batchNormalized", [self],
      handles.withUnsafeMutableBufferPointer {
        let first = $0.baseAddress!
        return ct_batch_norm(input.handle, bias?.handle ?? ct_handle(), epsilon, first, first + 1, first + 2)
      })
    let found = handles.map(Tensor.init(owning:))
    return (try found[0].permuted([0, 2, 3, 1]), found[1], found[2])
  }

  /// The gradients of ``batchNormalized(bias:epsilon:)``, through the batch's statistics, given that of its result, `self`.
  /// - Parameters:
  ///   - input: what was normalized.
  ///   - mean: as returned then, as is `inverseStandardDeviation`.
  public func batchNormalizedBackward(
    input: Tensor, mean: Tensor, inverseStandardDeviation: Tensor, epsilon: Double
  ) throws -> (input: Tensor, bias: Tensor) {
    let (gradient, channelsFirst) = (try permuted([0, 3, 1, 2]), try input.permuted([0, 3, 1, 2]))
    var handles = [ct_handle](repeating: ct_handle(), count: 2)
    try check(
      "batchNormalizedBackward", [self, input],
      handles.withUnsafeMutableBufferPointer {
        let first = $0.baseAddress!
        return ct_batch_norm_backward(
          gradient.handle, channelsFirst.handle, mean.handle, inverseStandardDeviation.handle, epsilon, first, first + 1
        )
      })
    return (try Tensor(owning: handles[0]).permuted([0, 2, 3, 1]), Tensor(owning: handles[1]))
  }
}
