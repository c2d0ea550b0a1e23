import FlowModels
import Flows
import Torch

/// A kind of work in a training step.
enum StepPart: String, CaseIterable {
  case conditionerForward = "conditioner, forward"
  case conditionerBackward = "conditioner, backward"
  case mapForward = "map beside it, forward"
  case mapBackward = "map beside it, backward"
  case mixForward = "actnorm and 1x1, forward"
  case mixBackward = "actnorm and 1x1, backward"
  case squeeze = "squeeze, both ways"
  case split = "split and prior, both ways"
}

/// The steps of flow at one resolution, and the squeeze and the split beside them, to be timed on noise.
struct StepGroup {
  /// `level 2`, or `pixels` before the first squeeze.
  let name: String
  private let layers: [any Bijection]
  private let hasSqueeze: Bool
  private let split: Split?
  private let x: Tensor

  /// In the order of ``MultiscaleArchitecture/Level/groups``, level by level.
  static func all(
    of model: any FlowConfiguration, batch: Int, precision: ConditionerPrecision, on device: Device
  ) throws -> [StepGroup] {
    let architecture = try model.makeArchitecture(
      options: TensorOptions(.float32, on: device), using: Generator(seed: 7))
    return try architecture.levels.enumerated().flatMap { index, level in
      try level.groups.map { group in
        let links = level.chain.links
        let isSqueezed = links[..<group.lowerBound].contains { $0.layer is Squeeze }
        let squeezes = isSqueezed ? index + 1 : index
        let shape = [
          batch, model.height >> squeezes, model.width >> squeezes, model.channels << (2 * squeezes - index),
        ]
        let layers = links[group].map(\.layer)
        layers.forEach { $0.use(precision) }
        return StepGroup(
          name: isSqueezed ? "level \(index + 1)" : "pixels", layers: layers, hasSqueeze: isSqueezed,
          split: isSqueezed ? level.split : nil,
          x: try .normal(shape, using: Generator(seed: 5)).converted(to: .float32, on: device))
      }
    }
  }

  /// The seconds of each kind of work. Of steps that differ in their weights alone, one is timed for all.
  func times(keep: Bool, _ time: Stopwatch) throws -> [StepPart: Double] {
    var sums: [StepPart: Double] = [:]
    func add(_ count: Int, _ times: [StepPart: Double]) {
      sums.merge(times.mapValues { $0 * Double(count) }) { $0 + $1 }
    }
    let couplings = layers.compactMap { $0 as? FlowStep }
    let masked = layers.compactMap { $0 as? MaskedStep }
    precondition(couplings.count + masked.count == layers.count, "a step of flow that cannot be profiled")
    if let step = couplings.first {
      let half = x.shape[3] / 2
      try add(couplings.count, times(of: step, step.transform.conditioner, seeing: half, keep: keep, time))
    }
    for order in ScanOrder.allCases {
      let steps = masked.filter { $0.transform.order == order }
      guard let step = steps.first else { continue }
      try add(steps.count, times(of: step, step.transform.conditioner, seeing: x.shape[3], keep: keep, time))
    }
    if hasSqueeze { sums[.squeeze] = try timeOfSqueeze(time) }
    if let split { sums[.split] = try timeOfSplit(split, time) }
    return sums
  }

  private var weight: Tensor {
    get throws { try .full(-1 / Double(x.shape[0]), [x.shape[0]], on: x.device) }
  }

  /// What a layer does beside the layer inside it is the difference of the two: the parts add up to the step of flow.
  /// - Parameter seen: the first channels, which the conditioner is given.
  private func times<Transform>(
    of step: Step<Transform>, _ conditioner: any Conditioner, seeing seen: Int, keep: Bool, _ time: Stopwatch
  ) throws -> [StepPart: Double] {
    _ = try step.initialize(from: x)
    try perturb(step.parameters)
    let (transform, weight) = (step.transform, try weight)
    let mixed = try step.mix(x).y
    let given = try mixed.narrowed(-1, 0..<seen)
    let done = try step.forward(x, keep: keep)
    let transformed = try transform.forward(mixed, keep: keep)
    let conditioned = try conditioner.forward(given, keep: keep)
    // As a chain does, which keeps the inputs of what it cannot invert in one pass.
    func saved(_ saved: Saved, or input: Tensor) -> Saved {
      keep || step.invertsInOnePass ? saved : Saved([input])
    }
    let generator = try Generator(seed: 6)
    func normal(_ shape: [Int]) throws -> Tensor {
      try .normal(shape, using: generator).converted(to: .float32, on: x.device)
    }
    let gradient = try normal(x.shape)
    let gradOutput = try normal(conditioned.output.shape)
    let seconds = try time([
      { try step.forward(x, keep: keep).y },
      { try transform.forward(mixed, keep: keep).y },
      { try conditioner.forward(given, keep: keep).output },
      {
        try step.backward(y: done.y, saved: saved(done.saved, or: x), gradY: gradient, gradLogDet: weight).gradX
      },
      {
        try transform.backward(
          y: transformed.y, saved: saved(transformed.saved, or: mixed), gradY: gradient, gradLogDet: weight
        ).gradX
      },
      {
        let saved = keep ? conditioned.saved : try conditioner.forward(given, keep: true).saved
        return try conditioner.backward(x: given, saved: saved, gradOutput: gradOutput)
      },
    ])
    return [
      .conditionerForward: seconds[2], .conditionerBackward: seconds[5],
      .mapForward: seconds[1] - seconds[2], .mapBackward: seconds[4] - seconds[5],
      .mixForward: seconds[0] - seconds[1], .mixBackward: seconds[3] - seconds[4],
    ]
  }

  /// Forward once, backward for the images and for their gradients.
  private func timeOfSqueeze(_ time: Stopwatch) throws -> Double {
    let squeeze = Squeeze()
    let before = try squeeze.inverse(x)
    return try time {
      _ = try squeeze.forward(before, keep: false).y
      return try squeeze.backward(y: x, saved: .nothing, gradY: x, gradLogDet: x).gradX
    }
  }

  private func timeOfSplit(_ split: Split, _ time: Stopwatch) throws -> Double {
    let weight = try weight
    return try time {
      let (kept, latent) = try split.divide(x)
      _ = try split.distribution(given: kept).logProbability(latent)
      return try split.backward(kept: kept, latent: latent, gradKept: kept, weight: weight).gradX
    }
  }
}

/// The fastest of several rounds of some work, in seconds.
struct Stopwatch {
  let rounds: Int
  let warmup: Int

  func callAsFunction(_ body: () throws -> Tensor) throws -> Double {
    try withInference {
      try timeRounds(rounds, warmup: warmup) { _ = try body().narrowed(0, 0..<1).sum().item() }.min()!
    }
  }

  /// The time of each of `bodies`. They take turns, so that what slows the machine down for a while slows all of them.
  func callAsFunction(_ bodies: [() throws -> Tensor]) throws -> [Double] {
    let once = Stopwatch(rounds: 1, warmup: 0)
    let seconds = try (0..<warmup + rounds).map { _ in try bodies.map { try once($0) } }.dropFirst(warmup)
    return bodies.indices.map { index in seconds.map { $0[index] }.min()! }
  }
}
