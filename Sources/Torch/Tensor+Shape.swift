import CTorch

extension Tensor {
  /// The same elements in another shape; one size may be -1.
  public func reshaped(_ shape: [Int]) throws -> Tensor {
    try withShape(shape) { sizes in try made("reshaped", [self]) { ct_reshape(handle, sizes, $0) } }
  }

  /// A view with the dimensions in another order: dimension i is what dimension `order[i]` was.
  public func permuted(_ order: [Int]) throws -> Tensor {
    try withShape(order) { dims in try made("permuted", [self]) { ct_permute(handle, dims, $0) } }
  }

  /// The transpose of a matrix, as a view.
  public var transposed: Tensor { get throws { try permuted([1, 0]) } }

  /// A view of `range` along `dim` (negative dimensions count from the end).
  public func narrowed(_ dim: Int, _ range: Range<Int>) throws -> Tensor {
    try made("narrowed", [self]) { ct_narrow(handle, Int64(dim), Int64(range.lowerBound), Int64(range.count), $0) }
  }

  /// Two views, the first `count` entries of the last dimension and the rest.
  public func splitLast(at count: Int) throws -> (Tensor, Tensor) {
    let last = shape[rank - 1]
    return (try narrowed(-1, 0..<count), try narrowed(-1, count..<last))
  }

  /// A copy of some entries along `dim`, in the order of `indices`, one of which may come more than once.
  /// - Parameter indices: `[count]`, int32 or int64, from 0.
  public func selecting(_ indices: Tensor, alongDimension dim: Int) throws -> Tensor {
    try made("selecting", [self, indices]) { ct_index_select(handle, Int64(dim), indices.handle, $0) }
  }

  /// A view in which dimensions of size 1 repeat to fill `shape`; -1 leaves a size as it is.
  public func expanded(to shape: [Int]) throws -> Tensor {
    try withShape(shape) { sizes in try made("expanded", [self]) { ct_expand(handle, sizes, $0) } }
  }

  /// A copy with the entries along each of `dims` in reverse order.
  public func flipped(_ dims: [Int]) throws -> Tensor {
    try withShape(dims) { dims in try made("flipped", [self]) { ct_flip(handle, dims, $0) } }
  }

  /// The elements in row-major order in memory: `self` if they already are.
  public func contiguous() throws -> Tensor { try made("contiguous", [self]) { ct_contiguous(handle, $0) } }

  /// A copy in memory of its own.
  public func copy() throws -> Tensor { try made("copy", [self]) { ct_clone(handle, $0) } }

  /// A copy in memory of its own, on the CPU.
  public func hostCopy() throws -> Tensor { device == .cpu ? try copy() : try converted(to: dtype, on: .cpu) }

  /// A copy of several tensors one after another along `dim`; their other sizes are the same.
  public static func concatenating(_ tensors: [Tensor], alongDimension dim: Int) throws -> Tensor {
    try made("concatenating", tensors) { ct_cat(tensors.map(\.handle), tensors.count, Int64(dim), $0) }
  }
}
