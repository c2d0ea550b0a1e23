// Trains a model on a folder of pictures: TrainFromCode PICTURES IMAGES OUT
import Datasets
import FlowModels
import Foundation
import Imaging
import ModelImages
import Runs
import Torch
import Training

let (pictures, out) = (CommandLine.arguments[1], URL(filePath: CommandLine.arguments[3]))
let size = (height: 32, width: 32)
let source = try DatasetSource(parsing: pictures)
let (train, validation) = try source.openTraining(size: size, seed: 0)
let test = try source.open(split: .test, size: size, seed: 0)

let glow = GlowConfiguration(height: 32, width: 32, channels: train.shape.channels, levels: 3, steps: 8, hidden: 64)
var training = TrainingConfiguration(data: pictures)
(training.height, training.width) = size
training.images = Int(CommandLine.arguments[2])!  // counting repetitions

let trainer = try Trainer(
  model: glow, training: training, train: train, validation: validation, test: test,
  run: RunFolder(out.appending(path: "run")))
trainer.logger = .standardError()
trainer.onMetrics = { print("\($0.images) images: \($0.trainBitsPerDimension) bits/dim") }
try trainer.fit()

print("test: \(try trainer.model.evaluate(on: test).bitsPerDimension) bits/dim")
try trainer.model.sampleSheet().writePNG(to: out.appending(path: "samples.png"))

let folder = out.appending(path: "model")
try ModelFolder.write(trainer.model, to: folder)
let again = try ModelFolder.read(folder)
let sample = try again.pictures(of: again.sample(count: 1, temperature: 0.7, seed: 1))[0]
try sample.writePNG(to: out.appending(path: "sample.png"))
