import CTorch

extension Tensor {
  /// The part on and below `diagonal`, the rest zero.
  public func lowerTriangle(diagonal: Int = 0) throws -> Tensor {
    try made("lowerTriangle", [self]) { ct_tril(handle, Int64(diagonal), $0) }
  }

  /// The part on and above `diagonal`, the rest zero.
  public func upperTriangle(diagonal: Int = 0) throws -> Tensor {
    try made("upperTriangle", [self]) { ct_triu(handle, Int64(diagonal), $0) }
  }

  /// The diagonal of a matrix, or the diagonal matrix of a vector.
  public func diagonal() throws -> Tensor { try made("diagonal", [self]) { ct_diag(handle, $0) } }

  /// The inverse of a square matrix.
  /// - Throws: ``TorchError`` for a singular one on the CPU; on a GPU the result is then not finite.
  public func inverse() throws -> Tensor { try made("inverse", [self]) { ct_inverse(handle, $0) } }

  /// The sign of the determinant and the logarithm of its absolute value.
  public func signAndLogDeterminant() throws -> (sign: Tensor, logDeterminant: Tensor) {
    try madePair("signAndLogDeterminant", [self]) { ct_slogdet(handle, $0, $1) }
  }

  /// Singular values, largest first.
  public func singularValues() throws -> Tensor {
    try made("singularValues", [self]) { ct_singular_values(handle, $0) }
  }

  /// Q with orthonormal columns and an upper triangular R, with self = Q · R.
  public func qr() throws -> (q: Tensor, r: Tensor) { try madePair("qr", [self]) { ct_qr(handle, $0, $1) } }

  /// P, L and U with self = P · L · U.
  public func plu() throws -> (p: Tensor, l: Tensor, u: Tensor) {
    var p = ct_handle()
    var l = ct_handle()
    var u = ct_handle()
    try check("plu", [self], ct_plu(handle, &p, &l, &u))
    return (Tensor(owning: p), Tensor(owning: l), Tensor(owning: u))
  }
}
