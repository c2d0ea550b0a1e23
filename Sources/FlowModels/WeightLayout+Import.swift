import Foundation
import Torch

extension WeightLayout {
  /// Builds the model whose weights another program wrote.
  /// - Parameters:
  ///   - url: a safetensors file.
  ///   - size: of the images in pixels, where the weights do not tell it.
  ///   - bits: per channel of the images that the model describes.
  ///   - classNames: of the labels, in order; nil names them 0, 1, and so on.
  ///   - choices: the layout's options to take, by the choice's name, where the weights do not tell or tell wrongly.
  /// - Throws: ``ModelError`` or `SafetensorsError`, naming the file and the tensor: one that is missing, that the layout does
  ///   not know, or that has another shape or other values than it can have.
  public func read(
    _ url: URL, size: (height: Int, width: Int)? = nil, bits: Int = 8, classNames: [String]? = nil,
    choosing choices: [String: String] = [:], options: TensorOptions = TensorOptions()
  ) throws -> Glow {
    let weights = ForeignWeights(file: try SafetensorsFile(contentsOf: url), layout: self)
    var form = LayoutForm(self)
    try naming { try form.recognise(weights, choosing: choices) }
    let configuration = try configuration(form, size: size, bits: bits, classNames: classNames, weights)
    let model: Glow
    do { model = try Glow(configuration, options: options) } catch {
      throw weights.fault("no such model can be built: \(error)")
    }
    try naming { try fill(model, from: weights, form) }
    return model
  }

  /// Runs `body`; a name that the layout uses without saying what it is becomes an error that names the layout's file.
  func naming<R>(_ body: () throws -> R) throws -> R {
    do { return try body() } catch let error as LayoutScope.Unknown {
      throw fault("\"\(error.pattern)\" holds the name \(error.name), which stands for nothing here")
    }
  }

  private func configuration(
    _ form: LayoutForm, size: (height: Int, width: Int)?, bits: Int, classNames: [String]?, _ weights: ForeignWeights
  ) throws -> GlowConfiguration {
    func number(_ quantity: LayoutQuantity, given: Int? = nil) throws -> Int {
      let found = form.scope.numbers[quantity.rawValue]
      if let found, let given, found != given {
        throw weights.fault("its tensors are for images of \(quantity.rawValue) \(found), asked for is \(given)")
      }
      if let number = found ?? given { return number }
      guard quantity == .height || quantity == .width else {
        throw fault("field sizes.\(quantity.rawValue) is missing")
      }
      throw weights.fault("the tensors do not tell the \(quantity.rawValue) of the images: give it with --size")
    }
    var base = GlowConfiguration(
      height: try number(.height, given: size?.height), width: try number(.width, given: size?.width),
      channels: try number(.channels), levels: try number(.levels), steps: try number(.steps),
      hidden: try number(.hidden))
    base.bits = bits
    base.priors = .learned
    let classes = form.scope.numbers[LayoutQuantity.classes.rawValue] ?? 0
    base.classNames = classNames ?? (0..<classes).map(String.init)
    guard base.classCount == classes else {
      throw weights.fault("its tensors are for \(classes) labels, \(base.classCount) names are given")
    }
    var fields = try Self.fields(of: base)
    for (field, value) in form.model {
      guard fields[field] != nil else { throw fault("model.\(field) is no field of a model") }
      fields[field] = value
    }
    let configuration = try ModelFile.decode(GlowConfiguration.self, JSONEncoder().encode(fields), file: file)
    do { try configuration.validate() } catch { throw weights.fault("no such model can be built: \(error)") }
    return configuration
  }

  static func fields(of configuration: GlowConfiguration) throws -> [String: LayoutValue] {
    try JSONDecoder().decode([String: LayoutValue].self, from: JSONEncoder().encode(configuration))
  }

  private func fill(_ model: Glow, from weights: ForeignWeights, _ form: LayoutForm) throws {
    let all = model.parameters.parameters.map { ($0.name, $0.value) } + model.buffers.map { ($0.name, $0.value) }
    let targets = Dictionary(uniqueKeysWithValues: all)
    func target(_ name: String) throws -> Tensor {
      guard let target = targets[name] else { throw fault("\"\(name)\" is no tensor of the model that it describes") }
      return target
    }
    let bindings = try form.rules.flatMap { try LayoutBinding.all($0, in: form.scope) }
    let known = Set(bindings.flatMap(\.theirs))
    var values: [String: Tensor] = [:]
    for binding in bindings {
      if let constant = binding.rule.constant {
        let like = try binding.like.map { try target($0).shape } ?? []
        for name in binding.theirs { try weights.require(name, constant, shape: like) }
        guard case .number(let number) = constant else { continue }
        for name in binding.ours { values[name] = try .full(number, target(name).shape, .float64) }
      } else {
        for (name, value) in try weights.values(of: binding, shapes: binding.ours.map { try target($0).shape }) {
          values[name] = value
        }
      }
    }
    if let stranger = weights.file.names.first(where: { !known.contains($0) }) {
      throw weights.fault("tensor \(stranger) is not part of the layout: the model would lack what it holds")
    }
    if let offset = form.inputOffset, let bias = values[Self.firstBias] { values[Self.firstBias] = try bias + offset }
    for (name, target) in all {
      guard let value = values[name] else { throw fault("no rule gives our tensor \(name)") }
      try target.assign(value.converted(to: target.dtype, on: target.device))
    }
  }

  /// What takes up an offset of the pixels: the first layer's.
  static let firstBias = "level1.step1.actnorm.bias"
}

/// A file with another program's weights.
struct ForeignWeights {
  let file: SafetensorsFile
  let layout: WeightLayout

  func fault(_ reason: String) -> ModelError { .checkpoint(file: file.path, reason: reason) }

  /// A copy in float64.
  private func tensor(_ name: String, shape: [Int]) throws -> Tensor {
    guard let entry = file.entries[name] else {
      throw fault("tensor \(name) is missing; layout \(layout.name) expects one of shape \(shape)")
    }
    guard entry.shape == shape else {
      throw fault("tensor \(name) has shape \(entry.shape), layout \(layout.name) expects \(shape)")
    }
    let tensor = try file.tensor(name).converted(to: .float64)
    guard try tensor.isFinite().converted(to: .uint8).minimum().item() == 1 else {
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
