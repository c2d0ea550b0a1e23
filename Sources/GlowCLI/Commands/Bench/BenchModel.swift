import ArgumentParser
import FlowModels
import Flows
import Foundation
import Torch
import Training

extension Parallelism: ExpressibleByArgument {}

enum BenchOptimizer: String, ExpressibleByArgument, CaseIterable {
  case adamax, adam, muon, none

  var kind: TrainingConfiguration.OptimizerKind? { TrainingConfiguration.OptimizerKind(rawValue: rawValue) }
}

/// What happens to the activations of all steps of flow.
enum BenchPolicy: String, ExpressibleByArgument, CaseIterable { case reversible, keep }

/// Images of uniform noise, dequantized as the trainer does.
func benchImages(_ count: Int, for model: any FlowConfiguration, seed: UInt64, on device: Device) throws -> Tensor {
  let generator = try Generator(seed: seed)
  let shape = [count, model.height, model.width, model.channels]
  let pixels = try (Tensor.uniform(shape, using: generator) * 256).converted(to: .uint8, on: device)
  let noise = try Tensor.uniform(shape, using: generator).converted(to: .float32, on: device)
  return try Quantization(bits: model.bits).dequantize(pixels, noise: noise)
}

/// Moves parameters off their start by a little seeded noise, too little to make a deep flow run away from its data.
func perturb(_ parameters: [Parameter]) throws {
  let generator = try Generator(seed: 2)
  for value in parameters.map(\.value) {
    let noise = try Tensor.normal(value.shape, using: generator)
    try value.addInPlace(noise.converted(to: value.dtype, on: value.device), scale: 0.001)
  }
}

/// A model whose layers all do something: initialized from a few images, then moved off its start by a little noise.
func benchModel(
  _ configuration: any FlowConfiguration, precision: ConditionerPrecision, on device: Device
) throws -> any FlowModel {
  let model = try configuration.makeModel(options: TensorOptions(.float32, on: device), seed: 0)
  try model.initialize(from: benchImages(16, for: configuration, seed: 1, on: device), labels: nil)
  try perturb(model.parameters.parameters)
  try model.use(precision)
  return model
}

/// Training steps as ``Trainer`` does them, on one batch.
struct BenchTraining {
  private let model: any FlowModel
  private let x: Tensor
  private let kept: KeptActivations?
  private let optimizer: Optimizer?
  private let settings = TrainingConfiguration(data: "noise")

  init(
    _ configuration: any FlowConfiguration, batch: Int, memory: BenchPolicy, optimizer kind: BenchOptimizer,
    precision: ConditionerPrecision, parallelism: Parallelism = .automatic, on device: Device
  ) throws {
    let model = try configuration.makeModel(options: TensorOptions(.float32, on: device), seed: 0)
    self.model = model
    x = try benchImages(batch, for: configuration, seed: 1, on: device)
    kept = memory == .keep ? .all(of: configuration) : nil
    optimizer = try kind.kind.map { try Optimizer($0, model.parameters) }
    try model.initialize(from: x, labels: nil)
    try model.use(precision)
    model.parallelism = parallelism
  }

  var parameters: ParameterVector { model.parameters }

  /// The bytes of weights, gradients and the optimizer's two moments.
  var stateBytes: Int { parameters.count * DType.float32.byteWidth * (optimizer == nil ? 2 : 4) }

  func step() throws {
    try parameters.zeroGradients()
    let loss = try accumulate()
    let norm = try parameters.gradientNorm()
    try update(norm)
    try requireFinite(loss.logProbability.mean().item() + norm.item())
  }

  private func accumulate() throws -> Loss {
    try model.accumulateGradients(x, labels: nil, keeping: kept, classifierWeight: 0, share: 1, onFinal: nil)
  }

  func update(_ norm: Tensor) throws {
    try optimizer?.step(learningRate: settings.learningRate(after: 0), norm: norm, clip: settings.gradientClip)
  }
}

/// Reading a result also waits for the device. What is not finite was not worth measuring.
func requireFinite(_ result: Double) throws {
  guard result.isFinite else {
    throw ModelError.request("the task's result is not finite: this shape cannot be measured")
  }
}
