/// A rule for one place in the model: all names are those of tensors.
struct LayoutBinding {
  let rule: LayoutRule
  let scope: LayoutScope
  let ours: [String]
  let theirs: [String]
  let like: String?
  let foldedInto: [String]
  /// Of a constant that has one of its own.
  let shape: [Int]?

  private init(_ rule: LayoutRule, _ scope: LayoutScope) throws {
    self.rule = rule
    self.scope = scope
    ours = try rule.ours.map(scope.expand)
    theirs = try rule.theirs.map(scope.expand)
    like = try rule.like.map(scope.expand)
    foldedInto = try rule.foldedInto.map(scope.expand)
    shape = try rule.shape?.map { text in
      let size = try scope.number(text)
      guard (1...1 << 20).contains(size) else { throw LayoutScope.Unknown(name: "\(size) as a size", pattern: text) }
      return size
    }
  }

  /// A rule for every place that it stands for.
  /// - Parameter scope: knows `levels`, `steps` and `channels`.
  static func all(_ rule: LayoutRule, in scope: LayoutScope) throws -> [LayoutBinding] {
    let names = LayoutScope.names(in: rule.ours + rule.theirs)
    let (levels, steps) = (try scope.number("{levels}"), try scope.number("{steps}"))
    func bound(_ numbers: [String: Int]) throws -> LayoutBinding {
      var own = scope
      own.numbers.merge(numbers) { $1 }
      let level = numbers["level"] ?? numbers["split"] ?? levels
      own.numbers["levelChannels"] = try scope.number("{channels}") << (level + 1)
      for (name, size) in [("levelHeight", "height"), ("levelWidth", "width")] {
        if let pixels = scope.numbers[size] { own.numbers[name] = pixels >> level }
      }
      return try LayoutBinding(rule, own)
    }
    if let only = try rule.level.map(scope.number) {
      guard (1...levels).contains(only) else { return [] }
      return try names.contains("step")
        ? (1...steps).map { try bound(["level": only, "step": $0]) } : [bound(["level": only])]
    }
    if names.contains("step") {
      return try (1...levels).flatMap { level in try (1...steps).map { try bound(["level": level, "step": $0]) } }
    }
    if names.contains("split") { return try (1..<levels).map { try bound(["split": $0]) } }
    if names.contains("level") { return try (1...levels).map { try bound(["level": $0]) } }
    return [try bound([:])]
  }

  /// The shapes that a tensor of theirs goes through: theirs first, before every operation, ours last.
  /// - Parameter shape: of ours, before they are cut or after they were joined.
  func shapes(endingIn shape: [Int]) throws -> [[Int]] {
    var shapes = [shape]
    for operation in rule.operations.reversed() {
      shapes.append(try operation.shape(before: shapes.last!) { try scope.number($0) })
    }
    return shapes.reversed()
  }

  /// The shape that each tensor of theirs has when all operations are done.
  /// - Parameter ours: the shapes of ours.
  func end(ours: [[Int]]) throws -> [Int] {
    var shape = ours[0]
    guard let axis = rule.join ?? rule.cut else { return shape }
    guard shape.indices.contains(axis), shape[axis] % theirs.count == 0, ours.allSatisfy({ $0.count == shape.count })
    else {
      throw MisfitOperation(reason: "shape \(shape) cannot be joined or cut along axis \(axis)")
    }
    shape[axis] = rule.join != nil ? shape[axis] / theirs.count : ours.reduce(0) { $0 + $1[axis] }
    return shape
  }
}
