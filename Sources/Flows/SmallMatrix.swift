import Foundation
import Torch

/// A square matrix of a few channels in float64, row after row, in Swift's own memory: libtorch's calls would cost more
/// than the arithmetic.
struct SmallMatrix {
  let size: Int
  private(set) var elements: [Double]

  init(size: Int, _ elements: [Double]) {
    precondition(elements.count == size * size, "a matrix of size \(size) has \(size * size) elements")
    self.size = size
    self.elements = elements
  }

  init(_ tensor: Tensor) throws { self.init(size: tensor.shape[0], try tensor.elements()) }

  init(size: Int, _ element: (_ row: Int, _ column: Int) -> Double) {
    self.size = size
    elements = (0..<size * size).map { element($0 / size, $0 % size) }
  }

  static func identity(_ size: Int) -> SmallMatrix { SmallMatrix(size: size) { $0 == $1 ? 1 : 0 } }

  subscript(row: Int, column: Int) -> Double {
    get { elements[row * size + column] }
    set { elements[row * size + column] = newValue }
  }

  var transposed: SmallMatrix { SmallMatrix(size: size) { self[$1, $0] } }

  var diagonal: [Double] { (0..<size).map { self[$0, $0] } }

  /// Keeps what is below the diagonal.
  var strictlyLower: SmallMatrix { SmallMatrix(size: size) { $0 > $1 ? self[$0, $1] : 0 } }

  /// Keeps what is above the diagonal.
  var strictlyUpper: SmallMatrix { SmallMatrix(size: size) { $0 < $1 ? self[$0, $1] : 0 } }

  /// Multiplies column j by `factors[j]`.
  func scalingColumns(_ factors: [Double]) -> SmallMatrix {
    SmallMatrix(size: size) { self[$0, $1] * factors[$1] }
  }

  /// Row i becomes row `order[i]`.
  func takingRows(_ order: [Int]) -> SmallMatrix { SmallMatrix(size: size) { self[order[$0], $1] } }

  static func * (a: SmallMatrix, b: SmallMatrix) -> SmallMatrix {
    precondition(a.size == b.size, "matrices of sizes \(a.size) and \(b.size) have no product")
    let size = a.size
    var product = [Double](repeating: 0, count: size * size)
    product.withUnsafeMutableBufferPointer { product in
      b.elements.withUnsafeBufferPointer { b in
        for row in 0..<size {
          for k in 0..<size { addRow(product, row, b, k, times: a[row, k], width: size) }
        }
      }
    }
    return SmallMatrix(size: size, product)
  }

  static func * (a: SmallMatrix, x: [Double]) -> [Double] {
    (0..<a.size).map { row in (0..<a.size).reduce(0) { $0 + a[row, $1] * x[$1] } }
  }

  /// The inverse and log|det|, by Gauss-Jordan elimination with the largest pivot of each column.
  /// - Throws: ``TorchError`` if a pivot is zero or not a number.
  func inverted() throws -> (inverse: SmallMatrix, logDeterminant: Double) {
    // [self | identity], of which the left half is turned into the identity.
    let width = 2 * size
    var rows = [Double](repeating: 0, count: size * width)
    for row in 0..<size {
      for column in 0..<size { rows[row * width + column] = self[row, column] }
      rows[row * width + size + row] = 1
    }
    var logDeterminant = 0.0
    try rows.withUnsafeMutableBufferPointer { rows in
      for column in 0..<size {
        var pivot = column
        for row in column..<size where rows[row * width + column].magnitude > rows[pivot * width + column].magnitude {
          pivot = row
        }
        let value = rows[pivot * width + column]
        guard value.magnitude > 0 else {
          throw TorchError(operation: "inverse", shapes: [[size, size]], message: "the matrix is singular")
        }
        logDeterminant += log(value.magnitude)
        for j in 0..<width {
          let own = rows[pivot * width + j]
          rows[pivot * width + j] = rows[column * width + j]
          rows[column * width + j] = own / value
        }
        let source = UnsafeBufferPointer(rows)
        for row in 0..<size where row != column {
          addRow(rows, row, source, column, times: -rows[row * width + column], width: width)
        }
      }
    }
    return (SmallMatrix(size: size) { rows[$0 * width + size + $1] }, logDeterminant)
  }

  /// log|det|; minus infinity for a singular matrix.
  var logDeterminant: Double {
    var rows = elements
    var sum = 0.0
    for column in 0..<size {
      var pivot = column
      for row in column..<size where rows[row * size + column].magnitude > rows[pivot * size + column].magnitude {
        pivot = row
      }
      if pivot != column { for j in 0..<size { rows.swapAt(pivot * size + j, column * size + j) } }
      let value = rows[column * size + column]
      sum += log(value.magnitude)
      guard value != 0 else { break }
      rows.withUnsafeMutableBufferPointer { rows in
        let source = UnsafeBufferPointer(rows)
        for row in (column + 1)..<size {
          addRow(rows, row, source, column, times: -rows[row * size + column] / value, width: size)
        }
      }
    }
    return sum
  }

  func tensor(_ dtype: DType) throws -> Tensor {
    try Tensor(elements, shape: [size, size]).converted(to: dtype)
  }
}

/// target[row] += factor * source[from], for rows of `width` numbers.
@inline(__always)
private func addRow(
  _ target: UnsafeMutableBufferPointer<Double>, _ row: Int, _ source: UnsafeBufferPointer<Double>, _ from: Int,
  times factor: Double, width: Int
) {
  for j in 0..<width { target[row * width + j] += factor * source[from * width + j] }
}
