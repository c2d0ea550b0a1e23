import Files

/// The numbers that a layout reads: the name of one may hold others.
enum LayoutQuantity: String, CodingKey, CaseIterable {
  case levels, steps, channels, hidden, height, width, classes
  /// The images that a constant is stored for, which no model has; 1 at export.
  case batch

  /// No quantity of a model is larger.
  static let greatest = 1 << 16
}

/// Where a layout reads a number from: written as a number, counted, or measured on a tensor.
enum LayoutSize: Decodable, Sendable {
  case number(Int)
  /// How many tensors there are of a name, `{n}` being 0, 1, and so on.
  case count(String)
  /// A size of a tensor, divided, and doubled so many times.
  case measured(tensor: String, axis: Int, dividedBy: Int, doubled: String?)

  private enum Key: String, CodingKey, CaseIterable { case count, tensor, axis, dividedBy, doubled }

  init(from decoder: any Decoder) throws {
    if let number = try? decoder.singleValueContainer().decode(Int.self) {
      self = .number(number)
      return
    }
    try decoder.requireKeys(Key.self)
    let container = try decoder.container(keyedBy: Key.self)
    if let pattern = try container.decodeIfPresent(String.self, forKey: .count) {
      // Otherwise the name is always the same, and its tensors are counted without end.
      guard LayoutScope.names(in: [pattern]).contains("n") else {
        throw DecodingError.dataCorruptedError(
          forKey: .count, in: container, debugDescription: "expected a name with {n} in it, found \(pattern)")
      }
      self = .count(pattern)
      return
    }
    let divisor = try container.decodeIfPresent(Int.self, forKey: .dividedBy) ?? 1
    guard divisor > 0 else {
      throw DecodingError.dataCorruptedError(
        forKey: .dividedBy, in: container, debugDescription: "expected 1 or more, found \(divisor)")
    }
    self = .measured(
      tensor: try container.decode(String.self, forKey: .tensor), axis: try container.decode(Int.self, forKey: .axis),
      dividedBy: divisor, doubled: try container.decodeIfPresent(String.self, forKey: .doubled))
  }
}

extension LayoutSize {
  /// The names that its patterns hold.
  var names: Set<String> {
    switch self {
    case .number: []
    case .count(let pattern): LayoutScope.names(in: [pattern])
    case .measured(let tensor, _, _, let doubled): LayoutScope.names(in: [tensor] + (doubled.map { [$0] } ?? []))
    }
  }
}
