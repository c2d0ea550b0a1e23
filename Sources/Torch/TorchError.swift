import CTorch
import Foundation

/// A libtorch operation that failed: which, on what shapes, and libtorch's own words.
public struct TorchError: Error, LocalizedError, CustomStringConvertible {
  /// The method or operator that failed, such as `matmul`.
  public let operation: String
  /// The shapes of the tensors that the operation was given, in order.
  public let shapes: [[Int]]
  /// The first line of what libtorch said.
  public let message: String

  /// Holds what its parts say; `description` makes a sentence of them.
  public init(operation: String, shapes: [[Int]], message: String) {
    self.operation = operation
    self.shapes = shapes
    self.message = message
  }

  public var description: String {
    let operands = shapes.isEmpty ? "" : " of " + shapes.map(\.description).joined(separator: ", ")
    return "\(operation)\(operands): \(message)"
  }

  public var errorDescription: String? { description }
}

/// Throws what libtorch said if `status` is not zero.
@inline(__always)
package func check(_ operation: StaticString, _ operands: @autoclosure () -> [Tensor], _ status: ct_status) throws {
  guard status == 0 else { throw lastError(operation, operands()) }
}

@inline(__always)
package func check(_ operation: StaticString, _ status: ct_status) throws { try check(operation, [], status) }

@inline(never)
private func lastError(_ operation: StaticString, _ operands: [Tensor]) -> TorchError {
  let text = String(cString: ct_last_error())
  let firstLine = text.split(separator: "\n", maxSplits: 1).first.map(String.init) ?? text
  return TorchError(operation: "\(operation)", shapes: operands.map(\.shape), message: firstLine)
}

/// The tensor that `call` leaves behind its pointer.
@inline(__always)
package func made(
  _ operation: StaticString, _ operands: @autoclosure () -> [Tensor] = [],
  _ call: (UnsafeMutablePointer<ct_handle>) -> ct_status
) throws -> Tensor {
  var handle = ct_handle()
  try check(operation, operands(), call(&handle))
  return Tensor(owning: handle)
}

/// Two tensors from one call.
@inline(__always)
package func madePair(
  _ operation: StaticString, _ operands: @autoclosure () -> [Tensor],
  _ call: (UnsafeMutablePointer<ct_handle>, UnsafeMutablePointer<ct_handle>) -> ct_status
) throws -> (Tensor, Tensor) {
  var first = ct_handle()
  var second = ct_handle()
  try check(operation, operands(), call(&first, &second))
  return (Tensor(owning: first), Tensor(owning: second))
}

/// Lends a shape to C for the length of the call.
@inline(__always)
func withShape<R>(_ sizes: [Int], _ body: (ct_shape) throws -> R) rethrows -> R {
  try sizes.withUnsafeBufferPointer { buffer in
    try buffer.withMemoryRebound(to: Int64.self) { try body(ct_shape(sizes: $0.baseAddress, count: $0.count)) }
  }
}
