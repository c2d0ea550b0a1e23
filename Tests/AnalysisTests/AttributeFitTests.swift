import ModelImages
import Analysis
import Datasets
import FlowModels
import Safetensors
import Foundation
import TestSupport
import Testing
import Torch

@Suite struct AttributeFitTests {
  private let heldOut = SmallImages(split: .validation, count: 21, start: 1000)

  private func columns(_ dataset: SmallImages, _ attribute: Int, _ value: Bool) -> [Int] {
    (0..<dataset.count).filter { dataset.attribute(attribute, at: $0) == value }
  }

  @Test func whatNoHeldOutImageHasIsNotMeasured() throws {
    let none = SmallImages(split: .validation, truth: { _, _ in false })
    let fit = try AttributeFit(
      of: Glow.small(), training: SmallImages(), heldOut: none, names: ["third"], among: ["bright"])
    let attribute = fit.directions.attributes[0]
    #expect(attribute.areaUnderROC.isEmpty && attribute.heldOutWith == 0 && attribute.heldOutWithout == 0)
    #expect(attribute.with > 0 && attribute.without > 0)
  }

  @Test(arguments: [7, 100]) func theDifferenceOfMeans(batchSize: Int) throws {
    let glow = try Glow.small()
    let training = SmallImages()
    let fit = try AttributeFit(of: glow, training: training, heldOut: heldOut, batchSize: batchSize)
    #expect(fit.oneSided.isEmpty && fit.directions.attributes.map(\.name) == ["bright", "third"])
    let rows = try glow.latentRows(of: training)
    let held = try glow.latentRows(of: heldOut)
    for (number, attribute) in fit.directions.attributes.enumerated() {
      let (with, without) = (columns(training, number, true), columns(training, number, false))
      #expect(attribute.with == with.count && attribute.without == without.count)
      #expect(attribute.unknown == training.count - with.count - without.count)
      let difference = zip(mean(with.map { rows[$0] }), mean(without.map { rows[$0] })).map(-)
      let shift = try moved(fit.directions, number, .mean, glow)
      expectClose(shift, difference, within: 1e-6, "difference")
      #expect(abs(attribute.length["mean"]! - dot(difference, difference).squareRoot()) < 1e-6)

      let (heldWith, heldWithout) = (columns(heldOut, number, true), columns(heldOut, number, false))
      #expect(attribute.heldOutWith == heldWith.count && attribute.heldOutWithout == heldWithout.count)
      var (sum, pairs) = (0.0, 0.0)
      for a in heldWith {
        for b in heldWithout {
          sum += dot(held[a], difference) > dot(held[b], difference) ? 1 : 0
          pairs += 1
        }
      }
      #expect(abs(attribute.areaUnderROC["mean"]! - sum / pairs) < 1e-6)
    }
    // What makes an image bright is told, what its number is not.
    #expect(fit.directions.attributes[0].areaUnderROC.values.allSatisfy { $0 > 0.95 })
  }

  /// Without shrinkage, the direction by the covariance of all latents is that by the covariance within both sides, and
  /// moves the coordinate along it by the difference of the means.
  @Test func theDiscriminant() throws {
    let glow = try Glow.small()
    let training = SmallImages(count: 400, attributeNames: ["bright"])
    let directions = try AttributeFit(of: glow, training: training, heldOut: heldOut, names: ["bright"]).directions
    let rows = try glow.latentRows(of: training)
    let sides = [columns(training, 0, true), columns(training, 0, false)].map { $0.map { rows[$0] } }
    let means = sides.map(mean)
    var within = try Tensor.zeros([16, 16], .float64)
    for (side, mean) in zip(sides, means) {
      let centered = try Tensor(side.flatMap { zip($0, mean).map(-) }, shape: [side.count, 16])
      within = try within + centered.transposed.matmul(centered) / Double(training.count)
    }
    let difference = zip(means[0], means[1]).map(-)
    let whitened = try Tensor(difference, shape: [1, 16]).matmul(within.inverse()).elements(Double.self)
    let shift = try moved(directions, 0, .discriminant, glow)
    let cosine = dot(shift, whitened) / (dot(shift, shift) * dot(whitened, whitened)).squareRoot()
    #expect(directions.shrinkage > 0 && directions.shrinkage < 0.2)
    #expect(cosine > 1 - 2 * directions.shrinkage, "\(cosine)")
    #expect(abs(dot(shift, shift) - dot(shift, difference)) < 1e-5 * dot(shift, shift))
  }

  /// The least-squares fit of the latents by all attributes, what is not known at its mean.
  @Test func theRegression() throws {
    let glow = try Glow.small()
    // Bright images are more often third than others.
    let training = SmallImages(
      count: 60,
      truth: { attribute, number in
        attribute == 0 ? number % 2 == 0 : number % 5 == 0 ? nil : number % 3 == 0 || number % 4 == 0
      })
    let directions = try AttributeFit(of: glow, training: training, heldOut: heldOut).directions
    #expect(directions.kinds == [.mean, .discriminant, .regression])
    let columns = (0..<2).map { attribute in
      let values = (0..<60).map { training.attribute(attribute, at: $0).map { $0 ? 1.0 : -1 } }
      let known = values.compactMap(\.self)
      let mean = known.reduce(0, +) / Double(known.count)
      return values.map { ($0 ?? mean) - mean }
    }
    let design = try Tensor(columns.flatMap(\.self), shape: [2, 60])
    let latents = try Tensor(glow.latentRows(of: training).flatMap(\.self), shape: [60, 16])
    let gram = try design.matmul(design.transposed)
    let ridge = try Tensor.identity(2, .float64) * (1e-3 * gram.diagonal().mean().item())
    let expected = try (gram + ridge).inverse().matmul(design.matmul(latents)) * 2
    for attribute in 0..<2 {
      let shift = try moved(directions, attribute, .regression, glow)
      expectClose(shift, try expected.narrowed(0, attribute..<attribute + 1).elements(), within: 1e-5, "\(attribute)")
    }
    // What comes along with the other attribute is no part of it.
    let mean = try moved(directions, 1, .mean, glow)
    let (bright, own) = (try moved(directions, 0, .regression, glow), try moved(directions, 1, .regression, glow))
    #expect(dot(own, bright) < dot(mean, bright))
  }

  /// As the shipped models', which older programs wrote.
  @Test func filesWithoutRegressionAreRead() throws {
    try withTemporaryFolder { folder in
      let (file, old) = (folder.appending(path: "new.safetensors"), folder.appending(path: "old.safetensors"))
      let fit = try AttributeFit(of: Glow.small(), training: SmallImages(), heldOut: heldOut)
      try fit.directions.write(to: file)
      let written = try SafetensorsFile(contentsOf: file)
      try SafetensorsWriter.write(
        ["mean", "discriminant"].map { SafetensorsItem(name: $0, tensor: try written.tensor($0)) },
        metadata: written.metadata, to: old)
      let read = try AttributeDirections(contentsOf: old)
      #expect(read.kinds == [.mean, .discriminant])
      let latents = try Glow.small().encode(Tensor.zeros([1, 4, 4, 1], .float64))
      let error = try #require(throws: AnalysisError.self) { try read.edited(latents, [(0, 1)], along: .regression) }
      #expect(
        "\(error)"
          == "there are directions by mean, discriminant, none by regression: take one of those, or fit them anew "
          + "with glow attributes fit")
      #expect(try AttributeDirections(contentsOf: file).kinds.count == 3)

      var kept = fit.directions
      kept.keep([.regression])
      try kept.write(to: old)
      let one = try AttributeDirections(contentsOf: old)
      #expect(one.kinds == [.regression] && one.attributes == kept.attributes)
      #expect(one.attributes.allSatisfy { Array($0.length.keys) == ["regression"] })
      let (few, all) = (
        try moved(one, 0, .regression, Glow.small()), try moved(fit.directions, 0, .regression, Glow.small())
      )
      expectClose(few, all, within: 1e-6, "the same direction")
      try SafetensorsWriter.write(
        [SafetensorsItem(name: "other", tensor: written.tensor("mean"))], metadata: written.metadata, to: old)
      let none = try #require(throws: AnalysisError.self) { try AttributeDirections(contentsOf: old) }
      #expect(
        "\(none)".contains("holds no tensor of directions, expected mean, discriminant, regression or some of them"))
    }
  }

  @Test func classesAgainstTheRest() throws {
    let glow = try Glow.small()
    let training = SmallImages(classNames: ["a", "bright"])
    let directions = try AttributeFit(
      of: glow, training: training, heldOut: SmallImages(count: 9, start: 500, classNames: ["a", "bright"])
    ).directions
    #expect(directions.attributes.map(\.name) == ["bright", "third", "a", "bright (class)"])
    // Even numbers are bright and of class a.
    expectClose(
      try moved(directions, 2, .mean, glow), try moved(directions, 0, .mean, glow), within: 1e-6, "class a")
    expectClose(
      try moved(directions, 3, .mean, glow).map { -$0 }, try moved(directions, 0, .mean, glow), within: 1e-6, "class b")
  }

  @Test func labelsOfAConditionalModel() throws {
    let glow = try Glow.small(classes: ["a", "b"])
    let training = SmallImages(classNames: ["a", "b"])
    let held = SmallImages(count: 8, start: 90, classNames: ["a", "b"])
    for (choice, label) in [(LabelChoice.own, { $0 % 2 }), (.fixed(1), { _ in 1 })] as [(LabelChoice, (Int) -> Int)] {
      let directions = try AttributeFit(of: glow, training: training, heldOut: held, names: ["third"], labels: choice)
        .directions
      let rows = try glow.latentRows(of: training, labels: label)
      let difference = zip(
        mean(columns(training, 1, true).map { rows[$0] }), mean(columns(training, 1, false).map { rows[$0] })
      ).map(-)
      expectClose(try moved(directions, 0, .mean, glow), difference, within: 1e-6, "\(choice)")
      #expect(directions.labels == choice)
    }
  }

  @Test func oneSidedAttributesAndOtherFaults() throws {
    let glow = try Glow.small()
    let training = SmallImages(name: "pictures", attributeNames: ["bright", "never"]) { attribute, number in
      attribute == 0 ? number % 2 == 0 : false
    }
    let fit = try AttributeFit(of: glow, training: training, heldOut: training)
    #expect(fit.directions.attributes.map(\.name) == ["bright"])
    #expect(fit.oneSided.map(\.name) == ["never"] && fit.oneSided[0].with == 0 && fit.oneSided[0].without == 40)
    func expect(_ words: String..., from training: SmallImages, names: [String]? = nil) {
      let error = #expect(throws: (any Error).self) {
        try AttributeFit(of: glow, training: training, heldOut: heldOut, names: names)
      }
      for word in words { #expect(error.map { "\($0)".contains(word) } == true, "\(error.debugDescription)") }
    }
    expect("\"never\" has 0 images with and 40 without", "train split of pictures", from: training, names: ["never"])
    expect("\"blue\" is none of", "bright, never", from: training, names: ["blue"])
    expect("neither attributes", "nor classes", from: SmallImages(attributeNames: []))
    expect("4x8x1", "4x4x1", from: SmallImages(shape: ImageShape(height: 4, width: 8, channels: 1)))
    expect("has no images", from: SmallImages(count: 0))
  }

  @Test func filesComeBackAndBelongToOneModel() throws {
    try withTemporaryFolder { folder in
      let glow = try Glow.small()
      let url = folder.appending(path: "attributes.safetensors")
      let fitted = try AttributeFit(of: glow, training: SmallImages(), heldOut: heldOut).directions
      try fitted.write(to: url)
      let read = try AttributeDirections(contentsOf: url, for: glow)
      #expect(read.attributes == fitted.attributes && read.data == fitted.data && read.labels == fitted.labels)
      for kind in AttributeDirections.Kind.allCases {
        expectClose(try moved(read, 1, kind, glow), try moved(fitted, 1, kind, glow), within: 0, kind.rawValue)
      }
      // In half the bytes, as far as these hold them.
      let half = folder.appending(path: "half.safetensors")
      try fitted.write(to: half, as: .float16)
      #expect(try SafetensorsFile(contentsOf: half).tensor("mean").dtype == .float16)
      let halved = try AttributeDirections(contentsOf: half, for: glow)
      for kind in AttributeDirections.Kind.allCases {
        expectClose(try moved(halved, 1, kind, glow), try moved(fitted, 1, kind, glow), within: 2e-3, kind.rawValue)
      }
      #expect(try read.number(of: "Third") == 1)
      #expect(throws: AnalysisError.self) { try read.number(of: "fourth") }
      var old = fitted
      old.configuration = nil
      let oldFile = folder.appending(path: "old.safetensors")
      try old.write(to: oldFile)
      #expect(try AttributeDirections(contentsOf: oldFile, for: glow).attributes == fitted.attributes)
      let (retrained, another) = (try Glow.small(seed: 5), try Glow.small(bits: 5))
      for (file, model, words) in [
        (url, retrained, "its directions are stale: they are of other weights"),
        (url, another, "its directions are those of another model"),
        // It does not say which configuration it is of.
        (oldFile, another, "its directions are stale"),
      ] {
        let error = #expect(throws: AnalysisError.self) { try AttributeDirections(contentsOf: file, for: model) }
        #expect(error?.description.contains("\(file.path): \(words)") == true, "\(String(describing: error))")
      }
      let latents = folder.appending(path: "latents.safetensors")
      try LatentFile(latents: try glow.noise(count: 1, using: Generator(seed: 1)), labels: nil).write(to: latents)
      let error = #expect(throws: AnalysisError.self) { try AttributeDirections(contentsOf: latents) }
      #expect(error?.description.contains("holds no directions") == true)
    }
  }

  /// Strengths add up, and 0 changes nothing.
  @Test func editing() throws {
    let glow = try Glow.small()
    let directions = try AttributeFit(of: glow, training: SmallImages(), heldOut: heldOut).directions
    let latents = try glow.noise(count: 2, using: Generator(seed: 4))
    let none = try directions.edited(latents, [(0, 0)], along: .mean)
    let both = try directions.edited(latents, [(0, 0.5), (1, -2)], along: .mean, limitingNorms: false)
    let (first, second) = (try moved(directions, 0, .mean, glow), try moved(directions, 1, .mean, glow))
    for image in 0..<2 {
      let before = try row(latents, image)
      expectClose(try row(none, image), before, within: 0, "nothing")
      let expected = before.indices.map { before[$0] + 0.5 * first[$0] - 2 * second[$0] }
      expectClose(try row(both, image), expected, within: 1e-6, "both")
    }
    // Further along the way, and back: what grows is held, what shrinks is let.
    let zero = try glow.noise(count: 2, temperature: 0, using: Generator(seed: 0))
    let start = try directions.edited(zero, [(0, 0.5), (1, -2)], along: .mean, limitingNorms: false)
    for strength in [2, -0.5] {
      let changes = [(attribute: 0, strength: 0.5 * strength), (attribute: 1, strength: -2 * strength)]
      let free = try directions.edited(start, changes, along: .mean, limitingNorms: false)
      let limited = try directions.edited(start, changes, along: .mean)
      for level in latents.levels.indices {
        for image in 0..<2 {
          let rows = try [start, free, limited].map {
            try $0.levels[level].narrowed(0, image..<image + 1).elements(Double.self)
          }
          let scale = (dot(rows[0], rows[0]) / dot(rows[1], rows[1])).squareRoot()
          #expect((scale < 1) == (strength > 0), "\(scale)")
          expectClose(rows[2], rows[1].map { min(1, scale) * $0 }, within: 1e-6, "level \(level)")
        }
      }
    }
  }

  /// By how much strength 1 moves a latent.
  private func moved(
    _ directions: AttributeDirections, _ attribute: Int, _ kind: AttributeDirections.Kind, _ glow: Glow
  ) throws -> [Double] {
    let zero = try glow.noise(count: 1, temperature: 0, using: Generator(seed: 0))
    return try row(directions.edited(zero, [(attribute, 1)], along: kind, limitingNorms: false), 0)
  }

  private func row(_ latents: Latents, _ image: Int) throws -> [Double] {
    try latents.levels.flatMap { try $0.narrowed(0, image..<image + 1).elements(Double.self) }
  }
}
