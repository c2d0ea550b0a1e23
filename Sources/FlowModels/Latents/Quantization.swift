import Foundation
import Torch

/// Between bytes and the continuous images that a model describes.
///
/// ```swift
/// let quantization = Quantization(bits: 8)
/// let pixels = try Tensor([0, 128, 255] as [UInt8])
/// let x = try quantization.dequantize(pixels)  // in -1/2 ..< 1/2
/// print(try quantization.quantize(x).elements(UInt8.self))  // [0, 128, 255]
/// ```
public struct Quantization: Sendable {
  /// Bits per channel, 1 to 8.
  public let bits: Int

  /// - Parameter bits: per channel, 1 to 8.
  public init(bits: Int) {
    precondition((1...8).contains(bits), "a channel has 1 to 8 bits, got \(bits)")
    self.bits = bits
  }

  private var cells: Double { Double(1 << bits) }
  private var step: Double { Double(1 << (8 - bits)) }

  /// `(floor(pixel / 2^(8-n)) + u) / 2^n - 1/2`
  /// - Parameters:
  ///   - pixels: uint8, `[batch, height, width, channel]`.
  ///   - noise: u in [0, 1), same shape; nil for the centers of the cells, u = 1/2.
  /// - Returns: the same shape, in -1/2 ..< 1/2.
  public func dequantize(_ pixels: Tensor, noise: Tensor? = nil, as dtype: DType = .float32) throws -> Tensor {
    var x = try pixels.converted(to: dtype)
    if bits < 8 { x = try (x / step).floor() }
    if let noise { x = try x + noise.converted(to: dtype) } else { x = try x + 0.5 }
    return try x / cells - 0.5
  }

  /// `clamp(floor((x + 1/2) * 2^n), 0, 2^n - 1) * 2^(8-n)` as bytes. Not-a-number becomes 0.
  public func quantize(_ x: Tensor) throws -> Tensor {
    let integers = try ((x + 0.5) * cells).floor().clamped(0, cells - 1)
    let bytes = try integers.elements(Double.self).map { $0.isNaN ? UInt8(0) : UInt8($0 * step) }
    return try Tensor(bytes, shape: x.shape)
  }

  /// What a picture shows for each value: the middle of its cell, `(v + 1/2) * 2^(8-n)` for the value v of n bits. The
  /// lower end, which ``quantize(_:)`` gives and the published program draws, is too dark by half a cell on average.
  /// ``dequantize(_:noise:as:)`` takes both as the same value, so that nothing is lost on the way there and back.
  ///
  /// ```swift
  /// let quantization = Quantization(bits: 5)
  /// print(quantization.shown([0, 8, 248]))  // [4, 12, 252]
  /// ```
  /// - Parameter values: as ``quantize(_:)`` gives them: multiples of `2^(8-n)`.
  public func shown(_ values: [UInt8]) -> [UInt8] {
    bits == 8 ? values : values.map { $0 + UInt8(1 << (7 - bits)) }
  }

  /// From a mean log-probability in nats to bits per dimension: `-logP / (D ln 2) + n`.
  public func bitsPerDimension(logProbability: Double, dimensions: Int) -> Double {
    -logProbability / (Double(dimensions) * log(2)) + Double(bits)
  }
}
