import CTorch

extension Tensor {
  /// A tensor with a copy of `elements`, row-major, in `shape`.
  public convenience init<Element: TensorElement>(
    _ elements: [Element], shape: [Int], on device: Device = .cpu
  ) throws {
    precondition(
      elements.count == shape.reduce(1, *), "\(elements.count) elements do not fill the shape \(shape)")
    self.init(owning: try elements.withUnsafeBytes { try Tensor.copying($0, Element.dtype, shape, device) })
  }

  /// A vector.
  public convenience init<Element: TensorElement>(_ elements: [Element], on device: Device = .cpu) throws {
    try self.init(elements, shape: [elements.count], on: device)
  }

  /// A tensor with a copy of raw row-major `bytes`, which must be as many as `shape` needs.
  public convenience init(
    bytes: UnsafeRawBufferPointer, dtype: DType, shape: [Int], on device: Device = .cpu
  ) throws {
    self.init(owning: try Tensor.copying(bytes, dtype, shape, device))
  }

  private static func copying(
    _ bytes: UnsafeRawBufferPointer, _ dtype: DType, _ shape: [Int], _ device: Device
  ) throws -> ct_handle {
    var handle = ct_handle()
    try check(
      "init", withShape(shape) { ct_from_bytes(bytes.baseAddress, bytes.count, dtype.code, $0, device.code, &handle) })
    return handle
  }

  /// A tensor all of whose elements are `value`, converted to `dtype`.
  public static func full(
    _ value: Double, _ shape: [Int], _ dtype: DType = .float32, on device: Device = .cpu
  ) throws -> Tensor {
    try withShape(shape) { sizes in
      try made("full") { ct_full(value, dtype.code, sizes, device.code, $0) }
    }
  }

  /// A tensor all of whose elements are 0.
  public static func zeros(_ shape: [Int], _ dtype: DType = .float32, on device: Device = .cpu) throws -> Tensor {
    try full(0, shape, dtype, on: device)
  }

  /// A tensor all of whose elements are 1.
  public static func ones(_ shape: [Int], _ dtype: DType = .float32, on device: Device = .cpu) throws -> Tensor {
    try full(1, shape, dtype, on: device)
  }

  /// Memory that nothing has been written to yet.
  public static func empty(_ shape: [Int], _ dtype: DType = .float32, on device: Device = .cpu) throws -> Tensor {
    try withShape(shape) { sizes in try made("empty") { ct_empty(dtype.code, sizes, device.code, $0) } }
  }

  /// 0, 1, ..., count - 1.
  public static func range(_ count: Int, _ dtype: DType = .int64, on device: Device = .cpu) throws -> Tensor {
    try made("range") { ct_arange(Int64(count), dtype.code, device.code, $0) }
  }

  /// The identity matrix, `[size, size]`.
  public static func identity(_ size: Int, _ dtype: DType = .float32, on device: Device = .cpu) throws -> Tensor {
    try made("identity") { ct_eye(Int64(size), dtype.code, device.code, $0) }
  }

  /// Standard normal samples.
  public static func normal(
    _ shape: [Int], _ dtype: DType = .float32, on device: Device = .cpu, using generator: Generator? = nil
  ) throws -> Tensor {
    try withShape(shape) { sizes in
      try made("normal") { ct_randn(generator?.handle ?? ct_handle(), dtype.code, sizes, device.code, $0) }
    }
  }

  /// Uniform samples in [0, 1).
  public static func uniform(
    _ shape: [Int], _ dtype: DType = .float32, on device: Device = .cpu, using generator: Generator? = nil
  ) throws -> Tensor {
    try withShape(shape) { sizes in
      try made("uniform") { ct_rand(generator?.handle ?? ct_handle(), dtype.code, sizes, device.code, $0) }
    }
  }

  /// The integers 0 ..< count in random order.
  public static func permutation(_ count: Int, using generator: Generator? = nil) throws -> Tensor {
    try made("permutation") { ct_randperm(generator?.handle ?? ct_handle(), Int64(count), $0) }
  }
}
