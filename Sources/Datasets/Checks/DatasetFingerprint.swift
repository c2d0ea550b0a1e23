import Files

/// A mark by which a split is known again, without reading all of it: the number, shape and labels of the images, and the pixels
/// of up to 64 of them spread over the split. Another cut, other pictures, some more or fewer show; a change to a few pixels
/// of one image in many may not.
public struct DatasetFingerprint: Codable, Sendable, Equatable {
  /// Images in the split.
  public var count: Int
  /// Rows, columns and channels of every image.
  public var shape: ImageShape
  /// The labels' names; empty for none.
  public var classNames: [String]
  /// The CRC-32C of all labels; of sets of over a million images, of the samples' labels.
  public var labels: UInt32
  /// The CRC-32C of the samples' pixels.
  public var pixels: UInt32
  /// The CRC-32C of the attributes' names and the samples' attributes; nil where there are none, and of what older programs
  /// wrote.
  public var attributes: UInt32?

  static let samples = 64
  static let mostLabels = 1_000_000

  /// Reads the samples. An image that cannot be read counts as black.
  public init(of dataset: any ImageDataset) {
    (count, shape, classNames) = (dataset.count, dataset.shape, dataset.classNames)
    var labels = CRC32C()
    let samples = (0..<min(count, Self.samples)).map { [count] in $0 * count / min(count, Self.samples) }
    if !classNames.isEmpty {
      for index in count <= Self.mostLabels ? Array(0..<count) : samples {
        withUnsafeBytes(of: Int32(dataset.label(at: index) ?? -1).littleEndian) { labels.update($0) }
      }
    }
    var pixels = CRC32C()
    let buffer = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: shape.elementCount)
    defer { buffer.deallocate() }
    for index in samples {
      if (try? dataset.copyPixels(at: index, to: buffer)) == nil { buffer.update(repeating: 0) }
      pixels.update(UnsafeRawBufferPointer(buffer))
    }
    (self.labels, self.pixels) = (labels.value, pixels.value)
    attributes = Self.attributes(of: dataset, samples)
  }

  private static func attributes(of dataset: any ImageDataset, _ samples: [Int]) -> UInt32? {
    guard !dataset.attributeNames.isEmpty else { return nil }
    var sum = CRC32C()
    for name in dataset.attributeNames { Array((name + "\n").utf8).withUnsafeBytes { sum.update($0) } }
    let states = samples.flatMap { index in
      dataset.attributeNames.indices.map { AttributeTable.State(dataset.attribute($0, at: index)).rawValue }
    }
    states.withUnsafeBytes { sum.update($0) }
    return sum.value
  }

  /// What differs from another, in words; nil if nothing does.
  public func difference(from other: DatasetFingerprint) -> String? {
    if count != other.count { return "it has \(counted(count, "image")), and had \(other.count)" }
    if shape != other.shape { return "its images are \(shape), and were \(other.shape)" }
    if classNames.map(ExactName.init) != other.classNames.map(ExactName.init) {
      return
        "its labels are \(classNames.joined(separator: ", ")), and were \(other.classNames.joined(separator: ", "))"
    }
    if labels != other.labels { return "images have other labels than they had" }
    if let attributes, let before = other.attributes, attributes != before {
      return "images have other attributes than they had"
    }
    return pixels == other.pixels ? nil : "images have other pixels than they had, or another order"
  }
}
