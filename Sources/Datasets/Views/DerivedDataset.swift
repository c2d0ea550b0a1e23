/// A data set made from another. What a conformance does not say itself is as in `base`.
protocol DerivedDataset: ImageDataset {
  var base: any ImageDataset { get }
}

extension DerivedDataset {
  public var name: String { base.name }
  public var split: DatasetSplit { base.split }
  public var shape: ImageShape { base.shape }
  public var count: Int { base.count }
  public var classNames: [String] { base.classNames }
  public var attributeNames: [String] { base.attributeNames }
  public var notes: [String] { base.notes }
  public var sourcePixels: Int? { base.sourcePixels }
  public var shuffleBlock: Int? { base.shuffleBlock }
  public var cropsAtRandom: Bool { base.cropsAtRandom }

  public func label(at index: Int) -> Int? { base.label(at: index) }

  public func attribute(_ attribute: Int, at index: Int) -> Bool? { base.attribute(attribute, at: index) }

  public func copyPixels(at index: Int, to buffer: UnsafeMutableBufferPointer<UInt8>) throws {
    try base.copyPixels(at: index, to: buffer)
  }

  public func copyPixels(
    at index: Int, to buffer: UnsafeMutableBufferPointer<UInt8>, random: inout KeyedRandom
  ) throws {
    try base.copyPixels(at: index, to: buffer, random: &random)
  }
}
