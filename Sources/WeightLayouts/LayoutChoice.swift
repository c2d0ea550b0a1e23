import FlowModels
import Files

/// A part of a layout that differs from model to model.
struct LayoutChoice: Decodable, Sendable {
  var name: String
  /// The first one whose condition holds is meant, unless another is asked for.
  var options: [LayoutOption]

  private enum Key: String, CodingKey, CaseIterable { case name, options }

  init(from decoder: any Decoder) throws {
    try decoder.requireKeys(Key.self)
    let container = try decoder.container(keyedBy: Key.self)
    name = try container.decode(String.self, forKey: .name)
    options = try container.decode([LayoutOption].self, forKey: .options)
  }
}

/// One of several forms that a part of a layout may take.
struct LayoutOption: Decodable, Sendable {
  var name: String
  /// What tells that weights have this form; nil where nothing does.
  var condition: Condition?
  /// Whether the model has labels; nil where that does not matter.
  var labeled: Bool?
  /// Fields of ``GlowConfiguration``.
  var model: [String: JSONValue]
  var sizes: [String: LayoutSize]
  /// Words for `{...}` in names.
  var names: [String: String]
  var tensors: [LayoutRule]
  /// What the other program adds to our pixel values, -1/2 ..< 1/2, before it takes them.
  var inputOffset: Double?

  /// All that it says must hold.
  final class Condition: Decodable, Sendable {
    /// A tensor that is there.
    let has: String?
    /// Two sizes that are the same.
    let equal: [LayoutSize]?
    /// More conditions that hold.
    let and: [Condition]
    /// One that does not hold.
    let not: Condition?

    private enum Key: String, CodingKey, CaseIterable { case has, equal, and, not }

    init(from decoder: any Decoder) throws {
      try decoder.requireKeys(Key.self)
      let container = try decoder.container(keyedBy: Key.self)
      has = try container.decodeIfPresent(String.self, forKey: .has)
      equal = try container.decodeIfPresent([LayoutSize].self, forKey: .equal)
      and = try container.decodeIfPresent([Condition].self, forKey: .and) ?? []
      not = try container.decodeIfPresent(Condition.self, forKey: .not)
      guard equal?.count ?? 2 == 2 else {
        throw DecodingError.dataCorruptedError(
          forKey: .equal, in: container, debugDescription: "expected two sizes, found \(equal?.count ?? 0)")
      }
    }
  }

  private enum Key: String, CodingKey, CaseIterable {
    case name
    case condition = "if"
    case labeled = "labelled"
    case model, sizes, names, tensors, inputOffset
  }

  init(from decoder: any Decoder) throws {
    try decoder.requireKeys(Key.self)
    let container = try decoder.container(keyedBy: Key.self)
    name = try container.decode(String.self, forKey: .name)
    condition = try container.decodeIfPresent(Condition.self, forKey: .condition)
    labeled = try container.decodeIfPresent(Bool.self, forKey: .labeled)
    model = try container.decodeIfPresent([String: JSONValue].self, forKey: .model) ?? [:]
    sizes = try container.decodeIfPresent([String: LayoutSize].self, forKey: .sizes) ?? [:]
    names = try container.decodeIfPresent([String: String].self, forKey: .names) ?? [:]
    tensors = try container.decodeIfPresent([LayoutRule].self, forKey: .tensors) ?? []
    inputOffset = try container.decodeIfPresent(Double.self, forKey: .inputOffset)
  }
}
