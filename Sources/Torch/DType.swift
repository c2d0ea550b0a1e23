import CTorch

/// The type of a tensor's elements.
public enum DType: String, Sendable, CaseIterable, Codable {
  /// Unsigned, 1 byte: pixels.
  case uint8
  /// Signed, 4 bytes.
  case int32
  /// Signed, 8 bytes: labels and indices.
  case int64
  /// IEEE half precision: 5 bits of exponent, 10 of fraction.
  case float16
  /// The upper half of a float32: 8 bits of exponent, 7 of fraction.
  case bfloat16
  /// IEEE single precision: 8 bits of exponent, 23 of fraction.
  case float32
  /// IEEE double precision: 11 bits of exponent, 52 of fraction.
  case float64
  /// A byte each: what comparisons give.
  case bool

  /// Bytes per element.
  public var byteWidth: Int {
    switch self {
    case .uint8, .bool: 1
    case .float16, .bfloat16: 2
    case .int32, .float32: 4
    case .int64, .float64: 8
    }
  }

  /// False for integers and `bool`.
  public var isFloatingPoint: Bool {
    switch self {
    case .float16, .bfloat16, .float32, .float64: true
    default: false
    }
  }

  var code: ct_dtype {
    switch self {
    case .uint8: CT_UINT8
    case .int32: CT_INT32
    case .int64: CT_INT64
    case .float16: CT_FLOAT16
    case .bfloat16: CT_BFLOAT16
    case .float32: CT_FLOAT32
    case .float64: CT_FLOAT64
    case .bool: CT_BOOL
    }
  }

  init(code: ct_dtype) {
    self = Self.allCases.first { $0.code == code }!
  }
}

/// A Swift number that can be a tensor's element.
public protocol TensorElement: Sendable, BitwiseCopyable {
  /// The type of a tensor of such numbers: `int64` for `Int`, `float32` for `Float`.
  static var dtype: DType { get }
}

extension UInt8: TensorElement { public static var dtype: DType { .uint8 } }
extension Int32: TensorElement { public static var dtype: DType { .int32 } }
extension Int64: TensorElement { public static var dtype: DType { .int64 } }
extension Int: TensorElement { public static var dtype: DType { .int64 } }
extension Float: TensorElement { public static var dtype: DType { .float32 } }
extension Double: TensorElement { public static var dtype: DType { .float64 } }
extension Bool: TensorElement { public static var dtype: DType { .bool } }
