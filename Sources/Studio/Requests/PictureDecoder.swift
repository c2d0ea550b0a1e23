import Foundation
import Imaging
import Inference

/// Decodes pictures on threads of its own, half as many as there are cores: more wait, and what is small does not wait for
/// what is large elsewhere.
struct PictureDecoder: Sendable {
  private let threads = WorkerThreads(
    count: max(1, ProcessInfo.processInfo.activeProcessorCount / 2), name: "pictures")

  /// - Parameters:
  ///   - name: what errors call the picture.
  ///   - budget: the pixels that all pictures of a request may have; those of this one are taken from it.
  /// - Throws: ``Problem``; `CancellationError`, also in the middle of a picture.
  func input(
    _ bytes: [UInt8], named name: String, label: Int?, for model: ImageModel, budget: inout Int
  ) async throws -> PictureInput {
    guard budget > 0 else {
      throw Problem(
        .unprocessableContent, "\(name): the images before it have all the pixels that are taken", field: name)
    }
    let most = budget
    let input = try await withTaskExecutorPreference(threads) {
      try Task.checkCancellation()
      let picture = try Self.picture(bytes, named: name, atMost: most)
      try Task.checkCancellation()
      let (fitted, isChanged) = model.fitted(picture)
      return PictureInput(
        picture: fitted, width: picture.width, height: picture.height, isFitted: isChanged, label: label)
    }
    budget -= input.width * input.height
    return input
  }

  private static func picture(_ bytes: [UInt8], named name: String, atMost pixels: Int) throws -> PixelImage {
    do {
      return try PixelImage(decoding: bytes, name: name, pixelLimit: pixels, isCancelled: { Task.isCancelled })
    } catch let error as ImagingError {
      throw Problem(.unprocessableContent, "\(error)", field: name)
    }
  }
}
