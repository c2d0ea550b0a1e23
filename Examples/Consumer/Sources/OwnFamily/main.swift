// A layer, a family of models and a data set of one's own: OwnFamily IMAGES OUT
import FlowModels
import Flows
import Foundation
import Runs
import Torch
import Training

ModelFamilies.register(WarpedConfiguration.self)

// Does the layer keep its promises? Its parameters start at 0, where a fault may not show.
let layer = try Asinh("asinh", channels: 2, like: TensorOptions(.float64))
try layer.logScale.value.assign(Tensor([0.3, -0.2]))
let x = try Tensor.normal([2, 3, 3, 2], .float64, using: Generator(seed: 1))
let errors = try BijectionErrors(of: layer, on: x)
print("largest error of the layer: \(errors.largest)")
precondition(errors.largest < 1e-8, "\(errors)")

let (train, validation) = try Stripes().cuttingValidation(of: 64, seed: 0)
var training = TrainingConfiguration(data: "stripes")
training.images = Int(CommandLine.arguments[1])!
let run = RunFolder(URL(filePath: CommandLine.arguments[2]))
let trainer = try Trainer(
  model: WarpedConfiguration(), training: training, train: train, validation: validation, run: run)
try trainer.fit()
print("\(try trainer.model.evaluate(on: validation).bitsPerDimension) bits/dim")

// The family is registered, so that its models are read like all others.
let again = try ModelFolder.read(run.checkpoints.last!)
let isSame = try again.fingerprint() == trainer.model.fingerprint()
precondition(isSame, "another model was read")
