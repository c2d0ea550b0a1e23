import FlowModels
import Foundation
import Imaging
import Torch

extension ImageModel {
  /// A picture of what is in the flow at a place.
  public struct FlowFrame: Sendable {
    /// After which layer; the image itself at level 0.
    public var place: FlowPlace
    /// Numbers of the picture itself as they are; of others, so scaled that two standard deviations reach from black to white.
    public var picture: PixelImage
    /// The standard deviation of the numbers, of which those of pictures lie between -1/2 and 1/2.
    public var deviation: Double
    /// On the way back: the largest difference of any number from the same place on the way there.
    public var error: Double?
  }

  /// A picture's way to its latents and back.
  public struct Walk: Sendable {
    /// The picture first.
    public var forward: [FlowFrame]
    /// The picture last.
    public var back: [FlowFrame]
    /// The latents, each number in the place of the pixels that it was made from.
    public var latents: PixelImage
    /// Where the way back ended.
    public var reconstruction: PixelImage
    /// How many values of ``reconstruction`` are not the picture's.
    public var differing: Int
  }

  /// Follows a picture through the flow, layer after layer, and back.
  ///
  /// ```swift
  /// let walk = try await ImageModel("fashion-mnist").walk(through: picture, frames: 12)
  /// print(walk.differing)  // 0
  /// ```
  /// - Parameters:
  ///   - label: of a conditional model; nil for that under which the picture is most likely.
  ///   - frames: the most of each way, more than the model has levels.
  /// - Throws: ``InferenceError``.
  public nonisolated func walk(
    through picture: PixelImage, label: Int? = nil, frames: Int = 24
  ) async throws -> Walk {
    try check([label], areAsManyAs: [picture])
    guard frames > description.levels else {
      throw request("frames", "is \(frames), expected more than the model's \(description.levels) levels")
    }
    let fitted = fitted([picture])
    let condition = conditions(of: [label], count: 1)
    return try await admitting(2) { this in
      let x = try this.tensor(of: fitted)
      let own = try await this.ownConditions(of: x, condition)
      let states = try this.model.states(of: x, labels: this.labels(of: own), atMost: frames)
      let back = zip(zip(states.places.reversed(), states.back), states.errors)
      let (values, again) = (try this.model.pictures(of: x)[0], try this.model.pictures(of: states.reconstruction)[0])
      return Walk(
        forward: try zip(states.places, states.forward).map { try this.frame($0, $1) },
        back: try back.map { try this.frame($0.0, $0.1, error: $1) },
        latents: try this.frame(.latents, states.latents).picture,
        reconstruction: again, differing: zip(values.pixels, again.pixels).count { $0 != $1 })
    }
  }

  private func frame(_ place: FlowPlace, _ values: Tensor, error: Double? = nil) throws -> FlowFrame {
    let deviation = try (values.squared().mean() - values.mean().squared()).clamped(0, .infinity).squareRoot().item()
    let scale = place.level == 0 ? 1 : 1 / max(1e-6, 4 * deviation)
    let center = place.level == 0 ? 0 : try values.mean().item()
    let picture = try model.pictures(of: (values - center) * scale)[0]
    return FlowFrame(place: place, picture: picture, deviation: deviation, error: error)
  }
}

extension FlowPlace {
  fileprivate static let latents = FlowPlace(level: .max, step: 0)
}
