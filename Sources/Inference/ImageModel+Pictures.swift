import Analysis
import Datasets
import Files
import FlowModels
import Imaging
import Safetensors
import Torch

extension ImageModel {
  /// The latents of pictures.
  /// - Parameter labels: of a conditional model, one a picture; nil for that under which the picture is most likely.
  /// - Returns: a safetensors file: `level1` (the finest), `level2`, ..., each `[count, height, width, channel]`, and in a
  ///   conditional model `labels`.
  /// - Throws: ``InferenceError``.
  public nonisolated func encode(_ pictures: [PixelImage], labels: [Int?]? = nil) async throws -> [UInt8] {
    try check(labels, areAsManyAs: pictures)
    let fitted = fitted(pictures)
    let conditions = conditions(of: labels, count: pictures.count)
    return try await admitting(pictures.count) { this in
      let (latents, own) = try await this.encoded(fitted, under: conditions)
      return try LatentFile(latents: latents, labels: this.labels(of: own), model: this.knownFingerprint()).bytes()
    }
  }

  /// The pictures of latents: the inverse of ``encode(_:labels:)``.
  /// - Parameters:
  ///   - latents: a safetensors file.
  ///   - most: of pictures.
  /// - Throws: ``InferenceError`` for more of them, or values that no image has (beyond a million); `ModelError` or
  ///   `SafetensorsError` for a file that is no such one, does not fit the model or is of another one.
  public nonisolated func decode(_ latents: [UInt8], atMost most: Int = .max) async throws -> Drawn {
    let count = try LatentFile.count(in: latents)
    guard count <= most else { throw request("latents", "are of \(counted(count, "image")), expected at most \(most)") }
    return try await admitting(count) { this in
      let file = try LatentFile(bytes: latents, for: this.model, fingerprint: this.knownFingerprint())
      for (number, level) in file.latents.levels.enumerated() {
        guard try level.isAllFinite(), try level.magnitude().maximum().item() <= Self.largestLatent else {
          throw this.request(
            "level\(number + 1)",
            "holds a value that is not finite or beyond \(Int(Self.largestLatent)), expected numbers as an image has them"
          )
        }
      }
      let conditions = try this.model.conditions(of: file.labels, count: count)
      return try await this.decoded(file.latents, conditions: conditions, from: "latents")
    }
  }

  /// Latents of the model's own images are standard normal; those of the strangest image are far below this.
  static let largestLatent = 1e6
}
