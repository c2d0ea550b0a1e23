import Torch

extension LayoutOperation {
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
