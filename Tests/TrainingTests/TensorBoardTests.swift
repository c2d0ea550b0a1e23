import FlowModels
import Foundation
import Imaging
import Runs
import TestSupport
import Testing

@testable import Training

/// What TensorBoard's own reader finds in a folder.
private struct Events: Decodable {
  struct Scalar: Decodable, Equatable {
    var step: Int
    var time: Double
    var value: Double
  }

  struct Image: Decodable {
    var step: Int
    var width: Int
    var height: Int
    /// Hexadecimal.
    var png: String
  }

  struct Histogram: Decodable {
    var step: Int
    var min: Double
    var max: Double
    var num: Double
    var sum: Double
    var sumSquares: Double
    var limits: [Double]
    var counts: [Double]
  }

  var version: Double
  var scalars: [String: [Scalar]]
  var images: [String: [Image]]
  var histograms: [String: [Histogram]]

  init(in folder: URL) throws {
    let tests = URL(filePath: #filePath).deletingLastPathComponent()
    let python = tests.deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: ".venv-tensorboard/bin/python")
    try #require(
      FileManager.default.isExecutableFile(atPath: python.path),
      "TensorBoard's reader is not there: run Scripts/setup-tensorboard.sh")
    let process = Process()
    process.executableURL = python
    process.arguments = [tests.appending(path: "read_events.py").path, folder.path]
    let output = folder.appending(path: "read.json")
    try Data().write(to: output)
    process.standardOutput = try FileHandle(forWritingTo: output)
    try process.run()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0)
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    self = try decoder.decode(Events.self, from: Data(contentsOf: output))
  }
}

@Suite(.serialized) struct TensorBoardTests {
  private func line(_ images: Int, train: Double = 3, validation: Double? = nil) -> Metrics {
    var line = Metrics(
      images: images, step: images / 8, seconds: 1.5, trainBitsPerDimension: train, gradientNorm: 0.1,
      learningRate: 1e-3, imagesPerSecond: 1000)
    line.validationBitsPerDimension = validation
    line.roundTripError = validation.map { _ in 1.25e-6 }
    return line
  }

  private func tracks(_ folder: URL) throws -> [Int] {
    try Events(in: folder).scalars["train/bits_per_dimension"]?.map(\.step) ?? []
  }

  @Test func scalars() throws {
    try withTemporaryFolder { folder in
      let run = try RunEvents(RunFolder(folder))
      let values = [3.25, 1.0 / 3, .nan, -.infinity, 1e-42]
      for (number, value) in values.enumerated() {
        try run.append(
          line(8 * number, train: value, validation: number == 4 ? 2 : nil),
          at: Date(timeIntervalSince1970: 1_700_000_000.25 + Double(number)))
      }
      let events = try Events(in: folder)
      #expect(events.version == 2)
      #expect(
        Set(events.scalars.keys) == [
          "train/bits_per_dimension", "train/gradient_norm", "train/learning_rate", "train/step",
          "speed/images_per_second", "speed/seconds", "validation/bits_per_dimension", "invertibility/round_trip_error",
        ])
      let train = try #require(events.scalars["train/bits_per_dimension"])
      #expect(train.map(\.step) == [0, 8, 16, 24, 32])
      #expect(train.map(\.time) == (0..<5).map { 1_700_000_000.25 + Double($0) })
      for (found, value) in zip(train, values) {
        #expect(found.value == Double(Float(value)) || found.value.isNaN && value.isNaN)
      }
      #expect(events.scalars["validation/bits_per_dimension"]?.map(\.value) == [2])
      #expect(events.scalars["invertibility/round_trip_error"]?.map(\.value) == [Double(Float(1.25e-6))])
    }
  }

  @Test(arguments: [1, 3]) func samples(channels: Int) throws {
    try withTemporaryFolder { folder in
      let pixels = (0..<20 * 12 * channels).map { UInt8($0 * 7 % 256) }
      let picture = PixelImage(width: 20, height: 12, channels: channels, pixels: pixels)
      try RunEvents(RunFolder(folder)).append(line(64), samples: picture)
      let image = try #require(Events(in: folder).images["samples"]?.first)
      #expect((image.step, image.width, image.height) == (64, 20, 12))
      let file = folder.appending(path: "samples.png")
      let digits = Array(image.png.utf8)
      let png = stride(from: 0, to: digits.count, by: 2).map { start in
        UInt8(String(decoding: digits[start..<start + 2], as: UTF8.self), radix: 16)!
      }
      try Data(png).write(to: file)
      let read = try PixelImage(contentsOf: file)
      #expect((read.width, read.height, read.pixels) == (20, 12, pixels))
    }
  }

  @Test func histograms() throws {
    try withTemporaryFolder { folder in
      let scales: [String: [Double]] = [
        "a": (0...100).map { 0.5 + Double($0) / 50 } + [.nan, .infinity], "same": [2, 2, 2], "none": [.nan],
        "empty": [], "far": [-.greatestFiniteMagnitude, 0, .greatestFiniteMagnitude],
        "near": [0, .leastNonzeroMagnitude],
      ]
      try RunEvents(RunFolder(folder)).append(line(64), scales: scales)
      let histograms = try Events(in: folder).histograms
      #expect(Set(histograms.keys) == ["scales/a", "scales/same", "scales/far", "scales/near"])
      let a = try #require(histograms["scales/a"]?.first)
      let values = scales["a"]!.filter(\.isFinite)
      #expect((a.step, a.min, a.max, a.num) == (64, 0.5, 2.5, 101))
      #expect(a.sum == values.reduce(0, +) && a.sumSquares == values.reduce(0) { $0 + $1 * $1 })
      #expect(a.limits.count == 30 && a.limits.last == 2.5 && a.counts.reduce(0, +) == 101)
      #expect(zip(a.limits, a.limits.dropFirst()).allSatisfy(<) && a.counts.allSatisfy { (3...4).contains($0) })
      let same = try #require(histograms["scales/same"]?.first)
      #expect((same.min, same.max, same.limits, same.counts) == (2, 2, [2], [3]))
      #expect(histograms["scales/far"]?.first?.counts.reduce(0, +) == 3)
    }
  }

  /// TensorBoard drops what came after the place where a run resumes, and a record that was cut off.
  @Test func resumes() throws {
    try withTemporaryFolder { folder in
      let run = RunFolder(folder)
      var urls: [URL] = []
      func write(after images: Int?, _ lines: Int...) throws {
        let events = try RunEvents(run, after: images)
        urls.append(events.url)
        for images in lines { try events.append(line(images, train: Double(urls.count))) }
      }
      // What an earlier run in the folder left.
      try write(after: nil, 500, 1000)
      try write(after: nil, 8, 16, 24, 32)
      let file = urls[1]
      let whole = try Data(contentsOf: file)
      for cut in [0, 1, 20] {
        try whole.dropLast(cut).write(to: file)
        #expect(try tracks(folder) == (cut == 0 ? [8, 16, 24, 32] : [8, 16, 24]))
      }
      try write(after: 16, 20, 28)
      let train = try #require(Events(in: folder).scalars["train/bits_per_dimension"])
      #expect(train.map(\.step) == [8, 16, 20, 28] && train.map(\.value) == [2, 2, 3, 3])
      // However fast a run stops and goes on, the files' names are in their order.
      #expect(urls.map(\.lastPathComponent) == urls.map(\.lastPathComponent).sorted() && Set(urls).count == 3)
    }
  }

  @Test func aFolderThatIsNotThere() throws {
    try withTemporaryFolder { folder in
      let missing = folder.appending(path: "missing")
      let error = try #require(throws: TrainingError.self) { try RunEvents(RunFolder(missing)) }
      #expect("\(error)".hasPrefix("cannot create \(missing.path)/events.out.tfevents."))
    }
  }

  @Test func tags() {
    for (field, tag) in [
      ("trainBitsPerDimension", "train/bits_per_dimension"), ("validationAccuracy", "validation/accuracy"),
      ("gradientNorm", "train/gradient_norm"), ("worstConditionNumber", "invertibility/worst_condition_number"),
      ("train", "train/train"), ("newFigure", "train/new_figure"),
    ] {
      #expect(RunEvents.tag(of: field) == tag)
    }
    #expect(line(8).numbers.map(\.name).prefix(3) == ["images", "step", "seconds"])
    #expect(line(8).numbers.first { $0.name == "smallestScale" }.map { $0.value == nil } == true)
  }

  /// What training itself writes: stopped, resumed and rolled back, it is what its metrics say.
  @Test func aTrainedRun() throws {
    try withTemporaryFolder { folder in
      try Small.stop(Small.trainer(Small.training { $0.averageImages = 0 }, in: folder), after: 5)
      let trainer = try Small.resumed(folder, images: 96)
      var isRuined = false
      trainer.onProgress = { progress in
        guard progress.images == 72, !isRuined else { return }
        isRuined = true
        let bias = trainer.model.parameters.parameters.first { $0.name == "level1.step2.actnorm.bias" }!
        try! bias.value.assign(.full(.nan, bias.value.shape))
      }
      try trainer.fit()
      #expect(isRuined)
      let (events, lines) = (try Events(in: folder), try RunFolder(folder).metrics())
      #expect(lines.map(\.images) == [24, 48, 72, 96])
      let train = try #require(events.scalars["train/bits_per_dimension"])
      #expect(train.map(\.step) == lines.map(\.images))
      #expect(train.map(\.value) == lines.map { Double(Float($0.trainBitsPerDimension)) })
      #expect(events.scalars["memory/live_tensors"]?.count == lines.count)
      #expect(try #require(events.images["samples"]).map(\.step) == lines.map(\.images))
      let sheet = try trainer.model.sampleSheet()
      #expect(events.images["samples"]?.allSatisfy { $0.width == sheet.width && $0.height == sheet.height } == true)
      let layers = try RunFolder(folder).layers()
      for name in ["level1.step1.coupling", "level1.step2.coupling"] {
        let scales = try #require(events.histograms["scales/\(name)"])
        #expect(scales.map(\.step) == lines.map(\.images))
        #expect(scales.map(\.min) == layers.map { $0.layers[name]?.smallestScale })
        #expect(scales.map(\.max) == layers.map { $0.layers[name]?.largestScale })
      }
    }
  }
}
