import CTorch

extension Tensor {
  /// The matrix product: `[m, k]` times `[k, n]` is `[m, n]`. Dimensions before the last two broadcast.
  public func matmul(_ other: Tensor) throws -> Tensor {
    try made("matmul", [self, other]) { ct_matmul(handle, other.handle, $0) }
  }

  /// self · other + bias, with `bias` broadcast over rows.
  public func matmul(_ other: Tensor, adding bias: Tensor) throws -> Tensor {
    try made("matmul", [self, other, bias]) { ct_addmm(bias.handle, handle, other.handle, $0) }
  }

  /// self += a · b
  public func addMatmulInPlace(_ a: Tensor, _ b: Tensor) throws {
    try check("addMatmulInPlace", [self, a, b], ct_addmm_(handle, a.handle, b.handle))
  }

  /// self · matrix + offset for rows `[count, in]`, a matrix `[in, out]` of few channels, and an offset `[out]`.
  public func affineRows(_ matrix: Tensor, offset: Tensor) throws -> Tensor {
    guard runsKernels else { return try matmul(matrix, adding: offset) }
    return try made("affineRows", [self, matrix, offset]) {
      ct_affine_rows(handle, matrix.handle, offset.handle, $0)
    }
  }

  /// The gradients of ``affineRows(_:offset:)`` of `self`, given that of its result.
  public func affineRowsBackward(
    _ matrix: Tensor, gradient: Tensor
  ) throws -> (rows: Tensor, matrix: Tensor, offset: Tensor) {
    guard runsKernels else {
      return (
        try gradient.matmul(matrix.transposed), try transposed.matmul(gradient), try gradient.sum([0])
      )
    }
    var handles = [ct_handle](repeating: ct_handle(), count: 3)
    try check(
      "affineRowsBackward", [self, gradient, matrix],
      handles.withUnsafeMutableBufferPointer {
        let first = $0.baseAddress!
        return ct_affine_rows_backward(handle, gradient.handle, matrix.handle, first, first + 1, first + 2)
      })
    return (Tensor(owning: handles[0]), Tensor(owning: handles[1]), Tensor(owning: handles[2]))
  }

  /// Cross-correlation in libtorch's own layout: input [N, C, H, W], weight [out, in, kh, kw], stride 1.
  public func conv2d(_ weight: Tensor, bias: Tensor? = nil, padding: Int) throws -> Tensor {
    try made("conv2d", [self, weight]) {
      ct_conv2d(handle, weight.handle, bias?.handle ?? ct_handle(), Int64(padding), $0)
    }
  }

  /// The gradients of ``conv2d(_:bias:padding:)`` given that of its output, `self`.
  public func conv2dBackward(
    input: Tensor, weight: Tensor, padding: Int
  ) throws -> (input: Tensor, weight: Tensor, bias: Tensor) {
    var handles = [ct_handle](repeating: ct_handle(), count: 3)
    try check(
      "conv2dBackward", [self, input, weight],
      handles.withUnsafeMutableBufferPointer {
        let first = $0.baseAddress!
        return ct_conv2d_backward(
          handle, input.handle, weight.handle, Int64(padding), first, first + 1, first + 2)
      })
    return (Tensor(owning: handles[0]), Tensor(owning: handles[1]), Tensor(owning: handles[2]))
  }

  /// The 3x3 neighborhood of every pixel as a row: [N, H, W, C] to [N·H·W, 9·C], columns ordered (dy, dx, c), zero
  /// beyond the border. With `edgeChannel` every tap has one more column, 1 beyond the border and 0 inside.
  public func patches3x3(edgeChannel: Bool = false) throws -> Tensor {
    try made("patches3x3", [self]) { ct_patches3x3(handle, edgeChannel, $0) }
  }

  /// The transpose of ``patches3x3(edgeChannel:)``: adds each row back onto the pixels that it was taken from.
  /// - Parameter shape: [N, H, W, C], without the edge channel.
  public func patches3x3Adjoint(shape: [Int], edgeChannel: Bool = false) throws -> Tensor {
    precondition(shape.count == 4, "an image batch is [N, H, W, C], not \(shape)")
    return try made("patches3x3Adjoint", [self]) {
      ct_patches3x3_adjoint(
        handle, Int64(shape[0]), Int64(shape[1]), Int64(shape[2]), Int64(shape[3]), edgeChannel, $0)
    }
  }
}
