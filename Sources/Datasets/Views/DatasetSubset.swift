/// Some images of a data set, in a given order, as a split of their own. The images are not copied.
public struct DatasetSubset: DerivedDataset {
  /// The data set that the images are of.
  public let base: any ImageDataset
  /// For each image of the subset, its index in `base`.
  public let indices: [Int]
  public let split: DatasetSplit

  /// - Parameters:
  ///   - indices: into `base`, in the order that the subset is to have.
  ///   - split: what the subset is for, whatever `base` is.
  public init(of base: any ImageDataset, indices: [Int], as split: DatasetSplit) {
    precondition(indices.allSatisfy { (0..<base.count).contains($0) }, "an index is outside 0..<\(base.count)")
    self.base = base
    self.indices = indices
    self.split = split
  }

  public var count: Int { indices.count }

  public func label(at index: Int) -> Int? { base.label(at: indices[index]) }

  public func copyPixels(at index: Int, to buffer: UnsafeMutableBufferPointer<UInt8>) throws {
    try base.copyPixels(at: indices[index], to: buffer)
  }

  public func attribute(_ attribute: Int, at index: Int) -> Bool? { base.attribute(attribute, at: indices[index]) }

  public func copyPixels(
    at index: Int, to buffer: UnsafeMutableBufferPointer<UInt8>, random: inout KeyedRandom
  ) throws {
    try base.copyPixels(at: indices[index], to: buffer, random: &random)
  }
}

extension ImageDataset {
  /// At most `limit` of the images, spread evenly over the set: where images are sorted by class, some of each.
  public func evenly(_ limit: Int) -> any ImageDataset {
    precondition(limit > 0, "a limit must be positive, got \(limit)")
    return limit < count ? DatasetSubset(of: self, indices: evenIndices(limit), as: split) : self
  }

  /// The numbers of at most `limit` images, spread evenly over the set, in order.
  public func evenIndices(_ limit: Int) -> [Int] {
    limit < count ? (0..<limit).map { $0 * count / limit } : Array(0..<count)
  }

  /// The first images, at most `limit`.
  public func first(_ limit: Int) -> any ImageDataset {
    precondition(limit > 0, "a limit must be positive, got \(limit)")
    return limit < count ? DatasetSubset(of: self, indices: Array(0..<limit), as: split) : self
  }

  /// Cuts a validation split out of this one, chosen by `seed`. Both parts keep the order of the images. Of sets of many
  /// millions, for which a table of all images would be large, the images are spread evenly from a random one on.
  ///
  /// - Throws: `DatasetError.tooFewImages` when nothing would be left to train on.
  public func cuttingValidation(
    of validationCount: Int, seed: UInt64
  ) throws -> (train: any ImageDataset, validation: any ImageDataset) {
    precondition(validationCount > 0, "a validation split has an image or more, got \(validationCount)")
    guard validationCount < count else {
      throw DatasetError.tooFewImages(name: name, split: .validation, count: count, needed: validationCount + 1)
    }
    var random = KeyedRandom(.split, seed)
    if count > SpacedRest.leastCount {
      let step = count / validationCount
      let offset = random.next(below: step)
      return (
        SpacedRest(of: self, without: validationCount, step: step, offset: offset),
        DatasetSubset(of: self, indices: (0..<validationCount).map { $0 * step + offset }, as: .validation)
      )
    }
    let order = random.permutation(of: count)
    return (
      DatasetSubset(of: self, indices: order[validationCount...].sorted(), as: .train),
      DatasetSubset(of: self, indices: order[..<validationCount].sorted(), as: .validation)
    )
  }
}
