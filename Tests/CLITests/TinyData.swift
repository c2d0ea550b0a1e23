import Foundation
import Imaging

/// Small data sets that the tests make themselves.
enum TinyData {
  static let side = 8

  /// A gray picture with a bright square whose place and size depend on `number`; class `number % 3` decides the shape.
  static func pixels(_ number: Int, side: Int = side, channels: Int = 1) -> [UInt8] {
    (0..<side * side * channels).map { index in
      let (y, x, c) = (index / channels / side, index / channels % side, index % channels)
      let inside: Bool
      switch number % 3 {
      case 0: inside = y < side / 2
      case 1: inside = x < side / 2
      default: inside = abs(y - side / 2) + abs(x - side / 2) < side / 3
      }
      return UInt8((inside ? 200 : 30) + (number * 7 + index * 13 + c * 40) % 50)
    }
  }

  /// A folder with the four IDX files.
  static func idx(_ folder: TemporaryFolder, train: Int = 120, test: Int = 20, side: Int = side) throws -> String {
    for (prefix, count, first) in [("train", train, 0), ("t10k", test, 1000)] {
      let numbers = (0..<count).map { first + $0 }
      try idxImages(numbers.map { pixels($0, side: side) }, side: side)
        .write(to: folder.url.appending(path: "\(prefix)-images-idx3-ubyte"))
      try (big(0x801) + big(count) + Data(numbers.map { UInt8($0 % 3) }))
        .write(to: folder.url.appending(path: "\(prefix)-labels-idx1-ubyte"))
    }
    return "idx:\(folder.url.path)"
  }

  static func idxImages(_ images: [[UInt8]], side: Int) -> Data {
    big(0x803) + big(images.count) + big(side) + big(side) + Data(images.joined())
  }

  static func big(_ value: Int) -> Data {
    Data((0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) })
  }

  /// A folder of PNGs, in a subfolder a class where `classes` is set.
  static func pictures(
    _ folder: TemporaryFolder, count: Int = 30, side: Int = side, channels: Int = 3, classes: Bool = false
  ) throws -> String {
    for number in 0..<count {
      let parent = classes ? folder.url.appending(path: "class\(number % 3)") : folder.url
      try FileManager.default.createDirectory(at: parent, withIntermediateDirectories: true)
      try PixelImage(
        width: side, height: side, channels: channels,
        pixels: pixels(number, side: side, channels: channels)
      ).writePNG(to: parent.appending(path: "\(number).png"))
    }
    return folder.url.path
  }
}

/// A model that `glow train` made of tiny labeled images, shared by the tests that only read it.
struct TrainedModel: Sendable {
  let data: String
  let run: String
  private let folders: [TemporaryFolder]

  /// Settings of a model that trains in a second.
  static let small = [
    "--levels", "1", "--steps", "2", "--hidden", "8", "--batch", "16", "--images", "640", "--warmup", "64", "--average",
    "64", "--validate-every", "320", "--checkpoint-every", "160", "--decay", "none", "--threads", "1",
  ]

  static let shared = Result { try TrainedModel() }

  private init() throws {
    folders = [try TemporaryFolder(), try TemporaryFolder()]
    data = try TinyData.idx(folders[0])
    run = folders[1].path("run")
    let outcome = try GlowBinary.run(
      ["train", "--data", data, "--out", run, "--labels", "everywhere"] + Self.small)
    guard outcome.status == 0 else { throw Failure(text: outcome.errors) }
  }

  /// The newest checkpoint, copied into `folder` so that a test may damage it.
  func copy(to folder: TemporaryFolder) throws -> URL {
    let checkpoints = URL(filePath: run).appending(path: "checkpoints")
    let newest = try FileManager.default.contentsOfDirectory(atPath: checkpoints.path).filter {
      $0.hasPrefix("images-")
    }
    .max { Int($0.dropFirst(7))! < Int($1.dropFirst(7))! }!
    let copy = folder.url.appending(path: "model")
    try FileManager.default.copyItem(at: checkpoints.appending(path: newest), to: copy)
    // What is damaged on purpose is to be named by what it is.
    try FileManager.default.removeItem(at: copy.appending(path: "checksums.json"))
    return copy
  }
}
