import Torch

extension FlowModel {
  /// Images along the straight line between the latents of `first` and `second`, both ends included. (Glow, section 6.)
  ///
  /// In a conditional model each end is encoded under its own label, and between them the condition is a blend.
  /// - Parameters:
  ///   - first: `[1, height, width, channel]`, as is `second`.
  ///   - steps: images in the result, at least 2.
  ///   - labels: of the two ends, as of every pass (``FlowModel``).
  public func interpolate(_ first: Tensor, _ second: Tensor, steps: Int, labels: Tensor? = nil) throws -> Tensor {
    precondition(steps >= 2, "an interpolation has two ends")
    let ends = try encode(.concatenating([first, second], alongDimension: 0), labels: labels)
    let path = LatentPath(through: ends, conditions: try conditions(of: labels, count: 2), shape: .straight)
    return try images(of: path, at: (0..<steps).map { Double($0) / Double(steps - 1) })
  }
}
