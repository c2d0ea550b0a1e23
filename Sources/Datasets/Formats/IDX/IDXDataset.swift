import Foundation

/// Images and labels in the IDX format of MNIST and its kin, held in memory: gray, of one size, labeled.
///
/// The format (Yann LeCun's MNIST page): big-endian; a magic number of two zero bytes, the element type (8 is unsigned
/// byte) and the number of dimensions; one 32-bit size a dimension; then the elements, row-major.
public struct IDXDataset: ImageDataset {
  public let name: String
  public let split: DatasetSplit
  public let shape: ImageShape
  public let count: Int
  public let classNames: [String]
  private let pixels: [UInt8]
  private let labels: [UInt8]

  /// Opens the files that MNIST named: `train-images-idx3-ubyte` and `train-labels-idx1-ubyte`, or `t10k-...` for the
  /// test split, each plain or with `.gz`.
  ///
  /// - Parameters:
  ///   - split: `.test`, or `.train` for all of the training images; there is no official validation split.
  ///   - classNames: nil names the classes `0`, `1`, and so on, up to the largest label.
  ///   - adviceIfMissing: ends the error for a missing file, after a semicolon.
  /// - Throws: `DatasetError`, naming the file and the field.
  public init(
    directory: URL, split: DatasetSplit, name: String = "idx", classNames: [String]? = nil,
    adviceIfMissing: String = "expected an IDX file, plain or gzip"
  ) throws {
    precondition(split != .validation, "IDX files hold no validation split; cut one from the training images")
    let prefix = split == .test ? "t10k" : "train"
    func file(_ suffix: String) -> URL {
      let plain = directory.appendingPathComponent("\(prefix)-\(suffix)")
      return FileManager.default.fileExists(atPath: plain.path) ? plain : plain.appendingPathExtension("gz")
    }
    try self.init(
      images: file("images-idx3-ubyte"), labels: file("labels-idx1-ubyte"), split: split, name: name,
      classNames: classNames, adviceIfMissing: adviceIfMissing)
  }

  /// Opens one file of images (`idx3`) and one of labels (`idx1`), each plain or gzip, told by the first bytes.
  ///
  /// - Throws: `DatasetError`, naming the file and the field.
  public init(
    images: URL, labels: URL, split: DatasetSplit, name: String = "idx", classNames: [String]? = nil,
    adviceIfMissing: String = "expected an IDX file, plain or gzip"
  ) throws {
    let images = try IDXArray(
      reading: images, dimensions: ["image count", "image height", "image width"], adviceIfMissing)
    let labels = try IDXArray(reading: labels, dimensions: ["label count"], adviceIfMissing)
    guard labels.sizes[0] == images.sizes[0] else {
      throw DatasetError.wrongField(
        file: labels.path, field: "label count", expected: "\(images.sizes[0]), one for each image",
        found: "\(labels.sizes[0])")
    }
    let largest = Int(labels.elements.max()!)
    let classNames = classNames ?? (0...largest).map(String.init)
    guard largest < classNames.count else {
      throw DatasetError.wrongField(
        file: labels.path, field: "largest label", expected: "at most \(classNames.count - 1)", found: "\(largest)")
    }
    self.name = name
    self.split = split
    self.classNames = classNames
    self.shape = ImageShape(height: images.sizes[1], width: images.sizes[2], channels: 1)
    self.count = images.sizes[0]
    self.pixels = images.elements
    self.labels = labels.elements
  }

  public func label(at index: Int) -> Int? { Int(labels[index]) }

  public func copyPixels(at index: Int, to buffer: UnsafeMutableBufferPointer<UInt8>) throws {
    let start = index * shape.elementCount
    _ = buffer.update(fromContentsOf: pixels[start..<start + shape.elementCount])
  }
}
