import FlowModels
import Foundation
import Imaging
import Torch

/// The pictures of a batch of images as a model gives them, `[batch, height, width, channel]`.
func pictures(_ x: Tensor, bits: Int) throws -> [PixelImage] {
  let shape = x.shape
  let size = shape[1] * shape[2] * shape[3]
  let pixels = try Quantisation(bits: bits).quantise(x).elements(UInt8.self)
  return (0..<shape[0]).map { index in
    PixelImage(
      width: shape[2], height: shape[1], channels: shape[3], pixels: Array(pixels[index * size..<(index + 1) * size]))
  }
}
