import Testing

@testable import Datasets

/// Images of one pixel, its number; some cannot be read.
private struct FaultyImages: ImageDataset {
  var name: String { "faulty" }
  var split = DatasetSplit.train
  var shape = ImageShape(height: 1, width: 1, channels: 1)
  var count = 10
  var classNames: [String] = []
  var faulty: Set<Int> = []
  /// Added to every pixel.
  var brightness: UInt8 = 0

  func label(at index: Int) -> Int? { classNames.isEmpty ? nil : index % classNames.count }
  var attributeNames: [String] { ["even"] }
  func attribute(_ attribute: Int, at index: Int) -> Bool? { index % 2 == 0 }

  func copyPixels(at index: Int, to buffer: UnsafeMutableBufferPointer<UInt8>) throws {
    buffer[0] = UInt8(index) + brightness
    guard !faulty.contains(index) else { throw DatasetError.unreadable(file: "\(index).png", reason: "it is torn") }
  }
}

@Suite struct SkippingDatasetTests {
  private func pixels(_ dataset: any ImageDataset) throws -> [UInt8] {
    try (0..<dataset.count).map { try dataset.image(at: $0).pixels[0] }
  }

  @Test func theNextImageTakesThePlace() throws {
    let dataset = SkippingDataset(FaultyImages(faulty: [2, 3, 9]), limit: 3)
    for _ in 0..<2 { #expect(try pixels(dataset) == [0, 1, 4, 4, 4, 5, 6, 7, 8, 0]) }
    #expect(dataset.damaged == [2, 3, 9])
    // Each is reported once, by name.
    #expect(dataset.takeReports().map { "\($0.number) \($0.text.prefix(6))" } == ["1 2.png:", "2 3.png:", "3 9.png:"])
    _ = try pixels(dataset)
    #expect(dataset.takeReports().isEmpty)
  }

  @Test func labelsAreKept() throws {
    let dataset = SkippingDataset(FaultyImages(classNames: ["a", "b", "c"], faulty: [4, 7]), limit: 2)
    #expect(try pixels(dataset) == [0, 1, 2, 3, 1, 5, 6, 1, 8, 9])
  }

  /// What a batch tells is of the pictures that it holds.
  @Test func attributesAreThoseOfTheImageInThePlace() throws {
    let dataset = SkippingDataset(FaultyImages(faulty: [2, 4]), limit: 2)
    let batch = try EvaluationBatches(dataset: dataset, batchSize: 10, seed: 0, attributes: ["even"]).batch(at: 0)
    #expect(batch.attributes == batch.pixels.map { $0 % 2 == 0 ? 1 : -1 })
    #expect(batch.pixels[2] == 3 && batch.pixels[4] == 5)
  }

  @Test func whatIsKnownCountsAndIsNotReported() throws {
    let dataset = SkippingDataset(FaultyImages(faulty: [2, 3]), limit: 2, damaged: [3, 99])
    #expect(try pixels(dataset)[2...3] == [4, 4])
    #expect(dataset.damaged == [2, 3] && dataset.takeReports().count == 1)
  }

  @Test func beyondTheLimit() throws {
    let dataset = SkippingDataset(FaultyImages(faulty: [1, 5, 8]), limit: 2)
    let error = try #require(throws: DatasetError.self) { try pixels(dataset) }
    let text = "faulty: more images cannot be read than the 2 that may be skipped: 8.png: the file could not be read"
    #expect("\(error)".hasPrefix(text), "\(error)")
    let none = SkippingDataset(FaultyImages(faulty: [1]), limit: 0)
    #expect(throws: DatasetError.self) { try pixels(none) }
  }

  @Test func whereNothingIsLeft() throws {
    let dataset = SkippingDataset(FaultyImages(count: 2, classNames: ["a", "b"], faulty: [0]), limit: 5)
    let error = try #require(throws: DatasetError.self) { try pixels(dataset) }
    #expect("\(error)".hasPrefix("faulty: no train image of class a can be read"), "\(error)")
  }

  @Test func fingerprints() throws {
    let images = FaultyImages(count: 200, classNames: ["a", "b"])
    let fingerprint = DatasetFingerprint(of: images)
    #expect(DatasetFingerprint(of: images).difference(from: fingerprint) == nil)
    let changes: [(String, (inout FaultyImages) -> Void)] = [
      ("it has 199 images, and had 200", { $0.count = 199 }),
      ("its images are 1x1x3, and were 1x1x1", { $0.shape.channels = 3 }),
      ("its labels are a, c, and were a, b", { $0.classNames = ["a", "c"] }),
      ("images have other pixels", { $0.brightness = 1 }), ("images have other pixels", { $0.faulty = [3] }),
    ]
    for (words, change) in changes {
      var other = images
      change(&other)
      let difference = try #require(DatasetFingerprint(of: other).difference(from: fingerprint))
      #expect(difference.hasPrefix(words), "\(difference)")
    }
  }
}
