import Foundation

/// Images in NPZ files: uint8 arrays of images, and one of labels beside each.
package struct NPZDataset: ImageDataset {
  /// How an array holds its images.
  package enum Layout {
    /// `[images, 3 * side * side]`: the red, the green and the blue plane.
    case planes
    /// `[images, side, side, 3]`.
    case channelsLast
  }

  /// Where one part of the images is.
  package struct Part {
    let file: URL
    let images: String
    let labels: String

    package init(file: URL, images: String, labels: String) {
      self.file = file
      self.images = images
      self.labels = labels
    }
  }

  package let name: String
  package let split: DatasetSplit
  package let shape: ImageShape
  package var count: Int { images.count }
  package let classNames: [String]
  package let shuffleBlock: Int?
  private let layout: Layout
  private let arrays: [(images: NPYArray, labels: NPYArray)]
  private let images: PartLookup
  private let labels: [Int32]

  /// - Parameters:
  ///   - firstLabel: the number that the labels in the files begin at.
  ///   - shuffleBlock: as ``ImageDataset/shuffleBlock``.
  /// - Throws: `DatasetError`, naming the file, the array and the image.
  package init(
    _ parts: [Part], layout: Layout, side: Int, name: String, split: DatasetSplit, classNames: [String],
    firstLabel: Int, shuffleBlock: Int?, adviceIfMissing: String
  ) throws {
    self.name = name
    self.split = split
    self.classNames = classNames
    self.layout = layout
    self.shuffleBlock = shuffleBlock
    shape = ImageShape(height: side, width: side, channels: 3)
    var labels: [Int32] = []
    arrays = try parts.map { part in
      let archive = try NPZArchive(reading: part.file, adviceIfMissing: adviceIfMissing)
      let images = try archive.array(part.images)
      try images.require(types: ["|u1"], shape: layout == .planes ? [nil, 3 * side * side] : [nil, side, side, 3])
      let count = images.header.shape[0]
      let stored = try archive.array(part.labels)
      try stored.require(
        types: NPYArray.integerTypes, shape: stored.header.shape.count == 2 ? [count, 1] : [count])
      for (image, label) in try stored.integers().enumerated() {
        guard (firstLabel..<firstLabel + classNames.count).contains(label) else {
          throw DatasetError.wrongField(
            file: archive.path, field: "label of image \(image)",
            expected: "\(firstLabel) to \(firstLabel + classNames.count - 1)", found: "\(label)")
        }
        labels.append(Int32(label - firstLabel))
      }
      return (images, stored)
    }
    images = PartLookup(arrays.map { $0.images.header.shape[0] })
    self.labels = labels
  }

  package func label(at index: Int) -> Int? { Int(labels[index]) }

  package func copyPixels(at index: Int, to buffer: UnsafeMutableBufferPointer<UInt8>) throws {
    let (part, image) = images.place(of: index)
    let (array, start) = (arrays[part].images, image * shape.elementCount)
    guard layout == .planes else { return try array.read(at: start, into: UnsafeMutableRawBufferPointer(buffer)) }
    try withUnsafeTemporaryAllocation(of: UInt8.self, capacity: shape.elementCount) { planes in
      try array.read(at: start, into: UnsafeMutableRawBufferPointer(planes))
      interleave(planes: UnsafeBufferPointer(planes), into: buffer)
    }
  }
}

extension NPZDataset: IntegrityChecking {
  func integrityChecks() -> [IntegrityCheck] {
    arrays.flatMap { [$0.images, $0.labels] }.map { array in
      IntegrityCheck(file: array.path) { try array.checkBytes() }
    }
  }
}

/// Three planes on end become channels last.
func interleave(planes: UnsafeBufferPointer<UInt8>, into buffer: UnsafeMutableBufferPointer<UInt8>) {
  let count = planes.count / 3
  for i in 0..<count {
    buffer[3 * i] = planes[i]
    buffer[3 * i + 1] = planes[count + i]
    buffer[3 * i + 2] = planes[2 * count + i]
  }
}
