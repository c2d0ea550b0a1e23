import ModelImages
import Datasets
import FlowModels
import Foundation
import TestSupport
import Testing
import Torch

@testable import Training

@Suite(.serialized) struct EvaluationTests {
  private let images = SmallImages(split: .test, count: 7)

  /// Bits per dimension of each image, from the definition.
  private func expectedBits(_ model: Glow, draws: Int, seed: UInt64) throws -> [Double] {
    let batches = EvaluationBatches(dataset: images, batchSize: 1, seed: seed)
    return try (0..<images.count).map { index in
      let logs = try (0..<draws).map { draw in
        let noise = try batches.batch(at: index, draw: draw).noise
        let x = noise.enumerated().map { (Double(images.pixel($0, of: index)) + Double($1)) / 256 - 0.5 }
        return try model.logProbability(Tensor(x, shape: [1, 4, 4, 1])).item()
      }
      let logMean = log(logs.reduce(0) { $0 + exp($1 - logs[0]) } / Double(draws)) + logs[0]
      return -logMean / (16 * log(2)) + 8
    }
  }

  @Test(arguments: [1, 2, 5]) func logMeanExpOfTheDraws(draws: Int) throws {
    let model = try Small.randomModel(Small.model())
    let evaluation = try model.evaluate(on: images, draws: draws, seed: 9, batchSize: 3)
    let bits = try expectedBits(model, draws: draws, seed: 9)
    let mean = bits.reduce(0, +) / 7
    #expect(abs(evaluation.bitsPerDimension - mean) < 1e-9)
    let variance = bits.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 6
    #expect(try abs(#require(evaluation.standardError) - (variance / 7).squareRoot()) < 1e-9)
    #expect(evaluation.draws == draws && evaluation.images == 7 && evaluation.bits == 8)
    #expect(evaluation.split == "test" && !evaluation.conditional && evaluation.accuracy == nil)
  }

  @Test func theBatchSizeDoesNotMatter() throws {
    let model = try Small.randomModel(Small.model())
    let found = try [1, 2, 7, 100].map { try model.evaluate(on: images, draws: 2, batchSize: $0).bitsPerDimension }
    expectClose(found, [Double](repeating: found[0], count: 4), within: 1e-10, "bits per dimension")
  }

  @Test func oneImageHasNoSpread() throws {
    let model = try Small.randomModel(Small.model())
    #expect(try model.evaluate(on: images.first(1)).standardError == nil)
  }

  @Test(arguments: [GlowConfiguration.LabelConditioning.prior, .everywhere])
  func accuracy(conditioning: GlowConfiguration.LabelConditioning) throws {
    var configuration = Small.model(classNames: ["a", "b", "c"])
    configuration.labelConditioning = conditioning
    let model = try Small.randomModel(configuration)
    let labeled = SmallImages(count: 12, classNames: ["a", "b", "c"])
    let evaluation = try model.evaluate(on: labeled, seed: 2, batchSize: 5, accuracy: true)

    let batch = try ModelBatch(EvaluationBatches(dataset: labeled, batchSize: 12, seed: 2).batch(at: 0), for: model)
    let logs: [Double] = try model.logProbabilityPerLabel(batch.x).elements()
    let right = (0..<12).filter { image in
      let own = logs[image * 3..<image * 3 + 3]
      return own.firstIndex(of: own.max()!)! - image * 3 == image % 3
    }
    #expect(evaluation.accuracy == Double(right.count) / 12)
    #expect(evaluation.conditional)
    let bits = (0..<12).map { (image: Int) -> Double in 8 - logs[image * 3 + image % 3] / (16 * log(2)) }
    #expect(abs(evaluation.bitsPerDimension - bits.reduce(0, +) / 12) < 1e-9)
  }

  @Test func accuracyOfTheClassifierHead() throws {
    var configuration = Small.model(classNames: ["a", "b", "c"])
    configuration.classifier = true
    let model = try Small.randomModel(configuration)
    let labeled = SmallImages(count: 12, classNames: ["a", "b", "c"])
    let batch = try ModelBatch(EvaluationBatches(dataset: labeled, batchSize: 12, seed: 0).batch(at: 0), for: model)
    let guesses: [Int] = try model.classify(batch.x).argmax(1).elements()
    let right = guesses.enumerated().filter { $0.offset % 3 == $0.element }
    #expect(try model.evaluate(on: labeled, accuracy: true).accuracy == Double(right.count) / 12)
  }

  /// Every image under its own attributes, as far as they are known.
  @Test func attributes() throws {
    var configuration = Small.model()
    configuration.attributes = ["a", "b"]
    configuration.labelConditioning = .everywhere
    let model = try Small.randomModel(configuration)
    let images = Small.images(.test, count: 7, for: configuration)
    let x = try ModelBatch(
      EvaluationBatches(dataset: images, batchSize: 7, seed: 2, attributes: ["a", "b"]).batch(at: 0), for: model
    ).x
    let rows = (0..<7).flatMap { index in (0..<2).map { ($0 + index) % 3 == 0 ? 1.0 : -1 } }
    let bits = try model.bitsPerDimension(x, labels: Tensor(rows, shape: [7, 2])).elements(Double.self)
    let found = try model.evaluate(on: images, seed: 2, batchSize: 3)
    #expect(abs(found.bitsPerDimension - bits.reduce(0, +) / 7) < 1e-9 && found.conditional)
    // Nothing is said of what a data set does not have.
    let unsaid = try model.evaluate(on: SmallImages(split: .test, count: 7), seed: 2)
    #expect(abs(unsaid.bitsPerDimension - (try model.bitsPerDimension(x).mean().item())) < 1e-9 && !unsaid.conditional)
    let batch = try EvaluationBatches(dataset: images, batchSize: 7, seed: 2).batch(at: 0)
    #expect(throws: ModelError.self) { try ModelBatch(batch, for: model) }
  }

  /// One value tells no error, nor do values that are not finite; 0 is that of values that are the same.
  @Test(
    arguments: [
      ([], nil), ([3], nil), ([3, .nan], nil), ([3, .infinity], nil), ([3, 3], 0), ([1, 3], 1), ([1, 2, 3, 6], 1.0801),
    ] as [([Double], Double?)]) func standardErrors(values: [Double], error: Double?) throws
  {
    let found = standardError(of: values)
    #expect((found == nil) == (error == nil))
    if let found, let error { #expect(abs(found - error) < 1e-4) }
  }

  @Test func theErrorOfOneImageIsUnknown() throws {
    let evaluation = try Small.randomModel(Small.model()).evaluate(on: SmallImages(count: 1))
    #expect(evaluation.standardError == nil)
    let data = try JSONEncoder().encode(evaluation)
    let object = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    #expect(object["standardError"] == nil && object["accuracy"] == nil)
    #expect(try JSONDecoder().decode(Evaluation.self, from: data).standardError == nil)
  }

  @Test func imagesThatDoNotFitTheModel() throws {
    let model = try Small.randomModel(Small.model(classNames: ["a", "b"]))
    func message(_ images: SmallImages) throws -> String {
      "\(try #require(throws: ModelError.self) { try model.evaluate(on: images) })"
    }
    let wide = SmallImages(shape: ImageShape(height: 4, width: 8, channels: 1), classNames: ["a", "b"])
    #expect(try message(wide) == "the images of small are 4x8x1, the model takes 4x4x1")
    #expect(try message(SmallImages()).contains("conditional, but the images have no labels"))
    let others = try message(SmallImages(classNames: ["x", "y"]))
    #expect(others == "the images of small have the labels x, y, those of the model are a, b")
    // Fewer labels than the model has are fine.
    #expect(try model.evaluate(on: SmallImages(count: 2, classNames: ["a"])).images == 2)
  }

  @Test func histogramBaseline() throws {
    let shape = ImageShape(height: 1, width: 2, channels: 1)
    let train = PixelList(shape: shape, images: [[10, 0], [10, 255], [12, 0]])
    let test = PixelList(shape: shape, images: [[10, 7], [12, 0]])
    // Each position by itself: counts plus one, over 3 images plus 256 values.
    let expected = [3.0, 1, 2, 3].reduce(0) { $0 - log2($1 / 259) } / 4
    #expect(abs(try HistogramBaseline(fittedTo: train).bitsPerDimension(on: test) - expected) < 1e-12)
    // With one bit, 0 ... 127 is one value.
    let oneBit = [4.0, 3, 4, 3].reduce(0) { $0 - log2($1 / 5) } / 4
    #expect(abs(try HistogramBaseline(fittedTo: train, bits: 1).bitsPerDimension(on: test) - oneBit) < 1e-12)
    let sharp = try HistogramBaseline(fittedTo: train, smoothing: 1e-9)
      .bitsPerDimension(on: PixelList(shape: shape, images: [[10, 0]]))
    #expect(abs(sharp - log2(1.5)) < 1e-6)
  }
}

/// Images given by their pixels.
private struct PixelList: ImageDataset {
  var name: String { "list" }
  var split: DatasetSplit { .test }
  var shape: ImageShape
  var images: [[UInt8]]
  var count: Int { images.count }
  var classNames: [String] { [] }

  func label(at index: Int) -> Int? { nil }

  func copyPixels(at index: Int, to buffer: UnsafeMutableBufferPointer<UInt8>) throws {
    _ = buffer.update(fromContentsOf: images[index])
  }
}
