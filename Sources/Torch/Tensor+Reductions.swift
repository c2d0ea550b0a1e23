import CTorch

extension Tensor {
  /// The sum over `dims`, or over all of them.
  public func sum(_ dims: [Int] = [], keepingDimensions keep: Bool = false) throws -> Tensor {
    try withShape(dims) { dims in try made("sum", [self]) { ct_sum(handle, dims, keep, $0) } }
  }

  /// The mean over `dims`, or over all of them.
  public func mean(_ dims: [Int] = [], keepingDimensions keep: Bool = false) throws -> Tensor {
    try withShape(dims) { dims in try made("mean", [self]) { ct_mean(handle, dims, keep, $0) } }
  }

  /// The variance (divided by the count) over `dims`, or over all of them.
  public func variance(_ dims: [Int] = [], keepingDimensions keep: Bool = false) throws -> Tensor {
    try withShape(dims) { dims in try made("variance", [self]) { ct_variance(handle, dims, keep, $0) } }
  }

  /// The smallest element over `dims`, or over all of them.
  public func minimum(_ dims: [Int] = [], keepingDimensions keep: Bool = false) throws -> Tensor {
    try withShape(dims) { dims in try made("minimum", [self]) { ct_amin(handle, dims, keep, $0) } }
  }

  /// The largest element over `dims`, or over all of them.
  public func maximum(_ dims: [Int] = [], keepingDimensions keep: Bool = false) throws -> Tensor {
    try withShape(dims) { dims in try made("maximum", [self]) { ct_amax(handle, dims, keep, $0) } }
  }

  /// The square root of the sum of all squares, a scalar.
  public func norm() throws -> Tensor { try made("norm", [self]) { ct_norm(handle, $0) } }

  /// The index of the largest element along `dim`.
  public func argmax(_ dim: Int) throws -> Tensor { try made("argmax", [self]) { ct_argmax(handle, Int64(dim), $0) } }

  /// log(sum(exp(x))) along `dim`.
  public func logSumExp(_ dim: Int) throws -> Tensor {
    try made("logSumExp", [self]) { ct_logsumexp(handle, Int64(dim), $0) }
  }

  /// x - logSumExp(x) along `dim`.
  public func logSoftmax(_ dim: Int) throws -> Tensor {
    try made("logSoftmax", [self]) { ct_log_softmax(handle, Int64(dim), $0) }
  }
}
