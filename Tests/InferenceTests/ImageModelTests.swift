import Analysis
import FlowModels
import Foundation
import Imaging
import Inference
import Safetensors
import ServedModels
import Synchronization
import Testing
import Torch

/// What an ``ImageModel`` gives is what the model gives whose pictures it serves.
@Suite(.serialized) struct ImageModelTests {
  static let labels = ["a", "b", "c"]
  let images = ColorImages()

  private func pictures(_ numbers: [Int]) throws -> [PixelImage] { try numbers.map { try images.image(at: $0) } }

  private func dequantized(_ pictures: [PixelImage]) throws -> Tensor {
    try Quantization(bits: 8).dequantize(Tensor(pictures.flatMap(\.pixels), shape: [pictures.count, 8, 8, 3]))
  }

  private func pictures(_ x: Tensor) throws -> [PixelImage] {
    PixelImage.images(
      width: 8, height: 8, channels: 3, pixels: try Quantization(bits: 8).quantize(x).elements(UInt8.self))
  }

  @Test(arguments: [[], labels]) func samplesAreTheModels(labels: [String]) async throws {
    let served = try ServedModel(labels: labels)
    let model = try await ImageModel(served.folder.path)
    let drawn = try await model.sample(count: 5, temperatures: [0.9, 0.6], seed: 11)
    let turn = labels.isEmpty ? nil : try Tensor((0..<5).map { $0 % 3 })
    #expect(
      try drawn == pictures(served.loaded().sample(count: 5, temperatures: [0.9, 0.6], labels: turn, seed: 11)))
    // A picture depends on the seed and its number alone.
    #expect(try await model.sample(count: 2, temperatures: [0.9, 0.6], seed: 11) == Array(drawn[..<2]))
  }

  @Test(arguments: [[], labels]) func latentsGoThereAndBack(labels: [String]) async throws {
    let served = try ServedModel(labels: labels)
    let model = try await ImageModel(served.folder.path)
    let some = try pictures([1, 2, 3])
    let chosen = labels.isEmpty ? nil : [2, 0, 1]
    let bytes = try await model.encode(some, labels: chosen)
    #expect(try await model.decode(bytes) == some)
    let glow = try served.loaded()
    let file = try LatentFile(bytes: bytes, for: glow)
    let expected = try glow.encode(dequantized(some), labels: chosen.map { try Tensor($0) })
    for (level, other) in zip(file.latents.levels, expected.levels) {
      #expect(try level.elements(Float.self) == other.elements(Float.self))
    }
    #expect(try file.labels?.elements(Int.self) == chosen)
  }

  @Test func unknownLabelsAreTheMostLikely() async throws {
    let served = try ServedModel(labels: Self.labels)
    let model = try await ImageModel(served.folder.path)
    let some = try pictures([1, 2, 3, 4])
    let glow = try served.loaded()
    let likely = try glow.mostLikelyLabels(dequantized(some)).elements(Int.self)
    #expect(try await model.encode(some) == model.encode(some, labels: likely))
    let mixed = try await model.encode(some, labels: [nil, 2, nil, 0])
    #expect(try await mixed == model.encode(some, labels: [likely[0], 2, likely[2], 0]))
  }

  /// What is said, of samples and of pictures, is what the model's own passes are told.
  @Test func attributesThatTheModelIsTold() async throws {
    let served = try ServedModel(told: ["bright", "round"])
    let model = try await ImageModel(served.folder.path)
    #expect(model.description.conditions == ["bright", "round"])
    let glow = try served.loaded()
    let rows = try glow.attributeRows(count: 3, with: ["round"])
    let drawn = try await model.sample(count: 3, conditions: ["round": 1], seed: 5)
    #expect(try drawn == pictures(glow.sample(count: 3, temperature: 0.7, labels: rows, seed: 5)))
    let silent = try await model.sample(count: 3, seed: 5)
    #expect(try silent == pictures(glow.sample(count: 3, temperature: 0.7, seed: 5)) && silent != drawn)
    let second = ImageModel.Origin.sample(
      index: 1, temperatures: [0.7], label: nil, conditions: ["round": 1], seed: 5)
    #expect(try await model.variations(of: second, redrawing: []) == [drawn[1]])

    let some = try pictures([2, 3])
    #expect(try await model.decode(model.encode(some)) == some)
    #expect(try await model.edit(some, by: [:]) == some)
    func expected(_ before: Tensor, _ after: Tensor) throws -> [PixelImage] {
      try pictures(glow.decode(glow.encode(dequantized(some), labels: before), labels: after))
    }
    let likely = try glow.mostLikelyAttributes(dequantized(some))
    var values = try likely.elements(Float.self)
    (values[0], values[2]) = (-0.5, -0.5)
    #expect(
      try await model.edit(some, by: [:], telling: ["bright": -0.5])
        == expected(likely, Tensor(values, shape: [2, 2])))
    let known = try await model.edit(some, by: [:], telling: ["bright": -1], known: [["bright": 1], ["round": -1]])
    let (before, after) = ([1, 0, 0, -1] as [Float], [-1, 0, -1, -1] as [Float])
    #expect(try known == expected(Tensor(before, shape: [2, 2]), Tensor(after, shape: [2, 2])))

    await #expect(throws: InferenceError.self) {
      try await model.edit(some, by: [:], telling: ["bright": 1], known: [["bright": 1]])
    }
    await #expect(throws: InferenceError.self) {
      try await model.edit([some[0]], by: [:], telling: ["bright": 1], known: [["bright": 2]])
    }
    for wrong in [["hat": 1.0], ["bright": 11], ["bright": .nan]] {
      await #expect(throws: InferenceError.self) { try await model.sample(conditions: wrong) }
      await #expect(throws: InferenceError.self) { try await model.edit(some, by: [:], telling: wrong) }
    }
  }

  /// Samples are told what images of the training have, but for what is asked for.
  @Test func samplesWithTheAttributesOfExamples() async throws {
    let examples: [[Float]] = [[1, -1], [-1, 1], [-1, -1], [1, 0]]
    let served = try ServedModel(told: ["bright", "round"], examples: examples)
    let (model, glow) = (try await ImageModel(served.folder.path), try served.loaded())
    #expect(glow.configuration.attributeExamples == examples)
    let rows = try #require(try glow.drawnAttributes(count: 4, seed: 5))
    let drawn = try await model.sample(count: 4, seed: 5)
    #expect(try drawn == pictures(glow.sample(count: 4, temperature: 0.7, labels: rows, seed: 5)))
    let asked = try glow.drawnAttributes(count: 4, seed: 5, others: 2, telling: [(1, 3)])
    let round = try await model.sample(count: 4, conditions: ["round": 3], others: 2, seed: 5)
    #expect(try round == pictures(glow.sample(count: 4, temperature: 0.7, labels: asked, seed: 5)) && round != drawn)
    let third = ImageModel.Origin.sample(
      index: 2, temperatures: [0.7], label: nil, conditions: ["round": 3], others: 2, seed: 5)
    #expect(try await model.variations(of: third, redrawing: []) == [round[2]])
    let silent = try await model.sample(count: 4, others: 0, seed: 5)
    #expect(try silent == pictures(glow.sample(count: 4, temperature: 0.7, seed: 5)))
    for wrong in [-1, 11, .nan] {
      await #expect(throws: InferenceError.self) { try await model.sample(others: wrong) }
    }
  }

  @Test func variationsKeepTheOtherLevels() async throws {
    let served = try ServedModel(labels: Self.labels)
    let model = try await ImageModel(served.folder.path)
    let picture = try pictures([5])[0]
    let origin = ImageModel.Origin.picture(picture, label: 1)
    #expect(try await model.variations(of: origin, redrawing: [], count: 2) == [picture, picture])
    let fine = try await model.variations(of: origin, redrawing: [1], count: 3, seed: 8)
    let glow = try served.loaded()
    let label = try Tensor([1])
    let kept = try glow.encode(dequantized([picture]), labels: label)
    let expected = try glow.variations(
      of: kept, levels: 1, count: 3, temperatures: [0.7, 0.7], labels: Tensor([1, 1, 1]), seed: 8)
    #expect(try fine == pictures(expected))
    // Of a sample: with no level anew it is that sample.
    let grid = try await model.sample(count: 4, temperatures: [0.8], labels: [2], seed: 6)
    let third = ImageModel.Origin.sample(index: 2, temperatures: [0.8], label: 2, seed: 6)
    #expect(try await model.variations(of: third, redrawing: []) == [grid[2]])
    #expect(try await model.variations(of: third, redrawing: [2]) != [grid[2]])
  }

  @Test func pathsBeginAndEndAtTheirPictures() async throws {
    let served = try ServedModel()
    let model = try await ImageModel(served.folder.path)
    let ends = try pictures([1, 2, 7])
    for shape in LatentPath.Shape.allCases {
      let path = try await model.interpolate(ends, steps: 4, along: shape)
      #expect(path.count == 7)
      #expect([path[0], path[3], path[6]] == ends)
      let corners = try await model.mix(ends, weights: [[1, 0, 0], [0, 3, 0], [0, 0, 0.5]], along: shape)
      #expect(corners == ends)
    }
    // Half way along a straight path is the mean of the latents.
    let glow = try served.loaded()
    let latents = try glow.encode(dequantized(ends))
    let middle = try latents.images(0..<1).interpolated(to: latents.images(1..<2), at: 0.5)
    #expect(
      try await model.mix(ends, weights: [[1, 1, 0]], along: .straight) == pictures(glow.decode(middle)))
  }

  @Test func sphericalMixesKeepTheNorm() async throws {
    let served = try ServedModel()
    let model = try await ImageModel(served.folder.path)
    let ends = try pictures([1, 2])
    let glow = try served.loaded()
    let latents = try glow.encode(dequantized(ends))
    let blend = LatentBlend(of: latents, conditions: nil, shape: .spherical)
    let point = try blend.points(weights: [[1, 3]]).latents
    for (level, ends) in zip(point.levels, latents.levels) {
      let norms = try (0..<2).map { try ends.narrowed(0, $0..<$0 + 1).norm().item() }
      #expect(abs(try level.norm().item() - (0.25 * norms[0] + 0.75 * norms[1])) < 1e-4)
    }
    #expect(try await model.mix(ends, weights: [[1, 3]]) == pictures(glow.decode(point)))
  }

  @Test func editsAddTheDirections() async throws {
    let served = try ServedModel(labels: Self.labels)
    let model = try await ImageModel(served.folder.path, attributes: served.attributes)
    #expect(model.description.attributes.map(\.name) == ["bright"])
    let attribute = model.description.attributes[0]
    #expect(try #require(attribute.areaUnderROC) > 0.5 && attribute.areaUnderROC == attribute.areasUnderROC["mean"])
    #expect(try #require(attribute.areasUnderROC["discriminant"]) > 0.5)
    let some = try pictures([1, 3])
    #expect(try await model.edit(some, by: ["bright": 0], labels: [0, 1]) == some)
    #expect(try await model.edit(some, by: [:], labels: [0, 1]) == some)
    let glow = try served.loaded()
    let directions = try AttributeDirections(contentsOf: served.attributes, for: glow)
    let labels = try Tensor([0, 1])
    for kind in AttributeDirections.Kind.allCases {
      let latents = try directions.edited(glow.encode(dequantized(some), labels: labels), [(0, 0.5)], along: kind)
      #expect(
        try await model.edit(some, by: ["bright": 0.5], along: kind, labels: [0, 1])
          == pictures(glow.decode(latents, labels: labels)))
    }
    let other = try await model.edit(some, by: [:], labels: [0, 1], as: 2)
    let latents = try glow.encode(dequantized(some), labels: labels)
    #expect(try other == pictures(glow.decode(latents, labels: Tensor([2, 2]))))
  }

  /// Several ways in one call are those of several calls; blends are edited as pictures are.
  @Test func editsInSeveralWaysAndOfBlends() async throws {
    let served = try ServedModel()
    let model = try await ImageModel(served.folder.path, attributes: served.attributes)
    let some = try pictures([1, 2])
    let ways = [["bright": -0.5], [:], ["bright": 1]]
    var each: [PixelImage] = []
    for picture in some { for way in ways { each += try await model.edit([picture], by: way).pictures } }
    #expect(try await model.edit(some, byEach: ways).pictures == each)
    let ends = try await model.mix(some, weights: [[1, 0], [0, 1]], along: .straight, changing: .init(by: ways[2]))
    #expect(ends.pictures == [each[2], each[5]])
    let path = try await model.interpolate(some, steps: 2, along: .straight, changing: .init(by: ways[0]))
    #expect(path.pictures == [each[0], each[3]])
    await #expect(throws: InferenceError.self) {
      try await model.mix(some, weights: [[1, 1]], changing: .init(by: ["x": 1]))
    }
  }

  @Test(arguments: [[], labels]) func samplesComeAsTheyAreMade(labels: [String]) async throws {
    let served = try ServedModel(labels: labels)
    let model = try await ImageModel(served.folder.path)
    let whole = try await model.sample(count: 7, seed: 3).pictures
    let parts = Mutex([(first: Int, pictures: [PixelImage])]())
    try await model.sample(count: 7, seed: 3) { first, drawn in
      parts.withLock { $0.append((first, drawn.pictures)) }
    }
    let found = parts.withLock { $0 }
    #expect(found.flatMap(\.pictures) == whole)
    #expect(found.map(\.first) == found.indices.map { found[..<$0].reduce(0) { $0 + $1.pictures.count } })
  }

  @Test func bitsOfPositionsAddUpToTheScore() async throws {
    let served = try ServedModel()
    let model = try await ImageModel(served.folder.path)
    let some = try pictures([1, 2])
    let (scores, maps) = (try await model.score(some), try await model.bitsPerPosition(some))
    for (score, levels) in zip(scores, maps) {
      #expect(levels.map(\.level) == [1, 2] && levels.map(\.rows) == [4, 2] && levels.map(\.bits.count) == [16, 4])
      let sum = levels.reduce(0) { $0 + $1.bits.reduce(0, +) } / 192
      #expect(abs(sum - score.score.bitsPerDimension) < 1e-4)
    }
  }

  @Test(arguments: [[], labels]) func walksEndWhereTheyBegan(labels: [String]) async throws {
    let served = try ServedModel(labels: labels)
    let model = try await ImageModel(served.folder.path)
    let picture = try images.image(at: 5)
    let walk = try await model.walk(through: picture, label: labels.isEmpty ? nil : 1, frames: 64)
    #expect(walk.forward[0].picture == picture && walk.back.last?.picture == picture)
    #expect(walk.reconstruction == picture && walk.differing == 0)
    #expect(walk.back.map(\.place) == walk.forward.map(\.place).reversed())
    #expect(walk.back.allSatisfy { $0.error! < 1e-4 } && walk.latents != picture)
    await #expect(throws: InferenceError.self) { try await model.walk(through: picture, frames: 2) }
  }

  /// What a judge found lies beside the model.
  @Test func whatAJudgeSaw() async throws {
    let served = try ServedModel()
    #expect(try await ImageModel(served.folder.path).description.turned.isEmpty)
    let file = served.folder.appending(path: "judge.json")
    let judged =
      #"{"format": "swift-glow judge", "version": 1, "turned": {"told": {"strength": 2, "shares": {"bright": 0.9}}}}"#
    try Data(judged.utf8).write(to: file)
    #expect(try await ImageModel(served.folder.path).description.turned == ["told": ["bright": 0.9]])
    for (wrong, words) in [("{}", "is no file of a judge"), (judged.replacing(": 1,", with: ": 2,"), "version 2")] {
      try Data(wrong.utf8).write(to: file)
      let error = await #expect(throws: ModelError.self) { try await ImageModel(served.folder.path) }
      #expect("\(error!)".contains(words) && "\(error!)".contains("judge.json"))
    }
  }

  @Test func whyThereAreNoAttributes() async throws {
    let (served, other) = (try ServedModel(), try ServedModel(labels: Self.labels))
    let file = served.attributes
    func problem(of location: URL, finding: Bool = true) async throws -> ModelDescription.AttributesProblem? {
      try await ImageModel(location.path, findsAttributes: finding).description.attributesProblem
    }
    #expect(try await problem(of: served.folder) == nil)
    #expect(try await problem(of: served.folder, finding: false)?.kind == ModelDescription.AttributesProblem.Kind.none)

    // A run, whose attributes are of weights that it no longer has.
    let run = served.folder.appending(path: "it's a run")
    let checkpoint = run.appending(path: "checkpoints/images-10")
    try FileManager.default.createDirectory(at: checkpoint, withIntermediateDirectories: true)
    let trained = try served.loaded()
    try trained.parameters.values.multiplyInPlace(0.9)
    try ModelFolder.write(trained, to: checkpoint)
    let none = try #require(try await problem(of: run))
    #expect(none.kind == .none && none.detail.contains("attributes.safetensors"))
    let place = run.path.replacing("'", with: "'\\''")
    #expect(none.command == "glow attributes fit --model '\(place)' --out '\(place)/attributes.safetensors'")
    let copy = run.appending(path: "attributes.safetensors")
    for (content, kind, words) in [
      (try Data(contentsOf: file), ModelDescription.AttributesProblem.Kind.stale, "stale"),
      (try Data(contentsOf: other.attributes), .otherModel, "those of another model"),
      (Data("nothing".utf8), .unreadable, "attributes.safetensors"),
    ] {
      try content.write(to: copy)
      let found = try #require(try await problem(of: run))
      #expect(found.kind == kind && found.detail.contains(words), "\(found)")
      await #expect(throws: (any Error).self) { try await ImageModel(run.path, attributes: copy) }
    }
    // What lies beside the folder of a model is not its own.
    let inner = served.folder.appending(path: "outer/inner")
    try FileManager.default.createDirectory(at: inner, withIntermediateDirectories: true)
    try ModelFolder.write(try served.loaded(), to: inner)
    #expect(try await problem(of: inner)?.kind == ModelDescription.AttributesProblem.Kind.none)
  }

  @Test(arguments: [[], labels]) func scoresAreThoseOfTheFirstImage(labels: [String]) async throws {
    let served = try ServedModel(labels: labels)
    let model = try await ImageModel(served.folder.path)
    let some = try pictures([0, 0, 4])
    let scores = try await model.score(some)
    #expect(scores[0] == scores[1] && scores.allSatisfy { $0.place == nil })
    var expected: [ImageScore] = []
    try served.loaded().score(ColorImages(count: 1)) { expected += $0 }
    #expect(abs(scores[0].score.bitsPerDimension - expected[0].bitsPerDimension) < 1e-5)
    #expect(scores[0].score.pngBitsPerDimension == expected[0].pngBitsPerDimension)
    try await model.score(reference: images, count: 10, called: "ten")
    #expect(model.state.reference.map { [$0.name, "\($0.count)"] } == ["ten", "10"])
    let places = try await model.score(some).map(\.place)
    #expect(places.allSatisfy { $0.map { (0...100).contains($0.percentile) } ?? false })
  }

  @Test func otherSizesAreCroppedAndResized() async throws {
    let served = try ServedModel()
    let model = try await ImageModel(served.folder.path)
    let wide = PixelImage(width: 40, height: 10, channels: 1, pixels: (0..<400).map { UInt8($0 % 251) })
    let (fitted, isChanged) = model.fitted(wide)
    #expect(isChanged && fitted == wide.converted(toChannels: 3).fitted(width: 8, height: 8))
    #expect(try await model.encode([wide]) == model.encode([fitted]))
    #expect(model.fitted(fitted).isChanged == false)
  }

  @Test func whatMakesNoSenseIsRefused() async throws {
    let served = try ServedModel()
    let model = try await ImageModel(served.folder.path)
    let picture = try pictures([0])[0]
    func expectRefusal(_ field: String, _ work: () async throws -> Void) async {
      do {
        try await work()
        Issue.record("\(field) was taken")
      } catch InferenceError.request(let named, _) { #expect(named == field) } catch { Issue.record("\(error)") }
    }
    await expectRefusal("count") { _ = try await model.sample(count: 0) }
    await expectRefusal("temperature") { _ = try await model.sample(temperatures: [1, 1, 1]) }
    await expectRefusal("temperature") { _ = try await model.sample(temperatures: [.nan]) }
    await expectRefusal("labels") { _ = try await model.sample(labels: [0]) }
    await expectRefusal("levels") { _ = try await model.variations(of: .picture(picture), redrawing: [3]) }
    await expectRefusal("images") { _ = try await model.interpolate([picture]) }
    await expectRefusal("weights") { _ = try await model.mix([picture, picture], weights: [[0, 0]]) }
    await expectRefusal("weights") { _ = try await model.mix([picture, picture], weights: [[1]]) }
    await expectRefusal("edits") { _ = try await model.edit([picture], by: ["hat": 1]) }
    await expectRefusal("images") { _ = try await model.score([]) }
    var latents = try LatentFile(bytes: await model.encode([picture]), for: served.loaded())
    latents.latents.levels[1] = try latents.latents.levels[1] * .nan
    let bytes = try latents.bytes()
    await expectRefusal("level2") { _ = try await model.decode(bytes) }
    latents.model = "0123456789abcdef"
    let foreign = try latents.bytes()
    let refusal = try #require(await #expect(throws: ModelError.self) { _ = try await model.decode(foreign) })
    #expect(refusal.description.contains("latents of another model (0123456789abcdef, this one is "))
    await #expect(throws: SafetensorsError.self) { try await model.decode(Array("not safetensors".utf8)) }
    await #expect(throws: ModelError.self) {
      let empty = SafetensorsItem(name: "level1", type: .float32, shape: [1 << 50, 0, 4, 6], bytes: [] as [UInt8])
      _ = try await model.decode(SafetensorsWriter.bytes(of: [empty], metadata: [:], name: "empty"))
    }
    await #expect(throws: ModelError.self) {
      let other = try SafetensorsWriter.bytes(
        of: [SafetensorsItem(name: "level1", tensor: .zeros([1, 2, 2, 2]))], metadata: [:], name: "other")
      _ = try await model.decode(other)
    }
  }
}
