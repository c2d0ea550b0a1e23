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
}
