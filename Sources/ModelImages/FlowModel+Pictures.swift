import Datasets
import FlowModels
import Imaging
import Torch

extension FlowModel {
  /// Between bytes and the model's images, in the model's bits per channel.
  public var quantization: Quantization { Quantization(bits: configuration.bits) }

  /// Pixels of the model's size as a tensor on its device: uint8 `[count, height, width, channel]`.
  public func pixels(_ bytes: [UInt8]) throws -> Tensor {
    let shape = configuration.imageShape
    return try Tensor(
      bytes, shape: [bytes.count / shape.elementCount, shape.height, shape.width, shape.channels], on: options.device)
  }

  /// Pixels as the model takes them, of the same shape.
  /// - Parameters:
  ///   - pixels: uint8 `[count, height, width, channel]`.
  ///   - noise: of the dequantization, in 0 ..< 1, of a shape that broadcasts to that of the pixels; nil for the centers
  ///     of the cells.
  public func images(of pixels: Tensor, noise: Tensor? = nil) throws -> Tensor {
    try quantization.dequantize(pixels, noise: noise, as: options.dtype)
  }

  /// A batch as the model takes it: `[batch, height, width, channel]`, dequantized by the batch's noise, or in the
  /// centers of the cells.
  public func images(of batch: Batch) throws -> Tensor {
    let pixels = try pixels(batch.pixels)
    return try images(of: pixels, noise: batch.noise.isEmpty ? nil : noise(batch.noise, like: pixels))
  }

  func noise(_ noise: [Float], like pixels: Tensor) throws -> Tensor {
    try Tensor(noise, shape: pixels.shape, on: options.device)
  }

  /// Which images that the model gave are no pictures any more: a value is not finite, or one in a hundred lies more than half of
  /// the range beyond black or white. The inverse runs away where latents are far from those of images.
  /// - Parameter x: `[count, height, width, channel]`.
  /// - Returns: one an image.
  public func strayed(_ x: Tensor) throws -> [Bool] {
    let size = configuration.dimensions
    let values = try x.elements(Float.self)
    return stride(from: 0, to: values.count, by: size).map { start in
      let image = values[start..<start + size]
      return !image.allSatisfy(\.isFinite) || 100 * image.count { abs($0) > 1 } > size
    }
  }

  /// Images as the model gives them, `[count, height, width, channel]`, as pictures. Those of a model of fewer than 8 bits
  /// show the middle of each cell of the quantization: see `Quantization.shown`.
  ///
  /// ```swift
  /// let picture = try glow.pictures(of: glow.sample(count: 1, seed: 7))[0]
  /// try picture.writePNG(to: URL(filePath: "sample.png"))
  /// ```
  public func pictures(of x: Tensor) throws -> [PixelImage] {
    let shape = configuration.imageShape
    let bytes = quantization.shown(try quantization.quantize(x).elements(UInt8.self))
    return PixelImage.images(width: shape.width, height: shape.height, channels: shape.channels, pixels: bytes)
  }
}
