import Foundation

/// A tensor to be written into a safetensors file.
public struct SafetensorsItem {
  /// The name of the tensor.
  public let name: String
  /// The type of its elements.
  public let type: SafetensorsType
  /// Its dimensions, outermost first; empty for a scalar.
  public let shape: [Int]

  let withBytes: (_ body: (UnsafeRawBufferPointer) throws -> Void) throws -> Void

  /// A tensor whose bytes are asked for when it is their turn to be written.
  /// - Parameters:
  ///   - withBytes: calls its argument with the elements, little-endian and in row-major order: at once, or in
  ///     consecutive pieces. It is called once, on the thread of the caller of `write`.
  public init(
    name: String, type: SafetensorsType, shape: [Int],
    withBytes: @escaping (_ body: (UnsafeRawBufferPointer) throws -> Void) throws -> Void
  ) {
    self.name = name
    self.type = type
    self.shape = shape
    self.withBytes = withBytes
  }

  /// A tensor whose bytes are at hand, little-endian and in row-major order.
  public init(name: String, type: SafetensorsType, shape: [Int], bytes: some ContiguousBytes) {
    self.init(name: name, type: type, shape: shape) { body in try bytes.withUnsafeBytes(body) }
  }
}
