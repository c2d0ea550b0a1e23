import Analysis
import Datasets
import FlowModels
import Flows
import Foundation
import TestSupport
import Torch

/// A small model on disk, with directions of its attribute, and the same model in memory.
public final class ServedModel: Sendable {
  public let folder: URL
  public var attributes: URL { folder.appending(path: "attributes.safetensors") }

  /// - Parameters:
  ///   - labels: of a conditional model; none for one that is not.
  ///   - told: attributes that the model is told.
  ///   - examples: what training images have of them.
  public init(labels: [String] = [], told: [String] = [], examples: [[Float]] = []) throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "served-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    var configuration = GlowConfiguration(height: 8, width: 8, channels: 3, levels: 2, steps: 2, hidden: 6)
    configuration.classNames = labels
    configuration.attributes = told.isEmpty ? nil : told
    configuration.attributeExamples = examples
    configuration.labelConditioning = .everywhere
    let glow = try Glow(configuration, options: TensorOptions(.float32), seed: 3)
    let noise = try randomTensor(glow.parameters.values.shape, seed: 4, scale: 0.1)
    try glow.parameters.values.addInPlace(noise.converted(to: .float32))
    try ModelFolder.write(glow, to: folder)
    let fit = try AttributeFit(
      of: glow, training: ColorImages(count: 40, split: .train, classNames: labels),
      heldOut: ColorImages(count: 20, split: .validation, classNames: labels), names: ["bright"],
      labels: told.isEmpty ? .own : .unsaid)
    try fit.directions.write(to: attributes)
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  /// The model on the calling thread.
  public func loaded() throws -> Glow { try ModelFolder.read(folder, as: Glow.self) }
}
