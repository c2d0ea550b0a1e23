import CTorch
import Torch

/// The order in which a masked autoregressive step goes through an image: line after line, and along each line.
public enum ScanOrder: String, Sendable, CaseIterable {
  /// Rows from the top, each from the left.
  case down
  /// Rows from the bottom, each from the right: `down` turned by 180 degrees.
  case up
  /// Columns from the left, each from the top.
  case right
  /// Columns from the right, each from the bottom.
  case left

  /// From the offset in lines and along a line to that in rows and columns.
  fileprivate func offset(line: Int, place: Int) -> (dy: Int, dx: Int) {
    switch self {
    case .down: (line, place)
    case .up: (-line, -place)
    case .right: (place, line)
    case .left: (-place, -line)
    }
  }
}

/// Which of its nine neighbors, itself among them, a pixel's 3x3 convolution sees. (Masks A and B of PixelCNN, van den Oord
/// et al. 2016, section 3.4; as a flow: MaCow, Ma et al. 2019.)
public struct ConvolutionTaps: Sendable, Hashable {
  /// In raster order, 0 to 8.
  private let indices: [Int]

  /// All nine.
  public static let square = ConvolutionTaps(indices: Array(0..<9))

  /// The three of the line before, and the one before on its own line.
  public static func before(_ order: ScanOrder) -> Self { masked(order, own: false) }

  /// Those before, and the pixel itself.
  public static func upTo(_ order: ScanOrder) -> Self { masked(order, own: true) }

  private static func masked(_ order: ScanOrder, own: Bool) -> Self {
    let seen = [(-1, -1), (-1, 0), (-1, 1), (0, -1)] + (own ? [(0, 0)] : [])
    let indices = seen.map { line, place in
      let (dy, dx) = order.offset(line: line, place: place)
      return 3 * (dy + 1) + dx + 1
    }
    return ConvolutionTaps(indices: indices.sorted())
  }

  private init(indices: [Int]) { self.indices = indices }

  /// How many of the nine it sees.
  public var count: Int { indices.count }

  /// As the kernels read it.
  var mask: UInt32 { indices.reduce(0) { $0 | 1 << UInt32(5 * ($1 / 3 + 1) + $1 % 3 + 1) } }

  /// The first dimensions of a convolution's weights, which come before inputs and outputs: those of the square, or one for
  /// the taps of a mask.
  var weightShape: [Int] { self == .square ? [3, 3] : [count] }

  /// The weights of a convolution of these taps as those of a square with zeros.
  /// - Returns: `[3, 3, inputs, outputs]`.
  func spread(_ weight: Tensor) throws -> Tensor {
    guard self != .square else { return weight }
    let (inputs, outputs) = (weight.shape[1], weight.shape[2])
    return try selection(like: weight).matmul(weight.reshaped([count, -1])).reshaped([3, 3, inputs, outputs])
  }

  /// The adjoint of ``spread(_:)``.
  func gathered(_ square: Tensor) throws -> Tensor {
    guard self != .square else { return square }
    let (inputs, outputs) = (square.shape[2], square.shape[3])
    return try selection(like: square).transposed.matmul(square.reshaped([9, -1])).reshaped([count, inputs, outputs])
  }

  /// `[9, taps]`: 1 where a tap of the square is one of these.
  private func selection(like tensor: Tensor) throws -> Tensor {
    let elements = (0..<9).flatMap { tap in indices.map { $0 == tap ? 1.0 : 0.0 } }
    return try Tensor(elements, shape: [9, count]).converted(to: tensor.dtype, on: tensor.device)
  }
}
