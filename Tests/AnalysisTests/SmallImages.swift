import Datasets
import FlowModels
import TestSupport
import Torch

/// Gray 4x4 images made from their number, in memory: with an attribute the brightness goes up, unless told otherwise.
struct SmallImages: ImageDataset {
  var name = "small"
  var split = DatasetSplit.train
  var count = 40
  /// Of the first number.
  var start = 0
  var shape = ImageShape(height: 4, width: 4, channels: 1)
  var classNames: [String] = []
  var labelShift = 0
  var attributeNames = ["bright", "third"]
  /// What `attribute(_:at:)` gives.
  var truth: @Sendable (Int, Int) -> Bool? = { attribute, number in
    attribute == 0 ? number % 2 == 0 : number % 5 == 0 ? nil : number % 3 == 0
  }

  func label(at index: Int) -> Int? { classNames.isEmpty ? nil : (start + index + labelShift) % classNames.count }

  func attribute(_ attribute: Int, at index: Int) -> Bool? { truth(attribute, start + index) }

  func copyPixels(at index: Int, to buffer: UnsafeMutableBufferPointer<UInt8>) throws {
    for (i, value) in pixels(index).enumerated() { buffer[i] = value }
  }

  func pixels(_ index: Int) -> [UInt8] {
    let number = start + index
    var state = UInt64(number + 1) &* 0x9E37_79B9_7F4A_7C15
    return (0..<shape.elementCount).map { i in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return UInt8(20 + (number % 2 == 0 ? 40 : 0) + i * 3 + Int(state >> 58))
    }
  }
}

extension Glow {
  /// A small model in float64 whose every parameter is random.
  static func small(
    height: Int = 4, width: Int = 4, classes: [String] = [], bits: Int = 8, seed: UInt64 = 3
  ) throws -> Glow {
    var configuration = GlowConfiguration(height: height, width: width, channels: 1, levels: 2, steps: 2, hidden: 6)
    configuration.classNames = classes
    configuration.labelConditioning = .everywhere
    configuration.bits = bits
    let glow = try Glow(configuration, options: TensorOptions(.float64), seed: seed)
    try glow.parameters.values.addInPlace(randomTensor(glow.parameters.values.shape, seed: seed + 1, scale: 0.1))
    return glow
  }

  /// The latents of all images as rows, each image on its own.
  func latentRows(of dataset: SmallImages, labels: ((Int) -> Int)? = nil) throws -> [[Double]] {
    try (0..<dataset.count).map { index in
      let pixels = try Tensor(dataset.pixels(index), shape: [1, dataset.shape.height, dataset.shape.width, 1])
      let x = try Quantization(bits: configuration.bits).dequantize(pixels, as: .float64)
      let latents = try encode(x, labels: labels.map { try Tensor([$0(index)]) })
      return try latents.levels.flatMap { try $0.elements(Double.self) }
    }
  }
}

func mean(_ rows: [[Double]]) -> [Double] {
  rows[0].indices.map { column in rows.reduce(0) { $0 + $1[column] } / Double(rows.count) }
}

func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
