import Torch

/// A place on the way through a flow.
public struct FlowPlace: Hashable, Sendable {
  /// 0 before the first.
  public var level: Int
  /// After how many of the level's layers, squeezes not counted.
  public var step: Int
  /// How many the level has.
  public var steps: Int

  /// - Parameter steps: of the level; two places are equal whatever it is.
  public init(level: Int, step: Int, steps: Int = 0) { (self.level, self.step, self.steps) = (level, step, steps) }

  public static func == (a: FlowPlace, b: FlowPlace) -> Bool { a.level == b.level && a.step == b.step }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(level)
    hasher.combine(step)
  }

  /// The image itself, and places spread evenly over all that follow, with the end of each level.
  /// - Parameter steps: of each level.
  static func chosen(of steps: [Int], atMost most: Int) -> [FlowPlace] {
    let all = steps.enumerated().flatMap { index, count in
      (1...max(1, count)).map { FlowPlace(level: index + 1, step: $0, steps: count) }
    }
    let ends = all.filter { $0.step == $0.steps }
    let room = max(0, min(all.count, most - 1) - ends.count)
    let others = all.filter { $0.step != $0.steps }
    let spread = (0..<min(room, others.count)).map { others[$0 * others.count / min(room, others.count)] }
    let taken = Set(ends + spread)
    return [FlowPlace(level: 0, step: 0)] + all.filter(taken.contains)
  }
}

/// What an image is on the way to its latents and back, at some places. Each state has as many numbers as the image, and its shape:
/// latents that have left the flow stand, standardized, beside what goes on, and what was squeezed is spread out again.
public struct FlowStates {
  /// On the way there, the image first.
  public let places: [FlowPlace]
  /// The standardized latents, in the image's shape.
  public internal(set) var latents: Tensor
  /// At each of ``places``.
  public internal(set) var forward: [Tensor]
  /// The same places on the way back, the last first.
  public internal(set) var back: [Tensor] = []
  /// The largest difference of each of ``back`` from the same place on the way there.
  public internal(set) var errors: [Double] = []
  /// Where the way back ends.
  public internal(set) var reconstruction: Tensor

  init(places: [FlowPlace], beginningAt x: Tensor) {
    (self.places, latents, forward, reconstruction) = (places, x, [x], x)
  }
}
