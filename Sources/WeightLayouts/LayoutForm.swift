import Files
import FlowModels
import Torch

/// A layout with a decision for each of its choices.
struct LayoutForm {
  private let layout: WeightLayout
  private(set) var scope = LayoutScope()
  private(set) var model: [String: JSONValue]
  private(set) var rules: [LayoutRule]
  private(set) var inputOffset: Double?

  init(_ layout: WeightLayout) {
    self.layout = layout
    model = layout.content.model
    rules = layout.content.tensors
  }

  /// Decides by the tensors that there are.
  /// - Parameter choices: options asked for, by the choice's name.
  mutating func recognize(_ weights: ForeignWeights, choosing choices: [String: String]) throws {
    try measure(layout.content.sizes, on: weights)
    for (choice, asked) in try requested(choices) {
      let option = try asked ?? choice.options.first { try holds($0.condition, for: weights) }
      guard let option else {
        let known = choice.options.map(\.name).joined(separator: ", ")
        throw weights.fault("its tensors show none of the forms of \(choice.name) that the layout knows: \(known)")
      }
      take(option)
      try measure(option.sizes, on: weights)
    }
  }

  /// Decides by the model that is to be written.
  /// - Parameter tensors: our values by name. Of several options those come first that need nothing folded.
  mutating func suit(
    _ configuration: GlowConfiguration, _ tensors: [String: Tensor], choosing choices: [String: String]
  ) throws {
    let fields = try WeightLayout.fields(of: configuration)
    func obstacles(_ model: [String: JSONValue]) -> [String] {
      model.sorted { $0.key < $1.key }.filter { fields[$0.key] ?? .null != $0.value }.map { field, value in
        let needed = value == .null ? "none" : "\(value)"
        return "\(field) is \(fields[field].map(\.description) ?? "unset"), layout \(layout.name) needs \(needed)"
      }
    }
    // All that is in the way, so that the next model has none of it.
    var all = obstacles(model)
    if !configuration.attributeNames.isEmpty { all.append("it is conditioned on attributes") }
    scope.numbers = [
      "levels": configuration.levels, "steps": configuration.steps, "channels": configuration.channels,
      "hidden": configuration.hidden, "height": configuration.height, "width": configuration.width,
      "classes": configuration.classCount, LayoutQuantity.batch.rawValue: 1,
    ]
    for (choice, asked) in try requested(choices) {
      let inTheWay = choice.options.map { option in
        var found = obstacles(option.model)
        if let labeled = option.labeled, labeled != (configuration.classCount > 0) {
          found.append(labeled ? "it has no labels" : "it has \(counted(configuration.classCount, "label"))")
        }
        return found
      }
      let fitting = zip(choice.options, inTheWay).filter { $1.isEmpty }.map(\.0)
      let option =
        try asked ?? fitting.first { try needsNoFolding($0, tensors) } ?? fitting.first
      guard let option, fitting.contains(where: { $0.name == option.name }) else {
        let reasons = zip(choice.options, inTheWay).map {
          "\($0.name): \($1.isEmpty ? "fits" : $1.joined(separator: ", "))"
        }.joined(separator: "; ")
        all.append("of the layout's \(choice.name), \(reasons)")
        continue
      }
      take(option)
    }
    guard all.isEmpty else {
      throw ModelError.request("the model cannot be written: \(all.joined(separator: "; "))")
    }
  }

  private mutating func take(_ option: LayoutOption) {
    scope.words.merge(option.names) { $1 }
    model.merge(option.model) { $1 }
    rules += option.tensors
    inputOffset = option.inputOffset ?? inputOffset
  }

  /// The choices with the option that is asked for, in order.
  private func requested(_ names: [String: String]) throws -> [(LayoutChoice, LayoutOption?)] {
    let choices = layout.content.choices
    if let stranger = names.keys.sorted().first(where: { name in !choices.contains { $0.name == name } }) {
      throw ModelError.request(
        "layout \(layout.name) has no choice \"\(stranger)\", expected one of "
          + choices.map(\.name).joined(separator: ", "))
    }
    return try choices.map { choice in
      guard let name = names[choice.name] else { return (choice, nil) }
      guard let option = choice.options.first(where: { $0.name == name }) else {
        throw ModelError.request(
          "layout \(layout.name) has no \(choice.name) \"\(name)\", expected one of "
            + choice.options.map(\.name).joined(separator: ", "))
      }
      return (choice, option)
    }
  }

  private func needsNoFolding(_ option: LayoutOption, _ tensors: [String: Tensor]) throws -> Bool {
    var scope = scope
    scope.words.merge(option.names) { $1 }
    return try option.tensors.filter { !$0.foldedInto.isEmpty }.flatMap { try LayoutBinding.all($0, in: scope) }
      .flatMap(\.ours).allSatisfy { name in try tensors[name]?.magnitude().maximum().item() == 0 }
  }

  private mutating func measure(_ sizes: [String: LayoutSize], on weights: ForeignWeights) throws {
    if let stranger = sizes.keys.sorted().first(where: { LayoutQuantity(rawValue: $0) == nil }) {
      let known = LayoutQuantity.allCases.map(\.rawValue).joined(separator: ", ")
      throw layout.fault("there is no size \"\(stranger)\", expected one of \(known)")
    }
    for quantity in LayoutQuantity.order(of: sizes) {
      guard let size = sizes[quantity.rawValue] else { continue }
      guard let number = try value(of: size, on: weights), number > 0 else {
        throw weights.fault(
          "tensor \(try scope.expand(size.tensor ?? "")) is missing or too small: these are no weights of layout "
            + layout.name)
      }
      guard number <= LayoutQuantity.greatest else {
        throw weights.fault("its tensors make \(quantity.rawValue) \(number), more than \(LayoutQuantity.greatest)")
      }
      scope.numbers[quantity.rawValue] = number
    }
  }

  /// Nil where the tensor is missing or has no such axis.
  private func value(of size: LayoutSize, on weights: ForeignWeights) throws -> Int? {
    switch size {
    case .number(let number): return number
    case .count(let pattern):
      var (scope, count) = (scope, 0)
      // A name in which {n} cancels out is the same whatever the count.
      while count < weights.file.names.count {
        scope.numbers["n"] = count
        guard try weights.file.entries[scope.expand(pattern)] != nil else { break }
        count += 1
      }
      return count
    case .measured(let pattern, let axis, let divisor, let doubled):
      guard let shape = try weights.file.entries[scope.expand(pattern)]?.shape, shape.indices.contains(axis) else {
        return nil
      }
      let times = try doubled.map { try scope.number($0) } ?? 0
      guard shape[axis] <= 1 << 32, (0...16).contains(times) else { return nil }
      return (shape[axis] / divisor) << times
    }
  }

  private func holds(_ condition: LayoutOption.Condition?, for weights: ForeignWeights) throws -> Bool {
    guard let condition else { return true }
    if let name = condition.has, try weights.file.entries[scope.expand(name)] == nil { return false }
    if let other = condition.not, try holds(other, for: weights) { return false }
    guard try condition.and.allSatisfy({ try holds($0, for: weights) }) else { return false }
    guard let sizes = condition.equal else { return true }
    let values = try sizes.map { try value(of: $0, on: weights) }
    return values[0] != nil && values[0] == values[1]
  }
}

extension LayoutForm {
  /// What the weights did not tell and was given.
  mutating func settle(_ configuration: GlowConfiguration) {
    scope.numbers[LayoutQuantity.height.rawValue] = configuration.height
    scope.numbers[LayoutQuantity.width.rawValue] = configuration.width
  }
}

extension LayoutQuantity {
  /// All, those first whose names the others hold.
  fileprivate static func order(of sizes: [String: LayoutSize]) -> [LayoutQuantity] {
    var (waiting, order) = (allCases, [LayoutQuantity]())
    while let next = waiting.firstIndex(where: { quantity in
      let names = sizes[quantity.rawValue]?.names ?? []
      return !waiting.contains { $0 != quantity && sizes[$0.rawValue] != nil && names.contains($0.rawValue) }
    }) { order.append(waiting.remove(at: next)) }
    return order + waiting
  }
}

extension LayoutSize {
  /// The name of the tensor that tells, for messages.
  var tensor: String? {
    switch self {
    case .number: nil
    case .count(let pattern): pattern.replacing("{n}", with: "0")
    case .measured(let tensor, _, _, _): tensor
    }
  }
}
