/// The type of the elements of a tensor in a safetensors file. All are little-endian.
public enum SafetensorsType: String, Sendable, CaseIterable {
  case bool = "BOOL"
  case uint8 = "U8"
  case int8 = "I8"
  case int16 = "I16"
  case uint16 = "U16"
  case float16 = "F16"
  case bfloat16 = "BF16"
  case int32 = "I32"
  case uint32 = "U32"
  case float32 = "F32"
  case float64 = "F64"
  case int64 = "I64"
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
