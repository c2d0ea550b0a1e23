import CTorch

/// A multi-dimensional array that libtorch holds.
///
/// A tensor is a reference: views (`narrowed`, `reshaped`, `permuted`, where libtorch can) share memory with what they were
/// taken from, and the methods whose names end in `InPlace` change it. It is not `Sendable`: a model's tensors belong
/// to one thread. Every operation throws ``TorchError`` when libtorch refuses it, naming the shapes involved.
///
/// ```swift
/// let x = try Tensor([1, 2, 3, 4, 5, 6] as [Float], shape: [2, 3])
/// let gram = try x.matmul(x.transposed)  // [2, 2]
/// let scaled = try 2 * gram + 1
/// print(scaled.shape, try scaled.elements(Float.self))  // [2, 2] [29.0, 65.0, 65.0, 155.0]
/// ```
public final class Tensor {
  package let handle: ct_handle

  package init(owning handle: ct_handle) { self.handle = handle }

  deinit { ct_release(handle) }

  /// Tensors and generators alive in the process: what leak tests count.
  public static var liveHandles: Int { Int(ct_live_handles()) }

  /// The number of dimensions; 0 for a scalar.
  public var rank: Int { Int(ct_rank(handle)) }

  /// The size of each dimension, the outermost first; empty for a scalar.
  public var shape: [Int] {
    let rank = rank
    return [Int](unsafeUninitializedCapacity: rank) { buffer, count in
      buffer.withMemoryRebound(to: Int64.self) { ct_sizes(handle, $0.baseAddress) }
      count = rank
    }
  }

  /// The product of the sizes; 1 for a scalar.
  public var elementCount: Int { shape.reduce(1, *) }
  /// What the elements take; of a view, only those that it sees.
  public var byteCount: Int { elementCount * dtype.byteWidth }
  /// The type of the elements.
  public var dtype: DType { DType(code: ct_dtype_of(handle)) }
  /// Where the elements are.
  public var device: Device { Device(code: ct_device_of(handle)) }
  /// Whether the kernels of this project take it: float32 or float64 on the CPU, outside of autograd.
  public var runsKernels: Bool { ct_kernels_run(handle) }
  /// Whether the elements lie in row-major order with no gaps, as collectives need them.
  public var isContiguous: Bool { ct_is_contiguous(handle) }

  /// Whether both look at the same memory.
  public func sharesMemory(with other: Tensor) -> Bool { ct_same_storage(handle, other.handle) }
}

extension Tensor {
  /// The elements in row-major order, converted to `Element`.
  public func elements<Element: TensorElement>(_ type: Element.Type = Element.self) throws -> [Element] {
    let source = try converted(to: Element.dtype, on: .cpu)
    let count = source.elementCount
    return try [Element](unsafeUninitializedCapacity: count) { buffer, initialized in
      try check(
        "elements", [self],
        ct_copy_bytes(source.handle, buffer.baseAddress, count * MemoryLayout<Element>.stride))
      initialized = count
    }
  }

  /// The value of a tensor with one element. Waits for the device.
  public func item() throws -> Double {
    precondition(elementCount == 1, "item() needs one element, the shape is \(shape)")
    return try elements(Double.self)[0]
  }

  /// Copies the raw bytes, row-major, into `buffer`, whose size must be the tensor's.
  public func copyBytes(to buffer: UnsafeMutableRawBufferPointer) throws {
    try check("copyBytes", [self], ct_copy_bytes(handle, buffer.baseAddress, buffer.count))
  }

  /// The elements as another type, on another device; on the same memory where neither changes.
  /// - Parameter device: nil for the tensor's own.
  public func converted(to dtype: DType, on device: Device? = nil) throws -> Tensor {
    try made("converted", [self]) { ct_to(handle, dtype.code, (device ?? self.device).code, $0) }
  }
}

extension Tensor: CustomStringConvertible {
  public var description: String { "Tensor(\(shape), \(dtype), \(device))" }
}
