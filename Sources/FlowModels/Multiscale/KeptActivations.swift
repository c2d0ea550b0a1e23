import Flows
import Torch

/// Which steps of flow keep their activations for the backward pass; the others rebuild them, which costs one more pass
/// through their conditioners.
public struct KeptActivations: Codable, Sendable, Hashable {
  /// For each group of ``FlowConfiguration/activationCosts(batch:precision:)``, mostly a level, how many steps keep theirs: the
  /// last ones, which the backward pass comes to first. Empty for a family that always rebuilds them.
  public var steps: [Int]

  /// - Parameter steps: one number a group; whether a model can keep as many says ``fits(_:)``.
  public init(steps: [Int]) { self.steps = steps }

  /// For each level, the links of its chain that keep theirs.
  func links(of levels: [MultiscaleArchitecture.Level]) -> [Set<Int>] {
    var counts = steps[...]
    return levels.map { level in Set(level.groups.flatMap { $0.suffix(counts.popFirst() ?? 0) }) }
  }

  /// Every step rebuilds: memory does not grow with depth.
  public static func none(of model: any FlowConfiguration) -> KeptActivations {
    KeptActivations(steps: costs(of: model).map { _ in 0 })
  }

  /// Every step keeps its activations: none is computed twice, and memory grows with depth.
  public static func all(of model: any FlowConfiguration) -> KeptActivations {
    KeptActivations(steps: costs(of: model).map(\.steps))
  }

  /// As many as `bytes` hold. The deep levels come first: their activations take the least memory for the time they save.
  /// - Parameter batch: images per pass.
  public static func fitting(
    _ bytes: Int, of model: any FlowConfiguration, batch: Int, precision: ConditionerPrecision = .float32
  ) -> KeptActivations {
    var left = bytes
    var kept = none(of: model)
    for (index, cost) in model.activationCosts(batch: batch, precision: precision).enumerated().reversed() {
      kept.steps[index] = min(cost.steps, max(0, left / cost.bytesPerStep))
      left -= kept.steps[index] * cost.bytesPerStep
    }
    return kept
  }

  /// Whether it has a number for each group of the model, and none is more than the group's steps.
  public func fits(_ model: any FlowConfiguration) -> Bool {
    let costs = Self.costs(of: model)
    return steps.count == costs.count && zip(steps, costs).allSatisfy { (0...$1.steps).contains($0) }
  }

  /// How many steps keep their activations, over all groups.
  public var count: Int { steps.reduce(0, +) }

  /// Bytes that the kept activations take at the end of a forward pass.
  public func bytes(of model: any FlowConfiguration, batch: Int, precision: ConditionerPrecision = .float32) -> Int {
    zip(steps, model.activationCosts(batch: batch, precision: precision)).reduce(0) { $0 + $1.0 * $1.1.bytesPerStep }
  }

  /// For the numbers of steps.
  private static func costs(of model: any FlowConfiguration) -> [ActivationCost] {
    model.activationCosts(batch: 1, precision: .float32)
  }
}

extension FlowConfiguration {
  /// Whether some steps can keep their activations.
  public var canKeepActivations: Bool { KeptActivations.all(of: self).count > 0 }
}
