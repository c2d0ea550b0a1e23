import Files
import FlowModels
import Foundation
import Safetensors
import Torch

extension WeightLayout {
  /// Writes the weights of a model as the other program names and shapes them, to a safetensors file.
  ///
  /// A log-scale that the layout has no tensor for goes into the weights before it, which leaves the model the same function.
  /// - Parameters:
  ///   - choices: the layout's options to take, by the choice's name.
  ///   - dtype: of the tensors on disk; nil for the model's own.
  /// - Throws: `ModelError` naming the field or the tensor of the model that the layout cannot hold.
  public func write(
    _ model: Glow, choosing choices: [String: String] = [:], as dtype: DType? = nil, to url: URL
  ) throws {
    let tensors = try naming { try theirs(of: model, choosing: choices) }
    let items = try tensors.map { name, tensor in
      SafetensorsItem(name: name, tensor: try tensor.converted(to: dtype ?? model.options.dtype).contiguous())
    }
    try SafetensorsWriter.write(items, metadata: ["format": "pt", "generator": "swift-glow"], to: url)
  }

  /// The tensors by name, float64.
  private func theirs(of model: Glow, choosing choices: [String: String]) throws -> [(String, Tensor)] {
    var configuration = model.configuration
    configuration.priors = configuration.priors ?? .learned
    var ours = try Self.tensors(of: model)
    var form = LayoutForm(self)
    try form.suit(configuration, ours, choosing: choices)
    let bindings = try bindings(of: form)
    if let stranger = ours.keys.sorted().first(where: { name in !bindings.contains { $0.ours.contains(name) } }) {
      throw ModelError.request("tensor \(stranger) of the model has no place in layout \(name)")
    }
    func own(_ name: String) throws -> Tensor {
      guard let tensor = ours[name] else { throw fault("\"\(name)\" is no tensor of the model that it describes") }
      return tensor
    }
    if let offset = form.inputOffset { ours[Self.firstBias] = try own(Self.firstBias) - offset }
    try fold(bindings, &ours)

    var theirs: [String: Tensor] = [:]
    var order: [String] = []
    func add(_ name: String, _ tensor: Tensor) throws {
      guard theirs.updateValue(tensor, forKey: name) == nil else { throw fault("two rules give the tensor \(name)") }
      order.append(name)
    }
    for binding in bindings.filter({ $0.ours.isEmpty }) {
      guard let constant = binding.rule.constant else { continue }
      let shape = try binding.shape ?? binding.like.map { try own($0).shape } ?? []
      for name in binding.theirs { try add(name, Self.value(of: constant, shape: shape).tensor) }
    }
    // Those that read another tensor of theirs come when it is there.
    let mapped = bindings.filter { !$0.ours.isEmpty && !$0.theirs.isEmpty }
    for binding in mapped.filter({ !$0.readsOthers }) + mapped.filter(\.readsOthers) {
      for (name, tensor) in try values(of: binding, ours: binding.ours.map(own), theirs: theirs) {
        try add(name, tensor)
      }
    }
    return order.map { ($0, theirs[$0]!) }
  }

  /// Parameters and buffers by name, float64, as a model would hold them whose ``GlowConfiguration/logScaleFactor`` is 1.
  private static func tensors(of model: Glow) throws -> [String: Tensor] {
    let factor = model.configuration.logScaleFactor
    let parameters = try model.parameters.parameters.map { parameter in
      let value = try parameter.value.converted(to: .float64, on: .cpu)
      let isNorm = [".actnorm.logScale", ".norm1.logScale", ".norm2.logScale"].contains { parameter.name.hasSuffix($0) }
      return (parameter.name, isNorm && factor != 1 ? try value * factor : value)
    }
    let buffers = try model.buffers.map { ($0.name, try $0.value.converted(to: .float64, on: .cpu)) }
    return Dictionary(uniqueKeysWithValues: parameters + buffers)
  }

  private func fold(_ bindings: [LayoutBinding], _ ours: inout [String: Tensor]) throws {
    for binding in bindings where binding.theirs.isEmpty {
      guard case .number(let number) = binding.rule.constant else { continue }
      for name in binding.ours {
        guard let value = ours[name], try (value - number).magnitude().maximum().item() != 0 else { continue }
        guard number == 0, !binding.foldedInto.isEmpty else {
          let text = JSONValue.number(number)
          throw ModelError.request(
            "tensor \(name) of the model is not \(text) everywhere, and layout \(self.name) has no place for it")
        }
        for target in binding.foldedInto {
          guard let weight = ours[target] else { throw fault("\"\(target)\" is no tensor of the model") }
          ours[target] = try weight * (value * binding.rule.factor).exponential()
        }
      }
    }
  }

  private func values(
    of binding: LayoutBinding, ours: [Tensor], theirs: [String: Tensor]
  ) throws -> [(String, Tensor)] {
    do {
      let end = try binding.end(ours: ours.map(\.shape))
      let stages = try binding.shapes(endingIn: end)
      let whole = try binding.rule.cut.map { try Tensor.concatenating(ours, alongDimension: $0) } ?? ours[0]
      return try binding.theirs.enumerated().map { index, name in
        var tensor = whole
        if let axis = binding.rule.join {
          tensor = try whole.narrowed(axis, index * end[axis]..<(index + 1) * end[axis])
        }
        for (operation, shape) in zip(binding.rule.operations, stages).reversed() {
          tensor = try operation.undo(tensor, shape: shape) { other in
            let name = try binding.scope.expand(other)
            guard let other = theirs[name] else { throw fault("no rule before gives the tensor \(name)") }
            return other
          }
        }
        return (name, tensor)
      }
    } catch let error as MisfitOperation {
      throw ModelError.request("tensor \(binding.ours[0]) of the model has no place in layout \(name): \(error.reason)")
    }
  }

  /// A constant as a tensor, and in words.
  static func value(of constant: LayoutRule.Constant, shape: [Int]) throws -> (tensor: Tensor, text: String) {
    switch constant {
    case .number(let number): (try .full(number, shape, .float64), JSONValue.number(number).description)
    case .matrix(let matrix): (try matrix.tensor(size: shape.first ?? 1), "a matrix of the kind \(matrix.rawValue)")
    }
  }
}

extension LayoutRule.Matrix {
  fileprivate func tensor(size: Int) throws -> Tensor {
    switch self {
    case .identity: try .identity(size, .float64)
    case .strictlyLower: try Tensor.ones([size, size], .float64).lowerTriangle(diagonal: -1)
    case .strictlyUpper: try Tensor.ones([size, size], .float64).upperTriangle(diagonal: 1)
    }
  }
}

extension LayoutBinding {
  /// Whether an operation needs another tensor of theirs.
  fileprivate var readsOthers: Bool {
    rule.operations.contains { operation in
      if case .timesExponential = operation { true } else { false }
    }
  }
}
