import Flows
import Torch

/// Which steps of flow keep their activations for the backward pass; the others rebuild them, which costs one more pass
/// through their conditioners.
public struct KeptActivations: Codable, Sendable, Hashable {
  /// For each level, how many steps keep theirs: the last ones, which the backward pass comes to first.
  public var steps: [Int]

  public init(steps: [Int]) { self.steps = steps }

  /// Every step rebuilds: memory does not grow with depth.
  public static func none(of model: GlowConfiguration) -> KeptActivations {
    KeptActivations(steps: [Int](repeating: 0, count: model.levels))
  }

  public static func all(of model: GlowConfiguration) -> KeptActivations {
    KeptActivations(steps: [Int](repeating: model.steps, count: model.levels))
  }

  /// As many as `bytes` hold. The deep levels come first: their activations take the least memory for the time they save.
  /// - Parameter batch: images per pass.
  public static func fitting(
    _ bytes: Int, of model: GlowConfiguration, batch: Int, precision: ConditionerPrecision = .float32
  ) -> KeptActivations {
    var left = bytes
    var kept = none(of: model)
    for level in (1...model.levels).reversed() {
      let each = model.activationBytes(level: level, batch: batch, precision: precision)
      kept.steps[level - 1] = min(model.steps, max(0, left / each))
      left -= kept.steps[level - 1] * each
    }
    return kept
  }

  public func fits(_ model: GlowConfiguration) -> Bool {
    steps.count == model.levels && steps.allSatisfy { (0...model.steps).contains($0) }
  }

  public var count: Int { steps.reduce(0, +) }

  /// Bytes that the kept activations take at the end of a forward pass.
  public func bytes(of model: GlowConfiguration, batch: Int, precision: ConditionerPrecision = .float32) -> Int {
    (1...model.levels).reduce(0) {
      $0 + steps[$1 - 1] * model.activationBytes(level: $1, batch: batch, precision: precision)
    }
  }
}

extension GlowConfiguration {
  /// Bytes that one step of flow in float32 keeps: its input, the conditioner's two hidden layers and its output.
  func activationBytes(level: Int, batch: Int, precision: ConditionerPrecision) -> Int {
    let channels = self.channels << (level + 1)
    let outputs = channels / 2 * transform.outputsPerChannel
    let pixels = (height >> level) * (width >> level)
    let hiddenBytes = (precision == .bfloat16 ? DType.bfloat16 : .float32).byteWidth
    return batch * pixels * ((channels + outputs) * DType.float32.byteWidth + 2 * hidden * hiddenBytes)
  }
}
