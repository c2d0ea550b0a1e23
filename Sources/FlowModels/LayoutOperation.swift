import Torch

/// A step from a tensor of theirs to one of ours that can be taken back.
enum LayoutOperation: Decodable, Sendable {
  case permute([Int])
  /// Removes axes of size 1.
  case squeeze([Int])
  /// Inserts axes of size 1, at these places of the result.
  case unsqueeze([Int])
  case reshape(from: [String], to: [String])
  case flip([Int])
  /// The even entries along an axis, then the odd ones.
  case deinterleave(Int)
  case swapHalves(Int)
  case negate
  case negateHalf(axis: Int, isFirst: Bool)
  case multiply(Double)
  case add(Double)
  case logarithm
  case exponential
  /// Times e to the power of `factor` times another tensor of theirs, of the same shape.
  case timesExponential(tensor: String, factor: Double)
  /// From a matrix P with `(P x)[order[i]] = x[i]` to that order.
  case permutationOrder
  /// Repeats what has size 1 along these axes.
  case repeating([Int])
  /// One more entry along an axis, 0.
  case appendZeros(Int)
  /// One more entry along an axis, the sum of the others.
  case appendSum(Int)
  /// The sum along an axis of `count` entries, which goes; backwards all of them get the same.
  case sum(axis: Int, count: String)

  private enum Name: String, CodingKey, CaseIterable {
    case permute, squeeze, unsqueeze, reshape, flip, deinterleave, swapHalves, negate, negateHalf, multiply, add
    case logarithm, exponential, timesExponential, permutationOrder, appendZeros, appendSum, sum
    case repeating = "repeat"
  }

  private struct Reshape: Decodable { var from, to: [String] }
  private struct Half: Decodable {
    enum Which: String, Decodable { case first, second }
    var axis: Int
    var half: Which
  }
  private struct Sum: Decodable {
    var axis: Int
    var count: String
  }
  private struct Exponential: Decodable {
    var tensor: String
    var factor: Double?
  }

  /// A word, or an object with the operation's name and what it takes.
  init(from decoder: any Decoder) throws {
    let known = Name.allCases.map(\.rawValue).joined(separator: ", ")
    func unknown(_ name: String) -> DecodingError {
      .dataCorrupted(
        .init(
          codingPath: decoder.codingPath,
          debugDescription: "there is no operation \"\(name)\", expected one of \(known)"))
    }
    if let word = try? decoder.singleValueContainer().decode(String.self) {
      switch Name(rawValue: word) {
      case .negate: self = .negate
      case .logarithm: self = .logarithm
      case .exponential: self = .exponential
      case .permutationOrder: self = .permutationOrder
      case .some:
        throw DecodingError.dataCorrupted(
          .init(codingPath: decoder.codingPath, debugDescription: "\(word) takes a value: {\"\(word)\": ...}"))
      case nil: throw unknown(word)
      }
      return
    }
    let names = try decoder.container(keyedBy: AnyKey.self).allKeys.map(\.stringValue).sorted()
    guard names.count == 1, let name = Name(rawValue: names[0]) else {
      throw unknown(names.joined(separator: ", "))
    }
    let container = try decoder.container(keyedBy: Name.self)
    func value<T: Decodable>(_ type: T.Type = T.self) throws -> T { try container.decode(type, forKey: name) }
    switch name {
    case .permute: self = .permute(try value())
    case .squeeze: self = .squeeze(try value([Int].self).sorted())
    case .unsqueeze: self = .unsqueeze(try value([Int].self).sorted())
    case .reshape:
      let shapes = try value(Reshape.self)
      self = .reshape(from: shapes.from, to: shapes.to)
    case .flip: self = .flip(try value())
    case .deinterleave: self = .deinterleave(try value())
    case .swapHalves: self = .swapHalves(try value())
    case .negateHalf:
      let half = try value(Half.self)
      self = .negateHalf(axis: half.axis, isFirst: half.half == .first)
    case .multiply:
      let factor = try value(Double.self)
      guard factor != 0 && factor.isFinite else {
        throw DecodingError.dataCorruptedError(
          forKey: name, in: container, debugDescription: "expected a number other than 0, found \(factor)")
      }
      self = .multiply(factor)
    case .add: self = .add(try value())
    case .timesExponential:
      let other = try value(Exponential.self)
      self = .timesExponential(tensor: other.tensor, factor: other.factor ?? 1)
    case .repeating: self = .repeating(try value([Int].self).sorted())
    case .appendZeros: self = .appendZeros(try value())
    case .appendSum: self = .appendSum(try value())
    case .sum:
      let sum = try value(Sum.self)
      self = .sum(axis: sum.axis, count: sum.count)
    case .negate, .logarithm, .exponential, .permutationOrder:
      throw DecodingError.dataCorruptedError(
        forKey: name, in: container, debugDescription: "\(name.rawValue) takes no value: write \"\(name.rawValue)\"")
    }
  }
}

/// An operation cannot be applied to a tensor of this shape.
struct MisfitOperation: Error {
  let reason: String
}

extension LayoutOperation {
  /// The shape that the operation makes `shape` of.
  /// - Parameter size: what a name or number in a reshape stands for.
  /// - Throws: ``MisfitOperation``.
  func shape(before shape: [Int], size: (String) throws -> Int) throws -> [Int] {
    func require(_ axes: [Int], below rank: Int) throws {
      guard axes.allSatisfy({ (0..<rank).contains($0) }), Set(axes).count == axes.count else {
        throw MisfitOperation(reason: "axes \(axes) are not among those of a tensor of \(rank) axes")
      }
    }
    switch self {
    case .permute(let order):
      guard order.sorted() == Array(shape.indices) else {
        throw MisfitOperation(reason: "\(order) does not reorder the axes of shape \(shape)")
      }
      var before = shape
      for (place, axis) in order.enumerated() { before[axis] = shape[place] }
      return before
    case .squeeze(let axes):
      try require(axes, below: shape.count + axes.count)
      return axes.reduce(into: shape) { $0.insert(1, at: $1) }
    case .unsqueeze(let axes):
      try require(axes, below: shape.count)
      guard axes.allSatisfy({ shape[$0] == 1 }) else {
        throw MisfitOperation(reason: "shape \(shape) is not 1 along the axes \(axes)")
      }
      return axes.reversed().reduce(into: shape) { $0.remove(at: $1) }
    case .reshape(let from, let to):
      let (before, after) = (try from.map(size), try to.map(size))
      guard after == shape, let count = Self.elementCount(before), count == Self.elementCount(after) else {
        throw MisfitOperation(reason: "it reshapes \(before) to \(after), the tensor has shape \(shape)")
      }
      return before
    case .flip(let axes): try require(axes, below: shape.count)
    case .deinterleave(let axis), .swapHalves(let axis), .negateHalf(let axis, _):
      try require([axis], below: shape.count)
      guard shape[axis] % 2 == 0 else {
        throw MisfitOperation(reason: "shape \(shape) has no halves along axis \(axis)")
      }
    case .permutationOrder:
      guard shape.count == 1 else {
        throw MisfitOperation(reason: "permutationOrder makes a vector, the tensor has shape \(shape)")
      }
      return [shape[0], shape[0]]
    case .repeating(let axes):
      try require(axes, below: shape.count)
      return axes.reduce(into: shape) { $0[$1] = 1 }
    case .appendZeros(let axis), .appendSum(let axis):
      try require([axis], below: shape.count)
      guard shape[axis] > 1 else {
        throw MisfitOperation(reason: "shape \(shape) has a single entry along axis \(axis)")
      }
      var before = shape
      before[axis] -= 1
      return before
    case .sum(let axis, let count):
      try require([axis], below: shape.count + 1)
      var before = shape
      before.insert(try size(count), at: axis)
      return before
    case .negate, .multiply, .add, .logarithm, .exponential, .timesExponential: break
    }
    return shape
  }

  /// - Parameters:
  ///   - tensor: theirs, float64.
  ///   - shape: of the result.
  ///   - other: gives another tensor of theirs by its name.
  func apply(to tensor: Tensor, shape: [Int], other: (String) throws -> Tensor) throws -> Tensor {
    switch self {
    case .permute(let order): return try tensor.permuted(order)
    case .squeeze, .unsqueeze, .reshape: return try tensor.reshaped(shape)
    case .flip(let axes): return try tensor.flipped(axes)
    case .deinterleave(let axis):
      let pairs = shape[..<axis] + [shape[axis] / 2, 2] + shape[(axis + 1)...]
      let swapped = Array(0..<axis) + [axis + 1, axis] + (axis + 1..<shape.count).map { $0 + 1 }
      return try tensor.reshaped(Array(pairs)).permuted(swapped).reshaped(shape)
    case .swapHalves(let axis): return try Self.swapHalves(tensor, axis)
    case .negate: return try -tensor
    case .negateHalf(let axis, let isFirst): return try Self.negateHalf(tensor, axis, isFirst)
    case .multiply(let factor): return try tensor * factor
    case .add(let term): return try tensor + term
    case .logarithm:
      guard try tensor.minimum().item() > 0 else {
        throw MisfitOperation(reason: "it holds a number that is not above 0")
      }
      return try tensor.logarithm()
    case .exponential: return try tensor.exponential()
    case .timesExponential(let name, let factor): return try tensor * (other(name) * factor).exponential()
    case .appendZeros(let axis):
      return try .concatenating([tensor, Self.total(tensor, axis) * 0], alongDimension: axis)
    case .appendSum(let axis):
      return try .concatenating([tensor, Self.total(tensor, axis)], alongDimension: axis)
    case .sum(let axis, _): return try tensor.sum([axis])
    case .permutationOrder:
      // Each row and each column holds a single 1.
      let isOrder =
        try tensor.minimum().item() >= 0
        && [0, 1].allSatisfy { axis in
          try tensor.sum([axis]).elements(Double.self).allSatisfy { $0 == 1 }
            && tensor.maximum([axis]).elements(Double.self).allSatisfy { $0 == 1 }
        }
      guard isOrder else { throw MisfitOperation(reason: "it is no permutation matrix") }
      return try tensor.argmax(0).converted(to: .float64)
    case .repeating: return try tensor.expanded(to: shape)
    }
  }

  /// The inverse of ``apply(to:shape:other:)``.
  /// - Parameter shape: of the result, theirs.
  func undo(_ tensor: Tensor, shape: [Int], other: (String) throws -> Tensor) throws -> Tensor {
    switch self {
    case .permute(let order):
      let inverse = order.indices.map { axis in order.firstIndex(of: axis)! }
      return try tensor.permuted(inverse)
    case .squeeze, .unsqueeze, .reshape: return try tensor.reshaped(shape)
    case .flip(let axes): return try tensor.flipped(axes)
    case .deinterleave(let axis):
      let halves = shape[..<axis] + [2, shape[axis] / 2] + shape[(axis + 1)...]
      let swapped = Array(0..<axis) + [axis + 1, axis] + (axis + 1..<shape.count).map { $0 + 1 }
      return try tensor.reshaped(Array(halves)).permuted(swapped).reshaped(shape)
    case .swapHalves(let axis): return try Self.swapHalves(tensor, axis)
    case .negate: return try -tensor
    case .negateHalf(let axis, let isFirst): return try Self.negateHalf(tensor, axis, isFirst)
    case .multiply(let factor): return try tensor / factor
    case .add(let term): return try tensor - term
    case .logarithm: return try tensor.exponential()
    case .exponential:
      guard try tensor.minimum().item() > 0 else {
        throw MisfitOperation(reason: "it holds a number that is not above 0")
      }
      return try tensor.logarithm()
    case .timesExponential(let name, let factor): return try tensor * (other(name) * -factor).exponential()
    case .permutationOrder:
      return try Tensor.identity(shape[0], .float64)
        .selecting(tensor.converted(to: .int64), alongDimension: 0).transposed
    case .repeating(let axes):
      let first = try axes.reduce(tensor) { try $0.narrowed($1, 0..<1) }
      guard try (tensor - first).magnitude().maximum().item() == 0 else {
        throw MisfitOperation(reason: "its values differ along the axes \(axes), where the layout has one for all")
      }
      return first
    case .appendZeros(let axis): return try Self.dropLast(tensor, axis, what: "0") { try Self.total($0, axis) * 0 }
    case .appendSum(let axis):
      return try Self.dropLast(tensor, axis, what: "the sum of the others") { try Self.total($0, axis) }
    case .sum(let axis, _):
      var thin = shape
      thin[axis] = 1
      return try (tensor.reshaped(thin) / Double(shape[axis])).expanded(to: shape)
    }
  }

  /// Nil where it does not fit an integer.
  private static func elementCount(_ shape: [Int]) -> Int? {
    var count = 1
    for size in shape {
      let (product, overflow) = count.multipliedReportingOverflow(by: size)
      if overflow { return nil }
      count = product
    }
    return count
  }

  private static func total(_ tensor: Tensor, _ axis: Int) throws -> Tensor {
    try tensor.sum([axis], keepingDimensions: true)
  }

  /// All but the last entry along `axis`, which must be what `expected` makes of the others, up to float32 rounding.
  private static func dropLast(
    _ tensor: Tensor, _ axis: Int, what: String, expected: (Tensor) throws -> Tensor
  ) throws -> Tensor {
    let count = tensor.shape[axis]
    let (others, last) = (try tensor.narrowed(axis, 0..<count - 1), try tensor.narrowed(axis, count - 1..<count))
    let tolerance = try 1e-6 * total(others.magnitude(), axis).maximum().item()
    guard try (last - expected(others)).magnitude().maximum().item() <= tolerance else {
      throw MisfitOperation(reason: "its last entries along axis \(axis) are not \(what)")
    }
    return others
  }

  private static func halves(_ tensor: Tensor, _ axis: Int) throws -> (Tensor, Tensor) {
    let size = tensor.shape[axis]
    return (try tensor.narrowed(axis, 0..<size / 2), try tensor.narrowed(axis, size / 2..<size))
  }

  private static func swapHalves(_ tensor: Tensor, _ axis: Int) throws -> Tensor {
    let (first, second) = try halves(tensor, axis)
    return try .concatenating([second, first], alongDimension: axis)
  }

  private static func negateHalf(_ tensor: Tensor, _ axis: Int, _ isFirst: Bool) throws -> Tensor {
    let (first, second) = try halves(tensor, axis)
    return try .concatenating(isFirst ? [-first, second] : [first, -second], alongDimension: axis)
  }
}
