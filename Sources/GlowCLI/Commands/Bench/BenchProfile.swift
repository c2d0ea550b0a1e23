import FlowModels
import Flows
import Foundation
import Torch

/// Where the time of a training step goes: every part is timed alone on tensors of its level's shape and multiplied by
/// how often a step runs it; the whole step is timed beside them, so that what the parts miss shows.
struct BenchProfile {
  /// The seconds of one kind of work in a step, level by level; work outside the levels counts as one level.
  private struct Row {
    let part: String
    let seconds: [Double]
    var total: Double { seconds.reduce(0, +) }
  }

  private let title: String
  private let rows: [Row]
  private let step: Double

  init(
    _ model: GlowConfiguration, batch: Int, memory: BenchPolicy, optimizer: BenchOptimizer,
    precision: ConditionerPrecision, rounds: Int, warmup: Int, on device: Device
  ) throws {
    let time = Stopwatch(rounds: rounds, warmup: warmup)
    let levels = try (1...model.levels).map { level in
      try LevelTimes(
        model, level: level, batch: batch, keep: memory == .keep, precision: precision, on: device, time: time)
    }
    let training = try BenchTraining(
      model, batch: batch, memory: memory, optimizer: optimizer, precision: precision, on: device)
    let vector = training.glow.parameters
    var rows = LevelTimes.parts.map { name, part in Row(part: name, seconds: levels.map { $0[keyPath: part] }) }
    rows.append(
      Row(
        part: "zeroing of gradients",
        seconds: [
          try time {
            try vector.zeroGradients(); return vector.gradients
          }
        ]))
    rows.append(Row(part: "gradient norm", seconds: [try time { try vector.gradientNorm().reshaped([1]) }]))
    if optimizer != .none {
      let norm = try vector.gradientNorm()
      rows.append(
        Row(
          part: "optimizer",
          seconds: [
            try time {
              try training.update(norm); return vector.values
            }
          ]))
    }
    self.rows = rows
    step = try timeRounds(rounds, warmup: warmup) { try training.step() }.min()!
    title =
      "A training step of L=\(model.levels) K=\(model.steps) hidden=\(model.hidden) on \(batch) images "
      + "\(model.height)x\(model.width)x\(model.channels), \(precision.rawValue), \(memory.rawValue), in milliseconds"
  }

  var table: String {
    let levels = rows[0].seconds.count
    let sum = rows.map(\.total).reduce(0, +)
    func pad(_ text: String, _ width: Int) -> String {
      String(repeating: " ", count: max(0, width - text.count)) + text
    }
    func line(_ part: String, _ cells: [String]) -> String {
      part.padding(toLength: 28, withPad: " ", startingAt: 0) + cells.map { pad($0, 10) }.joined()
    }
    func milliseconds(_ seconds: Double) -> String { String(format: "%.1f", 1000 * seconds) }
    func share(_ seconds: Double) -> String { String(format: "%.1f%%", 100 * seconds / sum) }
    let blanks = [String](repeating: "", count: levels)
    let body = rows.map { row in
      line(
        row.part,
        (row.seconds.count == levels && levels > 1 ? row.seconds.map(milliseconds) : blanks)
          + [milliseconds(row.total), share(row.total)])
    }
    let ends = [("sum of the parts", sum), ("whole step, measured", step), ("difference", step - sum)]
    return
      ([title, line("", (1...levels).map { "level \($0)" } + ["all", "share"])] + body
      + ends.map { line($0, blanks + [milliseconds($1), share($1)]) }).joined(separator: "\n")
  }
}

/// The fastest of several rounds of some work, in seconds.
private struct Stopwatch {
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

/// The seconds that one training step spends in the parts of one level.
private struct LevelTimes {
  let mixForward: Double
  let mixBackward: Double
  let conditionerForward: Double
  let conditionerBackward: Double
  let elementsForward: Double
  let elementsBackward: Double
  let squeeze: Double
  let split: Double

  static var parts: [(String, KeyPath<LevelTimes, Double>)] {
    [
      ("conditioner, forward", \.conditionerForward), ("conditioner, backward", \.conditionerBackward),
      ("coupling beside it, forward", \.elementsForward), ("coupling beside it, backward", \.elementsBackward),
      ("actnorm and 1x1, forward", \.mixForward), ("actnorm and 1x1, backward", \.mixBackward),
      ("squeeze, both ways", \.squeeze), ("split and prior, both ways", \.split),
    ]
  }

  /// What a layer does beside the layer inside it is the difference of the two: the parts add up to the step of flow.
  init(
    _ model: GlowConfiguration, level: Int, batch: Int, keep: Bool, precision: ConditionerPrecision,
    on device: Device, time: Stopwatch
  ) throws {
    let channels = model.channels << (level + 1)
    let shape = [batch, model.height >> level, model.width >> level, channels]
    let generator = try Generator(seed: 5)
    func normal(_ shape: [Int]) throws -> Tensor {
      try Tensor.normal(shape, using: generator).converted(to: .float32, on: device)
    }
    let x = try normal(shape)
    let step = try Self.step(model, channels, on: device)
    _ = try step.initialize(from: x)
    try perturb(step.parameters)
    (step.transform.conditioner as! ConvConditioner).precision = precision
    let weight = try Tensor.full(-1 / Double(batch), [batch], on: device)

    let mixed = try step.mix(x).y
    let kept = try mixed.narrowed(-1, 0..<channels / 2)
    let (coupling, conditioner) = (step.transform, step.transform.conditioner)
    let done = try step.forward(x, keep: keep)
    let coupled = try coupling.forward(mixed, keep: keep)
    let conditioned = try conditioner.forward(kept, keep: keep)
    let gradient = try normal(shape)
    let gradOutput = try normal(conditioned.output.shape)
    let seconds = try time([
      { try step.forward(x, keep: keep).y },
      { try coupling.forward(mixed, keep: keep).y },
      { try conditioner.forward(kept, keep: keep).output },
      { try step.backward(y: done.y, saved: done.saved, gradY: gradient, gradLogDet: weight).gradX },
      { try coupling.backward(y: coupled.y, saved: coupled.saved, gradY: gradient, gradLogDet: weight).gradX },
      {
        let saved = keep ? conditioned.saved : try conditioner.forward(kept, keep: true).saved
        return try conditioner.backward(x: kept, saved: saved, gradOutput: gradOutput)
      },
    ]).map { $0 * Double(model.steps) }
    conditionerForward = seconds[2]
    conditionerBackward = seconds[5]
    elementsForward = seconds[1] - seconds[2]
    elementsBackward = seconds[4] - seconds[5]
    mixForward = seconds[0] - seconds[1]
    mixBackward = seconds[3] - seconds[4]
    squeeze = try Self.squeeze(x, time)
    split = level < model.levels ? try Self.split(x, model, weight, time) : 0
  }

  private static func step(_ model: GlowConfiguration, _ channels: Int, on device: Device) throws -> FlowStep {
    let options = TensorOptions(.float32, on: device)
    let generator = try Generator(seed: 7)
    let transform: CouplingTransform = model.coupling == .additive ? .additive : .affine(.sigmoid(minimum: 0))
    let conditioner = try ConvConditioner(
      "conditioner", inputs: channels / 2, hidden: model.hidden, outputs: channels / 2 * transform.outputsPerChannel,
      edgeChannel: model.edgeChannel,
      like: options, using: generator)
    return FlowStep(
      "step", actnorm: try ActNorm("actnorm", channels: channels, like: options),
      permutation: try InvertibleConv1x1(
        "permutation", channels: channels, factored: model.permutation == .conv1x1LU, like: options, using: generator),
      transform: Coupling(transform, conditioner: conditioner))
  }

  /// Forward once, backward for the images and for their gradients.
  private static func squeeze(_ y: Tensor, _ time: Stopwatch) throws -> Double {
    let squeeze = Squeeze()
    let x = try squeeze.inverse(y)
    return try time {
      _ = try squeeze.forward(x, keep: false).y
      return try squeeze.backward(y: y, saved: .nothing, gradY: y, gradLogDet: y).gradX
    }
  }

  private static func split(
    _ x: Tensor, _ model: GlowConfiguration, _ weight: Tensor, _ time: Stopwatch
  ) throws -> Double {
    let split = try Split(
      "split", shape: Array(x.shape.dropFirst()), edgeChannel: model.edgeChannel,
      like: TensorOptions(x.dtype, on: x.device))
    return try time {
      let (kept, latent) = try split.divide(x)
      _ = try split.distribution(given: kept).logProbability(latent)
      return try split.backward(kept: kept, latent: latent, gradKept: kept, weight: weight).gradX
    }
  }
}
