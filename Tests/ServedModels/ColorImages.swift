import Datasets
import Imaging

/// Color 8x8 images made from their number, in memory: those with the attribute `bright` are, and their label is the
/// number modulo 3.
public struct ColorImages: ImageDataset {
  public let name = "colors"
  public let split: DatasetSplit
  public let count: Int
  public let shape = ImageShape(height: 8, width: 8, channels: 3)
  public let classNames: [String]
  public let attributeNames = ["bright"]

  public init(count: Int = 24, split: DatasetSplit = .test, classNames: [String] = []) {
    self.count = count
    self.split = split
    self.classNames = classNames
  }

  public func label(at index: Int) -> Int? { classNames.isEmpty ? nil : index % classNames.count }

  public func attribute(_ attribute: Int, at index: Int) -> Bool? { index % 2 == 0 }

  public func copyPixels(at index: Int, to buffer: UnsafeMutableBufferPointer<UInt8>) throws {
    var random = KeyedRandom(.crop, UInt64(index), split == .train ? 1 : 2)
    for i in 0..<shape.elementCount {
      buffer[i] = UInt8(30 + (index % 2 == 0 ? 90 : 0) + i / 3 + random.next(below: 40))
    }
  }
}
