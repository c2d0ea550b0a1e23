import Safetensors

extension SafetensorsFile {
  /// A copy of the tensor `name`, in its own type.
  /// - Throws: `SafetensorsError` if the file has no such tensor or it is of a type that ``DType`` lacks.
  public func tensor(_ name: String, on device: Device = .cpu) throws -> Tensor {
    let entry = try entry(name)
    guard let dtype = DType(entry.type) else {
      throw SafetensorsError(
        file: path, tensor: name, "is of type \(entry.type.rawValue), which this program does not compute with")
    }
    return try withBytes(of: name) { try Tensor(bytes: $0, dtype: dtype, shape: entry.shape, on: device) }
  }
}

extension SafetensorsItem {
  /// `tensor` under `name`, in its own type; read when it is written.
  public init(name: String, tensor: Tensor) {
    self.init(name: name, type: tensor.dtype.safetensorsType, shape: tensor.shape) { body in
      let bytes = UnsafeMutableRawBufferPointer.allocate(
        byteCount: tensor.elementCount * tensor.dtype.byteWidth, alignment: 64)
      defer { bytes.deallocate() }
      try tensor.copyBytes(to: bytes)
      try body(UnsafeRawBufferPointer(bytes))
    }
  }
}

extension DType {
  init?(_ type: SafetensorsType) {
    guard let match = Self.allCases.first(where: { $0.safetensorsType == type }) else { return nil }
    self = match
  }

  var safetensorsType: SafetensorsType {
    switch self {
    case .uint8: .uint8
    case .int32: .int32
    case .int64: .int64
    case .float16: .float16
    case .bfloat16: .bfloat16
    case .float32: .float32
    case .float64: .float64
    case .bool: .bool
    }
  }
}
