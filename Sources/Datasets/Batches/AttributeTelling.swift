/// Which attributes a model is told of each image, and how much of them in training.
struct AttributeTelling: Sendable {
  /// Those to tell, in order. One that the data set does not have is not known of any image.
  let names: [String]
  /// The share of the images of which only some attributes are told, so that a model learns to do without; 0 for all of all.
  ///
  /// Of such an image the share that is told is u², u uniform in 0 ..< 1: the median is a quarter, and of ten attributes
  /// none is told in about one case of four.
  var dropout = 0.0

  /// `[items, attributes]`: 1, -1, or 0 for what is not known or not told.
  func values(of items: [BatchAssembler.Item], in dataset: any ImageDataset, seed: UInt64) -> [Float] {
    guard !names.isEmpty else { return [] }
    let columns = dataset.attributeColumns(of: names)
    return items.flatMap { item in
      var row = dataset.attributeRow(columns, at: item.index)
      guard dropout > 0 else { return row }
      var random = KeyedRandom(.attributes, seed, UInt64(item.pass), UInt64(item.index))
      guard Double.random(in: 0..<1, using: &random) < dropout else { return row }
      let told = Double.random(in: 0..<1, using: &random)
      for place in row.indices where Double.random(in: 0..<1, using: &random) >= told * told { row[place] = 0 }
      return row
    }
  }
}

extension ImageDataset {
  /// Where attributes stand among the data set's; nil for one that it does not have.
  public func attributeColumns(of names: [String]) -> [Int?] { names.map { attributeNames.firstIndex(of: $0) } }

  /// What is known of some attributes of image `index`: 1 for one that it has, -1 for one that it has not, 0 for one that is
  /// not known.
  /// - Parameter columns: indices into `attributeNames`; nil for one that is not known of any image.
  public func attributeRow(_ columns: [Int?], at index: Int) -> [Float] {
    columns.map { column in column.flatMap { attribute($0, at: index) }.map { $0 ? 1 : -1 } ?? 0 }
  }
}
