import Datasets

/// Images whose every byte is their index; reading those in `broken` throws.
struct CountingDataset: ImageDataset {
  struct Broken: Error, Equatable {
    let index: Int
  }

  var name: String { "counting" }
  var split: DatasetSplit { .train }
  var shape = ImageShape(height: 2, width: 3, channels: 1)
  var count: Int
  var classNames: [String] = ["even", "odd"]
  var broken: Set<Int> = []
  var shuffleBlock: Int?
  var attributeNames: [String] = []

  func label(at index: Int) -> Int? { classNames.isEmpty ? nil : index % 2 }

  /// Attribute `a` of image `i` by `(a + i) % 3`: yes, no, not known.
  func attribute(_ attribute: Int, at index: Int) -> Bool? { [true, false, nil][(attribute + index) % 3] }

  func copyPixels(at index: Int, to buffer: UnsafeMutableBufferPointer<UInt8>) throws {
    if broken.contains(index) { throw Broken(index: index) }
    buffer.update(repeating: UInt8(truncatingIfNeeded: index))
  }
}
