import FlowModels
import Safetensors
import Torch

/// A file with another program's weights.
struct ForeignWeights {
  let file: SafetensorsFile
  let layout: WeightLayout

  func fault(_ reason: String) -> ModelError { .file(file.path, reason: reason) }

  /// A copy in float64.
  private func tensor(_ name: String, shape: [Int]) throws -> Tensor {
    guard let entry = file.entries[name] else {
      throw fault("tensor \(name) is missing; layout \(layout.name) expects one of shape \(shape)")
    }
    guard entry.shape == shape else {
      throw fault("tensor \(name) has shape \(entry.shape), layout \(layout.name) expects \(shape)")
    }
    let tensor = try file.tensor(name).converted(to: .float64)
    guard try tensor.isAllFinite() else {
      throw fault("tensor \(name) holds a value that is not finite, expected finite numbers alone")
    }
    return tensor
  }

  func require(_ name: String, _ constant: LayoutRule.Constant, shape: [Int]) throws {
    let (expected, text) = try WeightLayout.value(of: constant, shape: shape)
    guard try (tensor(name, shape: shape) - expected).magnitude().maximum().item() == 0 else {
      throw fault("tensor \(name) is other than \(text), the only value that layout \(layout.name) can take")
    }
  }

  /// Our tensors of a rule, float64.
  func values(of binding: LayoutBinding, shapes ours: [[Int]]) throws -> [(String, Tensor)] {
    let stages: [[Int]]
    do { stages = try binding.shapes(endingIn: binding.end(ours: ours)) } catch let error as MisfitOperation {
      throw layout.fault("the rule for \(binding.ours[0]) does not fit: \(error.reason)")
    }
    let parts = try binding.theirs.map { name in
      var tensor = try tensor(name, shape: stages[0])
      for (operation, shape) in zip(binding.rule.operations, stages.dropFirst()) {
        do {
          tensor = try operation.apply(to: tensor, shape: shape) { other in
            try self.tensor(binding.scope.expand(other), shape: tensor.shape)
          }
        } catch let error as MisfitOperation { throw fault("tensor \(name) cannot be taken over: \(error.reason)") }
      }
      return tensor
    }
    if let axis = binding.rule.join { return [(binding.ours[0], try .concatenating(parts, alongDimension: axis))] }
    guard let axis = binding.rule.cut else { return [(binding.ours[0], parts[0])] }
    var start = 0
    return try zip(binding.ours, ours).map { name, shape in
      defer { start += shape[axis] }
      return (name, try parts[0].narrowed(axis, start..<start + shape[axis]))
    }
  }
}
