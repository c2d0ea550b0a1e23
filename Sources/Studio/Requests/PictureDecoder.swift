import Imaging
import Inference

/// Decodes pictures one at a time, whoever sends them: the threads that serve requests are few.
actor PictureDecoder {
  /// - Parameters:
  ///   - name: what errors call the picture.
  ///   - budget: the pixels that all pictures of a request may have; those of this one are taken from it.
  /// - Throws: ``Problem``.
  func input(
    _ bytes: [UInt8], named name: String, label: Int?, for model: ImageModel, budget: inout Int
  ) throws -> PictureInput {
    try Task.checkCancellation()
    let picture: PixelImage
    guard budget > 0 else {
      throw Problem(
        .unprocessableContent, "\(name): the images before it have all the pixels that are taken", field: name)
    }
    do { picture = try PixelImage(decoding: bytes, name: name, pixelLimit: budget) } catch let error as ImagingError {
      throw Problem(.unprocessableContent, "\(error)", field: name)
    }
    budget -= picture.width * picture.height
    let (fitted, isChanged) = model.fitted(picture)
    return PictureInput(
      picture: fitted, width: picture.width, height: picture.height, isFitted: isChanged, label: label)
  }
}
