/// The first images of a data set, at most `limit` of them.
public struct DatasetPrefix: ImageDataset {
  public let base: any ImageDataset
  public let count: Int

  /// - Parameter limit: at least 1; more than there are gives all.
  public init(of base: any ImageDataset, limit: Int) {
    precondition(limit > 0, "a limit must be positive, got \(limit)")
    self.base = base
    self.count = min(limit, base.count)
  }

  public var name: String { base.name }
  public var split: DatasetSplit { base.split }
  public var shape: ImageShape { base.shape }
  public var classNames: [String] { base.classNames }
  public var attributeNames: [String] { base.attributeNames }
  public var shuffleBlock: Int? { base.shuffleBlock }

  public func label(at index: Int) -> Int? {
    precondition((0..<count).contains(index), "image \(index) is outside 0..<\(count)")
    return base.label(at: index)
  }

  public func copyPixels(at index: Int, to buffer: UnsafeMutableBufferPointer<UInt8>) throws {
    precondition((0..<count).contains(index), "image \(index) is outside 0..<\(count)")
    try base.copyPixels(at: index, to: buffer)
  }

  public func attribute(_ attribute: Int, at index: Int) -> Bool? {
    precondition((0..<count).contains(index), "image \(index) is outside 0..<\(count)")
    return base.attribute(attribute, at: index)
  }

  public func copyPixels(
    at index: Int, to buffer: UnsafeMutableBufferPointer<UInt8>, random: inout KeyedRandom
  ) throws {
    precondition((0..<count).contains(index), "image \(index) is outside 0..<\(count)")
    try base.copyPixels(at: index, to: buffer, random: &random)
  }
}
