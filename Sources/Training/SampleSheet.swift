import ModelImages
import FlowModels
import Foundation
import Imaging
import Torch

extension FlowModel {
  /// A grid of samples, labels in turn; of the same seed the same latents, so that it can be compared from time to time.
  public func sampleSheet(columns: Int = 8, rows: Int = 4, temperature: Double = 0.7, seed: UInt64 = 0) throws
    -> PixelImage
  {
    let labels = try usualConditions(count: columns * rows, seed: seed)
    let x = try sample(count: columns * rows, temperature: temperature, labels: labels, seed: seed)
    return PixelImage.grid(try pictures(of: x), columns: columns, scale: 1)
  }
}
