import Imaging
import Torch
import Training

/// The pictures of a batch of images as a model gives them, `[batch, height, width, channel]`.
func pictures(_ x: Tensor, bits: Int) throws -> [PixelImage] { try PixelImage.pictures(of: x, bits: bits) }
