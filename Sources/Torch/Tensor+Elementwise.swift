import CTorch

// One operand

extension Tensor {
  /// e to the power of each element.
  public func exponential() throws -> Tensor { try made("exponential", [self]) { ct_exp(handle, $0) } }

  /// The natural logarithm of each element.
  public func logarithm() throws -> Tensor { try made("logarithm", [self]) { ct_log(handle, $0) } }

  /// The absolute value of each element.
  public func magnitude() throws -> Tensor { try made("magnitude", [self]) { ct_abs(handle, $0) } }

  /// The square root of each element.
  public func squareRoot() throws -> Tensor { try made("squareRoot", [self]) { ct_sqrt(handle, $0) } }

  /// 1 / (1 + e^-x).
  public func sigmoid() throws -> Tensor { try made("sigmoid", [self]) { ct_sigmoid(handle, $0) } }

  /// log(1 / (1 + e^-x)), without overflow.
  public func logSigmoid() throws -> Tensor { try made("logSigmoid", [self]) { ct_log_sigmoid(handle, $0) } }

  /// max(x, 0).
  public func relu() throws -> Tensor { try made("relu", [self]) { ct_relu(handle, $0) } }

  /// The largest integer not above each element.
  public func floor() throws -> Tensor { try made("floor", [self]) { ct_floor(handle, $0) } }

  /// -1, 0 or 1.
  public func sign() throws -> Tensor { try made("sign", [self]) { ct_sign(handle, $0) } }

  /// x * x.
  public func squared() throws -> Tensor { try made("squared", [self]) { ct_square(handle, $0) } }

  /// The hyperbolic tangent.
  public func tanh() throws -> Tensor { try made("tanh", [self]) { ct_tanh(handle, $0) } }

  /// True where an element is neither infinite nor NaN.
  public func isFinite() throws -> Tensor { try made("isFinite", [self]) { ct_isfinite(handle, $0) } }
  /// Whether every element is. Waits for the device.
  public func isAllFinite() throws -> Bool { try isFinite().converted(to: .uint8).minimum().item() == 1 }

  /// The negative of each element.
  public static prefix func - (x: Tensor) throws -> Tensor { try made("-", [x]) { ct_neg(x.handle, $0) } }

  /// Each element, or the bound that it lies beyond.
  public func clamped(_ low: Double, _ high: Double) throws -> Tensor {
    try made("clamped", [self]) { ct_clamp(handle, low, high, $0) }
  }

  /// The gradient through a ReLU whose output was `output`: `self` where it is positive, else 0.
  public func reluBackward(output: Tensor) throws -> Tensor {
    try made("reluBackward", [self, output]) { ct_relu_backward(handle, output.handle, $0) }
  }
}

// Two operands; shapes broadcast as in NumPy

extension Tensor {
  /// The sum of two elements at each place.
  public static func + (a: Tensor, b: Tensor) throws -> Tensor {
    try made("+", [a, b]) { ct_add(a.handle, b.handle, $0) }
  }

  /// The difference of two elements at each place.
  public static func - (a: Tensor, b: Tensor) throws -> Tensor {
    try made("-", [a, b]) { ct_sub(a.handle, b.handle, $0) }
  }

  /// The product of two elements at each place; for that of matrices see ``matmul(_:)``.
  public static func * (a: Tensor, b: Tensor) throws -> Tensor {
    try made("*", [a, b]) { ct_mul(a.handle, b.handle, $0) }
  }

  /// The quotient of two elements at each place, with its fraction for integers too.
  public static func / (a: Tensor, b: Tensor) throws -> Tensor {
    try made("/", [a, b]) { ct_div(a.handle, b.handle, $0) }
  }

  /// `b` added to each element.
  public static func + (a: Tensor, b: Double) throws -> Tensor {
    try made("+", [a]) { ct_add_scalar(a.handle, b, $0) }
  }

  /// `a` added to each element.
  public static func + (a: Double, b: Tensor) throws -> Tensor { try b + a }

  /// `b` taken from each element.
  public static func - (a: Tensor, b: Double) throws -> Tensor { try a + (-b) }

  /// `a` less each element.
  public static func - (a: Double, b: Tensor) throws -> Tensor { try -b + a }

  /// Each element times `b`.
  public static func * (a: Tensor, b: Double) throws -> Tensor {
    try made("*", [a]) { ct_mul_scalar(a.handle, b, $0) }
  }

  /// Each element times `a`.
  public static func * (a: Double, b: Tensor) throws -> Tensor { try b * a }

  /// Each element times `1 / b`.
  public static func / (a: Tensor, b: Double) throws -> Tensor { try a * (1 / b) }

  /// `a` divided by each element.
  public static func / (a: Double, b: Tensor) throws -> Tensor {
    try made("/", [b]) { ct_div_into(a, b.handle, $0) }
  }

  /// The larger of two elements at each place; NaN where either is.
  public func maximum(_ other: Tensor) throws -> Tensor {
    try made("maximum", [self, other]) { ct_maximum(handle, other.handle, $0) }
  }

  /// True where both are equal.
  public func equals(_ other: Tensor) throws -> Tensor {
    try made("equals", [self, other]) { ct_eq(handle, other.handle, $0) }
  }
}

// In place

extension Tensor {
  /// Sets each element to 0.
  public func zeroInPlace() throws { try check("zeroInPlace", [self], ct_zero_(handle)) }
  /// self = max(self, 0)
  public func reluInPlace() throws { try check("reluInPlace", [self], ct_relu_(handle)) }

  /// Takes over the elements of `source`, which is converted to this type and device and broadcasts to this shape.
  public func assign(_ source: Tensor) throws {
    try check("assign", [self, source], ct_copy_(handle, source.handle))
  }

  /// self += alpha * other
  public func addInPlace(_ other: Tensor, scale alpha: Double = 1) throws {
    try check("addInPlace", [self, other], ct_add_(handle, other.handle, alpha))
  }

  /// self *= other
  public func multiplyInPlace(_ other: Tensor) throws {
    try check("multiplyInPlace", [self, other], ct_mul_(handle, other.handle))
  }

  /// self *= factor
  public func multiplyInPlace(_ factor: Double) throws {
    try check("multiplyInPlace", [self], ct_mul_scalar_(handle, factor))
  }

  /// self += weight * (end - self)
  public func lerpInPlace(_ end: Tensor, weight: Double) throws {
    try check("lerpInPlace", [self, end], ct_lerp_(handle, end.handle, weight))
  }

  /// Adds row `i` of `source` to the entry `indices[i]` along `dim`.
  public func addInPlace(_ source: Tensor, at indices: Tensor, alongDimension dim: Int) throws {
    try check(
      "addInPlace", [self, source, indices], ct_index_add_(handle, Int64(dim), indices.handle, source.handle))
  }
}
