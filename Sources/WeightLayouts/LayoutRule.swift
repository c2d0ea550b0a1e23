import Files

/// What some of our tensors have to do with some of theirs. Names may hold `{step}` and `{level}` or `{split}`: the rule then
/// stands for all steps, all levels, or all levels but the last; with `level` for the steps of that one alone.
struct LayoutRule: Decodable, Sendable {
  enum Constant: Sendable {
    case number(Double)
    case matrix(Matrix)
  }

  /// Square matrices that programs store: of ones on the diagonal, below it, or above it.
  enum Matrix: String, Sendable, CaseIterable {
    case identity, strictlyLower, strictlyUpper
  }

  /// Names of our parameters and buffers: one, or several that a tensor of theirs is cut into. None for a tensor that only
  /// they have.
  var ours: [String]
  /// Their names: one, or several that are joined. None for a tensor that only we have.
  var theirs: [String]
  /// From theirs to ours, in order; backwards from ours to theirs. They act on each tensor of `theirs` before these are
  /// joined, or after which the one is cut.
  var operations: [LayoutOperation]
  /// Along which axis several of theirs become one of ours.
  var join: Int?
  /// Along which axis one of theirs becomes several of ours.
  var cut: Int?
  /// What a tensor that only one side has always holds.
  var constant: Constant?
  /// The tensor of ours whose shape a constant of theirs has; nil for a scalar, or one of a `shape`.
  var like: String?
  /// The shape of a constant of theirs that is like none of ours.
  var shape: [String]?
  /// Whether a tensor of theirs may hold anything, or be missing: nothing is taken from it. At export it is its constant, or
  /// is left out where it has none.
  var isIgnored: Bool
  /// The only level that the rule stands for.
  var level: String?
  /// Our tensors that take up a constant 0 of ours, a log-scale of output channels, at export where it is not 0: they
  /// are multiplied by e to its power along their last axis.
  var foldedInto: [String]
  /// The factor that a folded log-scale is multiplied by.
  var factor: Double

  private enum Key: String, CodingKey, CaseIterable {
    case ours, theirs, operations, join, cut, constant, like, shape, level, foldedInto, factor
    case isIgnored = "ignore"
  }

  init(from decoder: any Decoder) throws {
    try decoder.requireKeys(Key.self)
    let container = try decoder.container(keyedBy: Key.self)
    func names(_ key: Key) throws -> [String] {
      guard container.contains(key) else { return [] }
      if let one = try? container.decode(String.self, forKey: key) { return [one] }
      return try container.decode([String].self, forKey: key)
    }
    ours = try names(.ours)
    theirs = try names(.theirs)
    operations = try container.decodeIfPresent([LayoutOperation].self, forKey: .operations) ?? []
    join = try container.decodeIfPresent(Int.self, forKey: .join)
    cut = try container.decodeIfPresent(Int.self, forKey: .cut)
    like = try container.decodeIfPresent(String.self, forKey: .like)
    shape = try container.decodeIfPresent([LayoutNumber].self, forKey: .shape)?.map(\.text)
    level = try container.decodeIfPresent(LayoutNumber.self, forKey: .level)?.text
    isIgnored = try container.decodeIfPresent(Bool.self, forKey: .isIgnored) ?? false
    foldedInto = try container.decodeIfPresent([String].self, forKey: .foldedInto) ?? []
    factor = try container.decodeIfPresent(Double.self, forKey: .factor) ?? 1
    if let word = try? container.decode(String.self, forKey: .constant) {
      guard let matrix = Matrix(rawValue: word) else {
        let known = Matrix.allCases.map(\.rawValue).joined(separator: ", ")
        throw DecodingError.dataCorruptedError(
          forKey: .constant, in: container, debugDescription: "expected a number or one of \(known), found \"\(word)\"")
      }
      constant = .matrix(matrix)
    } else {
      constant = try container.decodeIfPresent(Double.self, forKey: .constant).map(Constant.number)
    }
    if let fault {
      throw DecodingError.dataCorrupted(.init(codingPath: decoder.codingPath, debugDescription: fault))
    }
  }

  private var fault: String? {
    if ours.isEmpty && theirs.isEmpty { return "it names neither ours nor theirs" }
    if isIgnored && !ours.isEmpty { return "it ignores a tensor that ours come from" }
    if shape != nil && (like != nil || !ours.isEmpty || constant == nil) {
      return "shape goes with a constant of theirs that is like none of ours"
    }
    if ours.isEmpty || theirs.isEmpty {
      if constant == nil && !isIgnored { return "it has no constant, though only one side has the tensor" }
      return operations.isEmpty && join == nil && cut == nil ? nil : "a constant has no operations, join or cut"
    }
    if constant != nil { return "it has a constant, though both sides have the tensor" }
    if (theirs.count > 1) != (join != nil) { return "join goes with several names in theirs" }
    if (ours.count > 1) != (cut != nil) { return "cut goes with several names in ours" }
    return join != nil && cut != nil ? "it has both join and cut" : nil
  }
}

/// A number as JSON has it, or an expression in braces.
private struct LayoutNumber: Decodable {
  let text: String

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    text = try (try? container.decode(Int.self)).map(String.init) ?? container.decode(String.self)
  }
}
