import Datasets

/// A data set in memory: stripes of some slope and phase, 16x16, in gray.
struct Stripes: ImageDataset {
  var name: String { "stripes" }
  var split = DatasetSplit.train
  var shape: ImageShape { ImageShape(height: 16, width: 16, channels: 1) }
  var count = 512
  var classNames: [String] { ["flat", "steep"] }
  func label(at index: Int) -> Int? { index % 8 < 4 ? 0 : 1 }

  func copyPixels(at index: Int, to buffer: UnsafeMutableBufferPointer<UInt8>) {
    for place in 0..<shape.elementCount {
      let (row, column) = place.quotientAndRemainder(dividingBy: shape.width)
      buffer[place] = UInt8((32 * row + 4 * (index % 8) * column + 5 * index) % 256)
    }
  }
}
