import FlowModels
import TestSupport
import Testing
import Torch

extension Glow {
  func parameter(_ name: String, sourceLocation: SourceLocation = #_sourceLocation) throws -> Tensor {
    try #require(parameters.parameters.first { $0.name == name }, "\(name)", sourceLocation: sourceLocation).value
  }
}

extension Latents {
  /// All numbers of each image, `[count, dimensions]`.
  func flattened() throws -> Tensor {
    try .concatenating(levels.map { try $0.reshaped([count, -1]) }, alongDimension: 1)
  }
}
