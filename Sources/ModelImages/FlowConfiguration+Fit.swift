import Datasets
import FlowModels

extension FlowConfiguration {
  public var imageShape: ImageShape { ImageShape(height: height, width: width, channels: channels) }

  /// - Throws: `ModelError` where the images of a data set are of another shape than the model's.
  public func requireFit(of dataset: any ImageDataset) throws {
    guard dataset.shape == imageShape else {
      throw ModelError.request("the images of \(dataset.name) are \(dataset.shape), the model takes \(imageShape)")
    }
  }

  /// - Throws: `ModelError` where the images of a data set are of another shape than the model's, or labeled with names
  ///   that a conditional model does not have.
  public func requireFit(ofLabeled dataset: any ImageDataset) throws {
    try requireFit(of: dataset)
    // Fewer are no harm: data in the IDX format count their labels up to the largest that occurs.
    guard classCount == 0 || classNames.starts(with: dataset.classNames) else {
      throw ModelError.request(
        "the images of \(dataset.name) have the labels \(dataset.classNames.joined(separator: ", ")), those of the "
          + "model are \(classNames.joined(separator: ", "))")
    }
  }

  /// Those of the model's attributes that a data set does not have.
  public func attributesMissing(in dataset: any ImageDataset) -> [String] {
    attributeNames.filter { !dataset.attributeNames.contains($0) }
  }

  /// Finds which of the model's attributes exclude each other in images: two that would often be seen together if they were
  /// independent, and hardly ever are.
  /// - Parameter most: images to look at, spread evenly.
  public mutating func findAttributeExclusions(in images: any ImageDataset, most: Int = 20_000) {
    guard !attributeNames.isEmpty else { return }
    let columns = images.attributeColumns(of: attributeNames)
    let count = min(images.count, most)
    // One of each stretch at random, as images may be in an order that repeats itself.
    var random = KeyedRandom(.attributes, UInt64(images.count))
    let rows = (0..<count).map { number in
      let place = (Double(number) + .random(in: 0..<1, using: &random)) * Double(images.count) / Double(count)
      return images.attributeRow(columns, at: count == images.count ? number : Int(place))
    }
    attributeExclusions = attributeNames.indices.compactMap { one in
      let having = rows.filter { $0[one] > 0 }
      func other(_ number: Int, among rows: [[Float]]) -> (known: Double, present: Double) {
        (Double(rows.count { $0[number] != 0 }), Double(rows.count { $0[number] > 0 }))
      }
      var (absent, unknown) = ([Int](), [Int]())
      for number in attributeNames.indices where number != one && Double(having.count) >= Self.enoughImages {
        let (all, beside) = (other(number, among: rows), other(number, among: having))
        let expected = beside.known * all.present / max(1, all.known)
        if beside.known <= Self.exceptions * Double(having.count), all.known > 0 {
          unknown.append(number)
        } else if expected >= Self.enoughImages, beside.present <= Self.exceptions * expected {
          absent.append(number)
        }
      }
      guard !absent.isEmpty || !unknown.isEmpty else { return nil }
      let neither = rows.count { row in row[one] <= 0 && !(absent + unknown).contains { row[$0] > 0 } }
      return AttributeExclusion(
        attribute: attributeNames[one], absent: absent.map { attributeNames[$0] },
        unknown: unknown.map { attributeNames[$0] }, isChoice: Double(neither) <= Self.exceptions * Double(count))
    }
  }

  private static var enoughImages: Double { 20 }
  /// Labels are wrong at times.
  private static var exceptions: Double { 0.01 }

  /// - Throws: `ModelError` where the model has no such label.
  func require(label: Int) throws {
    guard (0..<classCount).contains(label) else {
      throw ModelError.request("an image has label \(label), the model has labels 0 to \(classCount - 1)")
    }
  }
}
