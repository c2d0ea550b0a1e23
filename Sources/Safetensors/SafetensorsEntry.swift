/// The type of the elements of a tensor in a safetensors file. All are little-endian.
public enum SafetensorsType: String, Sendable, CaseIterable {
  /// A byte each: 0 is false, 1 is true.
  case bool = "BOOL"
  /// Unsigned, 1 byte.
  case uint8 = "U8"
  /// Signed, 1 byte.
  case int8 = "I8"
  /// Signed, 2 bytes.
  case int16 = "I16"
  /// Unsigned, 2 bytes.
  case uint16 = "U16"
  /// IEEE half precision, 2 bytes: 5 bits of exponent, 10 of fraction.
  case float16 = "F16"
  /// The upper half of a float32, 2 bytes: 8 bits of exponent, 7 of fraction.
  case bfloat16 = "BF16"
  /// Signed, 4 bytes.
  case int32 = "I32"
  /// Unsigned, 4 bytes.
  case uint32 = "U32"
  /// IEEE single precision, 4 bytes.
  case float32 = "F32"
  /// IEEE double precision, 8 bytes.
  case float64 = "F64"
  /// Signed, 8 bytes.
  case int64 = "I64"
  /// Unsigned, 8 bytes.
  case uint64 = "U64"

  /// The size of one element in bytes.
  public var byteWidth: Int {
    switch self {
    case .bool, .uint8, .int8: 1
    case .int16, .uint16, .float16, .bfloat16: 2
    case .int32, .uint32, .float32: 4
    case .float64, .int64, .uint64: 8
    }
  }

  /// The size of a tensor in bytes, or nil where a dimension is negative or the size does not fit in an `Int`.
  ///
  /// The size must fit even with dimensions of zero left out, so that strides computed from the shape fit too.
  func byteCount(shape: [Int]) -> Int? {
    var count = byteWidth
    for dimension in shape where dimension != 0 {
      let (product, overflow) = count.multipliedReportingOverflow(by: dimension)
      guard dimension > 0, !overflow else { return nil }
      count = product
    }
    return shape.contains(0) ? 0 : count
  }
}

/// What a safetensors file says about one of its tensors.
public struct SafetensorsEntry: Sendable, Hashable {
  /// The name of the tensor.
  public let name: String
  /// The type of its elements.
  public let type: SafetensorsType
  /// Its dimensions, outermost first: the elements are in row-major order. A scalar has none.
  public let shape: [Int]
  /// Where its elements lie in the data of the file, which begins behind the header.
  public let byteRange: Range<Int>

  /// The number of its elements.
  public var elementCount: Int { byteRange.count / type.byteWidth }
}
