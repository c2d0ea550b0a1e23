import Files
import FlowModels
import Foundation
import Safetensors
import Torch

extension WeightLayout {
  /// Builds the model whose weights another program wrote.
  /// - Parameters:
  ///   - url: a safetensors file.
  ///   - size: of the images in pixels, where the weights do not tell it.
  ///   - bits: per channel of the images that the model describes.
  ///   - classNames: of the labels, in order; nil names them 0, 1, and so on.
  ///   - choices: the layout's options to take, by the choice's name, where the weights do not tell or tell wrongly.
  /// - Throws: `ModelError` or `SafetensorsError`, naming the file and the tensor: one that is missing, that the layout does
  ///   not know, or that has another shape or other values than it can have.
  public func read(
    _ url: URL, size: (height: Int, width: Int)? = nil, bits: Int = 8, classNames: [String]? = nil,
    choosing choices: [String: String] = [:], options: TensorOptions = TensorOptions()
  ) throws -> Glow {
    let weights = ForeignWeights(file: try SafetensorsFile(contentsOf: url), layout: self)
    var form = LayoutForm(self)
    try naming { try form.recognize(weights, choosing: choices) }
    let configuration = try configuration(form, size: size, bits: bits, classNames: classNames, weights)
    form.settle(configuration)
    // Tensors may be repeated.
    try configuration.requireRoom(in: weights.file, timesStored: 64)
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
      guard fields[field] != nil || Self.optionalFields.contains(field) else {
        throw fault("model.\(field) is no field of a model")
      }
      fields[field] = value == .null ? nil : value
    }
    let configuration = try ModelFolder.decode(GlowConfiguration.self, JSONEncoder().encode(fields), file: file)
    do { try configuration.validate() } catch { throw weights.fault("no such model can be built: \(error)") }
    return configuration
  }

  static func fields(of configuration: GlowConfiguration) throws -> [String: JSONValue] {
    try JSONDecoder().decode([String: JSONValue].self, from: JSONEncoder().encode(configuration))
  }

  /// Fields that a configuration may lack.
  private static let optionalFields: Set<String> = ["priors", "deviationLimit"]

  /// The rules of a form for every place that they stand for.
  /// - Throws: where two of them give one tensor of ours: one would be lost.
  func bindings(of form: LayoutForm) throws -> [LayoutBinding] {
    let bindings = try form.rules.flatMap { try LayoutBinding.all($0, in: form.scope) }
    var given: Set<String> = []
    for name in bindings.flatMap(\.ours) where !given.insert(name).inserted {
      throw fault("two rules give our tensor \(name)")
    }
    return bindings
  }

  private func fill(_ model: Glow, from weights: ForeignWeights, _ form: LayoutForm) throws {
    let all = model.parameters.parameters.map { ($0.name, $0.value) } + model.buffers.map { ($0.name, $0.value) }
    let targets = Dictionary(uniqueKeysWithValues: all)
    func target(_ name: String) throws -> Tensor {
      guard let target = targets[name] else { throw fault("\"\(name)\" is no tensor of the model that it describes") }
      return target
    }
    let bindings = try bindings(of: form)
    let known = Set(bindings.flatMap(\.theirs))
    var values: [String: Tensor] = [:]
    for binding in bindings where !binding.rule.isIgnored {
      if let constant = binding.rule.constant {
        let shape = try binding.shape ?? binding.like.map { try target($0).shape } ?? []
        for name in binding.theirs { try weights.require(name, constant, shape: shape) }
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
