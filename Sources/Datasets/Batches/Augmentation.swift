/// Random changes to training images, keyed by (seed, epoch, image index): the same image changes anew every epoch,
/// and in the same way whatever the batch size or the number of threads.
public struct Augmentation: Codable, Sendable, Hashable {
  /// Whether images are mirrored, left and right, with probability 1/2.
  public var horizontalFlip: Bool
  /// How far images move at most, each way, as a fraction of the height and of the width: uniformly, by whole pixels; 0 is
  /// off.
  /// Vacated pixels repeat the edge.
  public var shift: Double

  /// No change unless given.
  /// - Parameter shift: in 0 ..< 1.
  public init(horizontalFlip: Bool = false, shift: Double = 0) {
    precondition((0..<1).contains(shift), "a shift is a fraction in 0..<1, got \(shift)")
    self.horizontalFlip = horizontalFlip
    self.shift = shift
  }

  /// Decodes what encoding gives.
  /// - Throws: `DecodingError` when `shift` is not in 0..<1.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    horizontalFlip = try container.decode(Bool.self, forKey: .horizontalFlip)
    shift = try container.decode(Double.self, forKey: .shift)
    guard (0..<1).contains(shift) else {
      throw DecodingError.dataCorruptedError(
        forKey: .shift, in: container, debugDescription: "a shift is a fraction in 0..<1, found \(shift)")
    }
  }

  /// No change at all.
  public static let none = Augmentation()

  /// Changes `source` into `target`, both `[height, width, channels]`, by the values that follow in `random`.
  func apply(
    _ source: UnsafeBufferPointer<UInt8>, to target: UnsafeMutableBufferPointer<UInt8>, shape: ImageShape,
    random: inout KeyedRandom
  ) {
    let flipped = horizontalFlip && random.next(below: 2) == 1
    let down = offset(within: shape.height, random: &random)
    let right = offset(within: shape.width, random: &random)
    for y in 0..<shape.height {
      let sourceY = min(max(y - down, 0), shape.height - 1)
      for x in 0..<shape.width {
        let shiftedX = min(max(x - right, 0), shape.width - 1)
        let sourceX = flipped ? shape.width - 1 - shiftedX : shiftedX
        let from = (sourceY * shape.width + sourceX) * shape.channels
        let to = (y * shape.width + x) * shape.channels
        for c in 0..<shape.channels { target[to + c] = source[from + c] }
      }
    }
  }

  private func offset(within size: Int, random: inout KeyedRandom) -> Int {
    let most = Int(shift * Double(size))
    return most == 0 ? 0 : random.next(below: 2 * most + 1) - most
  }
}
