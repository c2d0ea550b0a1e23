import Torch

extension FlowModel {
  /// Images along the straight line between the latents of `first` and `second`, both ends included. (Glow, section 6.)
  ///
  /// In a conditional model each end is encoded under its own label, and between them the condition is a blend.
  /// - Parameters:
  ///   - first: `[1, height, width, channel]`, as is `second`.
  ///   - steps: images in the result, at least 2.
  ///   - labels: int64 `[2]`, of the two ends; a conditional model needs them.
  public func interpolate(_ first: Tensor, _ second: Tensor, steps: Int, labels: Tensor? = nil) throws -> Tensor {
    precondition(steps >= 2, "an interpolation has two ends")
    let ends = try encode(.concatenating([first, second], alongDimension: 0), labels: labels)
    let (a, b) = (try ends.images(0..<1), try ends.images(1..<2))
    let positions = (0..<steps).map { Double($0) / Double(steps - 1) }
    let blend = try conditions(of: labels, count: 2).map { rows in
      let t = try Tensor(positions, shape: [steps, 1], on: options.device).converted(to: options.dtype)
      return try rows.narrowed(0, 0..<1) * (1 - t) + rows.narrowed(0, 1..<2) * t
    }
    return try decode(.concatenating(positions.map { try a.interpolated(to: b, at: $0) }), conditions: blend)
  }
}
