import FlowModels
import Foundation
import Imaging
import TestSupport
import Testing
import Torch

@testable import Codec

/// Archives give back every pixel, also of damaged files what is whole.
@Suite(.serialized) struct ArchiveTests {
  private static let gray = FlowCodeTests.Coded(Variant("gray", channels: 1) { $0.classNames = ["a", "b", "c"] })
  private static let color = FlowCodeTests.Coded(Variant("color") { $0.scale = .bounded })
  private static let fiveBits = FlowCodeTests.Coded(Variant("five bits") { $0.bits = 5 })
  private static let told = FlowCodeTests.Coded(
    Variant("told") {
      $0.attributes = ["a", "b", "c", "d"]
      $0.labelConditioning = .everywhere
    })

  private func code(_ variant: FlowCodeTests.Coded) throws -> FlowCode { try FlowCode(variant.model().blueprint()) }

  private func picture(_ number: Int, _ width: Int, _ height: Int, _ channels: Int) -> PixelImage {
    var random = SplitMix(UInt64(number))
    return PixelImage(
      width: width, height: height, channels: channels,
      pixels: (0..<width * height * channels).map { place in
        number % 3 == 0 ? .random(in: .min ... .max, using: &random) : UInt8((place * number + place / width) % 256)
      })
  }

  private func options(threads: Int = 1, blockTiles: Int = 7) -> ArchiveOptions {
    var options = ArchiveOptions()
    options.threads = threads
    options.blockTiles = blockTiles
    options.block.effort = 2
    return options
  }

  private func write(
    _ pictures: [PixelImage], _ variant: FlowCodeTests.Coded, to url: URL, _ options: ArchiveOptions,
    named: Bool = true
  ) throws -> ArchiveSummary {
    let writer = try ArchiveWriter(
      to: url, code(variant), told: variant.kind, modelName: variant.testDescription, options: options)
    for (number, picture) in pictures.enumerated() {
      try writer.append(
        picture, named: named ? "folder \(number / 10)/picture \(number).png" : nil,
        told: variant.pictureCondition(number))
    }
    return try writer.finish()
  }

  private func read(_ url: URL, _ variant: FlowCodeTests.Coded, threads: Int = 1) throws -> [PixelImage] {
    let reader = try ArchiveReader(url)
    #expect(reader.problem == nil)
    try reader.use(code(variant), threads: threads)
    var found: [PixelImage] = []
    try reader.read(0..<reader.pictureCount) { number, picture in
      #expect(number == found.count)
      found.append(picture)
    }
    return found
  }

  @Test func picturesOfAllSizes() throws {
    try withTemporaryFolder { folder in
      let sizes = [(8, 8), (1, 1), (9, 8), (40, 24), (3, 50), (8, 8), (8, 8), (100, 7), (8, 16)]
      let pictures = sizes.enumerated().map { number, size in
        picture(number, size.0, size.1, number % 4 == 1 ? 1 : 3)
      }
      var files: [[UInt8]] = []
      for threads in 1...3 {
        let url = folder.appending(path: "\(threads).glz")
        let summary = try write(pictures, Self.color, to: url, options(threads: threads))
        #expect(summary.pictures == pictures.count && summary.rawBytes == pictures.map(\.pixels.count).reduce(0, +))
        #expect(summary.bytes == (try Data(contentsOf: url)).count)
        #expect(try read(url, Self.color, threads: 4 - threads) == pictures)
        files.append([UInt8](try Data(contentsOf: url)))
      }
      #expect(files[0] == files[1] && files[1] == files[2], "the number of threads changes nothing")
      let reader = try ArchiveReader(folder.appending(path: "1.glz"))
      #expect(try reader.names() == (0..<9).map { "folder 0/picture \($0).png" })
      #expect(reader.size(of: 3) == (40, 24, 3) && reader.size(of: 1) == (1, 1, 1))
      #expect(reader.header.modelName == "color" && reader.rawBytes == pictures.map(\.pixels.count).reduce(0, +))
    }
  }

  @Test func labelsAndParts() throws {
    try withTemporaryFolder { folder in
      let pictures = (0..<50).map { picture($0, 8, 8, 1) }
      let url = folder.appending(path: "a.glz")
      _ = try write(pictures, Self.gray, to: url, options(threads: 2), named: false)
      #expect(try read(url, Self.gray) == pictures)
      let reader = try ArchiveReader(url)
      #expect(try !reader.hasNames && reader.names().isEmpty)
      try reader.use(code(Self.gray))
      var found: [Int] = []
      try reader.read(20..<23) { number, picture in
        #expect(picture == pictures[number])
        found.append(number)
      }
      #expect(found == [20, 21, 22])
    }
  }

  /// Attributes of which some are not known.
  @Test func attributes() throws {
    try withTemporaryFolder { folder in
      let pictures = (0..<20).map { picture($0, 8, 8, 3) }
      let url = folder.appending(path: "a.glz")
      _ = try write(pictures, Self.told, to: url, options(threads: 2))
      #expect(try ArchiveReader(url).header.kind == .attributes(4))
      #expect(try read(url, Self.told, threads: 2) == pictures)
      // A header that says otherwise than the model is.
      let reader = try ArchiveReader(url)
      var bytes = [UInt8](try Data(contentsOf: url))
      for kind in [ConditionKind.attributes(3), .labels(3)] {
        var header = reader.header
        header.kind = kind
        bytes.replaceSubrange(0..<reader.header.bytes.count, with: header.bytes)
        try Data(bytes).write(to: url)
        let error = try #require(throws: CodecError.self) { try ArchiveReader(url).use(code(Self.told)) }
        #expect("\(error)".contains("does not fit its model"))
      }
    }
  }

  @Test func nothing() throws {
    try withTemporaryFolder { folder in
      let url = folder.appending(path: "a.glz")
      let summary = try write([], Self.color, to: url, options())
      #expect(summary.pictures == 0 && summary.bytes < 200)
      #expect(try read(url, Self.color).isEmpty)
    }
  }

  @Test func modelsOfFewerBits() throws {
    try withTemporaryFolder { folder in
      let url = folder.appending(path: "a.glz")
      let eight = (0..<5).map { picture($0, 8, 8, 3) }
      let error = try #require(throws: CodecError.self) { try write(eight, Self.fiveBits, to: url, options()) }
      #expect("\(error)".contains("values of 8 bits, and the model knows 5"))
      #expect(!FileManager.default.fileExists(atPath: url.path))
      let five = eight.map { picture in
        PixelImage(width: 8, height: 8, channels: 3, pixels: picture.pixels.map { $0 & 0xf8 | 4 })
      }
      _ = try write(five, Self.fiveBits, to: url, options())
      #expect(try read(url, Self.fiveBits) == five)
      var whole = options()
      whole.keepsHiddenBits = true
      _ = try write(eight, Self.fiveBits, to: url, whole)
      #expect(try read(url, Self.fiveBits) == eight)
    }
  }

  @Test func picturesThatDoNotFit() throws {
    try withTemporaryFolder { folder in
      let writer = try ArchiveWriter(
        to: folder.appending(path: "a.glz"), code(Self.gray), told: .labels(3), modelName: "")
      #expect(throws: CodecError.self) { try writer.append(picture(1, 8, 8, 3), told: .label(0)) }
      #expect(throws: CodecError.self) { try writer.append(picture(1, 8, 8, 1)) }
      #expect(throws: CodecError.self) { try writer.append(picture(1, 8, 8, 1), told: .label(3)) }
      for name in ["/a", "../a", "a/../b", "", "a//b", "./a", "a\0b"] {
        #expect(throws: CodecError.self) { try writer.append(picture(1, 8, 8, 1), named: name, told: .label(0)) }
      }
    }
  }

  @Test func otherModelsAndArithmetic() throws {
    try withTemporaryFolder { folder in
      let url = folder.appending(path: "a.glz")
      _ = try write([picture(1, 8, 8, 3)], Self.color, to: url, options())
      let reader = try ArchiveReader(url)
      let error = try #require(throws: CodecError.self) { try reader.use(code(Self.fiveBits)) }
      #expect("\(error)".contains("written with another model: color, whose SHA-256 is \(reader.header.model.name)"))
      // A machine that computes otherwise is one whose test comes out otherwise.
      var bytes = [UInt8](try Data(contentsOf: url))
      var header = reader.header
      header.model = ModelIdentity(digest: header.model.digest, arithmetic: header.model.arithmetic ^ 1)
      bytes.replaceSubrange(0..<header.bytes.count, with: header.bytes)
      try Data(bytes).write(to: url)
      let other = try #require(throws: CodecError.self) { try ArchiveReader(url).use(code(Self.color)) }
      #expect("\(other)".contains("this machine computes otherwise"))
    }
  }

  /// What each picture takes adds up to the blocks, and short archives are on the grid that makes them smaller.
  @Test func costsAndGrids() throws {
    try withTemporaryFolder { folder in
      let url = folder.appending(path: "a.glz")
      let pictures = (0..<30).map { picture($0, 8, $0 == 4 ? 20 : 8, 3) }
      let writer = try ArchiveWriter(to: url, code(Self.color), modelName: "", options: options())
      for picture in pictures { try writer.append(picture) }
      let summary = try writer.finish()
      let bits = writer.costs.map(\.bits)
      #expect(bits.count == 30 && bits.allSatisfy { $0 > 0 })
      #expect(bits.reduce(0, +) <= 8 * Double(summary.blockBytes))
      #expect(writer.costs.allSatisfy { !$0.kinds.isEmpty && $0.bitsPerDimension <= 8.001 })
      #expect(try ArchiveReader(url).header.grid == .fine, "more than a block")
    }
  }

  /// A short archive is on the coarser grid where that makes it smaller, however many threads there are.
  @Test func shortChains() throws {
    try withTemporaryFolder { folder in
      let url = folder.appending(path: "a.glz")
      let code = try FlowCode(Self.earlier().model.blueprint())
      let pictures = noise(20)
      var grids: [CodeGrid] = []
      for threads in [1, 3] {
        var own = options(threads: threads, blockTiles: 20)
        (own.block.isMixed, own.block.isSeeded) = (false, false)
        let writer = try ArchiveWriter(to: url, code, modelName: "", options: own)
        for picture in pictures { try writer.append(picture) }
        let summary = try writer.finish()
        #expect(summary.flowTiles == 20 && summary.bytes < summary.rawBytes)
        let reader = try ArchiveReader(url)
        grids.append(reader.header.grid)
        try reader.use(code)
        try reader.read(0..<20) { #expect($1 == pictures[$0]) }
      }
      #expect(grids == [.coarse, .coarse])
    }
  }

  /// Gray, of standard deviation 9 about: what the earlier archive's model was trained on.
  private func noise(_ count: Int) -> [PixelImage] {
    var random = SplitMix(5)
    return (0..<count).map { _ in
      PixelImage(
        width: 8, height: 8, channels: 1,
        pixels: (0..<64).map { _ in
          UInt8(128 + (0..<12).map { _ in Int.random(in: -4...4, using: &random) }.reduce(0, +))
        })
    }
  }

  /// A model whose maps are too steep for the grid is refused, and one whose code fits its likelihood is not.
  @Test func precision() throws {
    let model = try Self.earlier().model
    let pictures = noise(8)
    let conditions = [PictureCondition](repeating: .none, count: pictures.count)
    try FlowCode(model.blueprint()).requirePrecision(of: model, on: pictures, told: conditions)
    try FlowCode(model.blueprint()).requirePrecision(of: model, on: [], told: [])
    // What one ActNorm flattens the next one stretches again: the grid between them is too coarse.
    let steep = FlowCodeTests.Coded(
      Variant("steep", channels: 1, levels: 1) {
        $0.steps = 2
        $0.logScaleFactor = 1
      })
    let other = try #require(try steep.configuration.makeModel(options: TensorOptions(.float32), seed: 1) as? Glow)
    for (name, value) in [("level1.step1.actnorm.logScale", -8.0), ("level1.step2.actnorm.logScale", 10.5)] {
      try #require(other.parameters.parameters.first { $0.name == name }).value.assign(Tensor([value]))
    }
    let error = try #require(throws: CodecError.self) {
      try FlowCode(other.blueprint()).requirePrecision(of: other, on: pictures, told: conditions)
    }
    #expect("\(error)".contains("bits/dim more than its likelihood"))
  }

  private static func earlier() throws -> (reader: ArchiveReader, model: any FlowModel) {
    let url = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures/archive-1.0.glz")
    let reader = try ArchiveReader(url)
    let bundle = try #require(try reader.embeddedModel())
    return try withTemporaryFolder { folder in
      var place = 0
      for name in ["config.json", "model.safetensors"] {
        let count = bundle[place..<place + 8].reversed().reduce(0) { $0 << 8 | Int($1) }
        try Data(bundle[place + 8..<place + 8 + count]).write(to: folder.appending(path: name))
        place += 8 + count
      }
      return (reader, try ModelFolder.read(folder))
    }
  }

  /// A file that version 1.0 wrote: three pictures, by the model, by WebP and raw, with the model in it.
  @Test func earlierVersions() throws {
    let (reader, model) = try Self.earlier()
    #expect(try reader.names() == ["ramp.png", "small.png", "wide.png"] && reader.hasModel)
    try reader.use(FlowCode(model.blueprint()))
    var sums: [UInt32] = []
    try reader.read(0..<3) { _, picture in sums.append(checksum(of: picture.pixels)) }
    let ramp = (0..<192).map { UInt8($0) }
    #expect(sums.count == 3 && sums[0] == checksum(of: ramp))
    #expect(Array(sums.dropFirst()) == [846_431_127, 2_486_936_014])
  }

  /// Without its end, and with a damaged block, what is whole can be read.
  @Test func damagedFiles() throws {
    try withTemporaryFolder { folder in
      let pictures = (0..<40).map { picture($0, 8, 8, 3) }
      let url = folder.appending(path: "a.glz")
      _ = try write(pictures, Self.color, to: url, options())
      let whole = [UInt8](try Data(contentsOf: url))
      func found(_ bytes: [UInt8]) throws -> (numbers: [Int], problems: [String]) {
        try Data(bytes).write(to: url)
        let reader = try ArchiveReader(url)
        try reader.use(code(Self.color))
        var (numbers, problems) = ([Int](), [String]())
        try reader.read(0..<reader.pictureCount, onDamage: { problems.append("\($0)") }) { number, picture in
          #expect(picture == pictures[number])
          numbers.append(number)
        }
        if let problem = reader.problem { problems.append("\(problem)") }
        return (numbers, problems)
      }
      let reader = try ArchiveReader(url)
      #expect(reader.blockCount == 6)
      let cut = try found(Array(whole.dropLast(30)))
      #expect(cut.numbers == Array(0..<40) && cut.problems.count == 1, "the index alone is lost")
      var damaged = whole
      damaged[whole.count / 2] ^= 4
      let part = try found(damaged)
      #expect(part.numbers.count == 33 && part.problems.count == 1 && part.problems[0].contains("checksum"))
      let strict = try ArchiveReader(url)
      try strict.use(code(Self.color))
      #expect(throws: CodecError.self) { try strict.read(0..<40) { _, _ in } }
      // Any byte that is wrong is noticed.
      var random = SplitMix(3)
      for _ in 0..<60 {
        var bytes = whole
        bytes[.random(in: 0..<bytes.count, using: &random)] ^= UInt8.random(in: 1...255, using: &random)
        try Data(bytes).write(to: url)
        guard let reader = try? ArchiveReader(url), (try? reader.use(code(Self.color))) != nil else { continue }
        try reader.read(0..<reader.pictureCount, onDamage: { _ in }) { number, picture in
          #expect(picture == pictures[number])
        }
      }
      for end in stride(from: 0, to: whole.count, by: 97) {
        try Data(whole[..<end]).write(to: url)
        guard let reader = try? ArchiveReader(url), (try? reader.use(code(Self.color))) != nil else { continue }
        try reader.read(0..<reader.pictureCount, onDamage: { _ in }) { number, picture in
          #expect(picture == pictures[number])
        }
      }
      try Data("no archive".utf8).write(to: url)
      let error = try #require(throws: CodecError.self) { try ArchiveReader(url) }
      #expect("\(error)".contains("is no archive of Glow") || "\(error)".contains("ends too soon"))
    }
  }

  /// What says more than it holds takes no memory for it.
  @Test func hostileShapes() throws {
    try withTemporaryFolder { folder in
      let url = folder.appending(path: "a.glz")
      _ = try write([picture(1, 8, 8, 3)], Self.color, to: url, options())
      let header = try ArchiveReader(url).header
      var body = ByteWriter()
      body.append(varying: 0)
      let huge = PictureShape(width: PictureShape.mostSide, height: PictureShape.mostSide, isGray: false)
      BlockContents(firstPicture: 0, skippedTiles: 0, tileCount: 1, shapes: PictureShapes([huge])).append(to: &body)
      body.append(UInt32(0))
      body.append([TileMode.raw.rawValue, 1, 0])
      body.append([UInt8](repeating: 9, count: 8 * 8 * 3))
      try Data(header.bytes + ArchivePart.block.framed(body.bytes)).write(to: url)
      let reader = try ArchiveReader(url)
      try reader.use(code(Self.color))
      var count = 0
      try reader.read(0..<reader.pictureCount, onDamage: { _ in }) { _, _ in count += 1 }
      #expect(count == 0)
    }
  }
}
