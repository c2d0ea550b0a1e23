import FlowModels
import Imaging
import ModelImages
import Torch

/// Makes pictures of what a model gives, and counts those that are none any more: a picture of noise or of black never comes
/// without a word.
final class DrawnPictures {
  private let model: any FlowModel
  private var count = 0
  private var strayed = 0

  init(_ model: any FlowModel) { self.model = model }

  func callAsFunction(_ x: Tensor) throws -> [PixelImage] {
    count += x.shape[0]
    strayed += try model.strayed(x).count { $0 }
    return try model.pictures(of: x)
  }

  /// - Parameter advice: what else to ask for.
  func warnOfStrayed(_ advice: String) {
    guard strayed > 0 else { return }
    warn(
      "images that left the range of pictures, and show noise or saturated colors: \(strayed) of \(count); \(advice)")
  }
}
