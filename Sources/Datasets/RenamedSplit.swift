/// A data set under the name of another split: published validation images that serve as the test split.
struct RenamedSplit: ImageDataset {
  let base: any ImageDataset
  let split: DatasetSplit

  init(_ base: any ImageDataset, as split: DatasetSplit) {
    self.base = base
    self.split = split
  }

  var name: String { base.name }
  var shape: ImageShape { base.shape }
  var count: Int { base.count }
  var classNames: [String] { base.classNames }
  var attributeNames: [String] { base.attributeNames }
  var shuffleBlock: Int? { base.shuffleBlock }

  func label(at index: Int) -> Int? { base.label(at: index) }

  func attribute(_ attribute: Int, at index: Int) -> Bool? { base.attribute(attribute, at: index) }

  func copyPixels(at index: Int, to buffer: UnsafeMutableBufferPointer<UInt8>) throws {
    try base.copyPixels(at: index, to: buffer)
  }

  func copyPixels(at index: Int, to buffer: UnsafeMutableBufferPointer<UInt8>, random: inout KeyedRandom) throws {
    try base.copyPixels(at: index, to: buffer, random: &random)
  }
}
