import FlowModels
import Foundation
import Imaging
import Torch

extension PixelImage {
  /// The pictures of a batch of images as a model gives them, `[batch, height, width, channel]`.
  public static func pictures(of x: Tensor, bits: Int) throws -> [PixelImage] {
    let shape = x.shape
    let pixels = try Quantisation(bits: bits).quantise(x).elements(UInt8.self)
    return images(width: shape[2], height: shape[1], channels: shape[3], pixels: pixels)
  }
}

extension FlowModel {
  /// A grid of samples, labels in turn; of the same seed the same latents, so that it can be compared from time to time.
  public func sampleSheet(columns: Int = 8, rows: Int = 4, temperature: Double = 0.7, seed: UInt64 = 0) throws
    -> PixelImage
  {
    let classes = configuration.classCount
    let labels = classes == 0 ? nil : try Tensor((0..<columns * rows).map { $0 % classes }, on: options.device)
    let x = try sample(count: columns * rows, temperature: temperature, labels: labels, seed: seed)
    return PixelImage.grid(try PixelImage.pictures(of: x, bits: configuration.bits), columns: columns, scale: 1)
  }
}
