import Flows
import Torch

/// The layers' networks written a second time, by libtorch's conv2d on channels-first images with an explicit edge
/// channel and nothing folded. Values are looked up by the last part of the parameters' names.
struct ReferenceNetwork {
  let values: [String: Tensor]
  let edgeChannel: Bool
  var logScaleFactor = 1.0
  var labels: Tensor?

  /// - Parameter names: full names, of which all begin with the same `prefix`.
  init(_ names: [String], _ values: [Tensor], prefix: String, edgeChannel: Bool) {
    let keys = names.map { String($0.dropFirst(prefix.count + 1)) }
    self.values = Dictionary(uniqueKeysWithValues: zip(keys, values))
    self.edgeChannel = edgeChannel
  }

  /// conv3x3 -> ActNorm -> ReLU -> conv1x1 -> ActNorm -> ReLU -> zero-started conv3x3.
  func conditioner(_ x: Tensor) throws -> Tensor {
    let hidden = try normalized(firstHidden(x), "norm1").relu()
    return try zeroConv(normalized(secondHidden(hidden), "norm2").relu(), prefix: "conv3.")
  }

  /// Before the first ActNorm.
  func firstHidden(_ x: Tensor) throws -> Tensor {
    let hidden = try conv3x3(x, values["conv1.weight"]!)
    guard let labels, let embedding = values["conv1.labelEmbedding"] else { return hidden }
    return try hidden + labels.matmul(embedding).reshaped([x.shape[0], 1, 1, -1])
  }

  /// Before the second ActNorm.
  func secondHidden(_ hidden: Tensor) throws -> Tensor {
    let matrix = try values["conv2.weight"]!.transposed
    return try channelsLast(channelsFirst(hidden).conv2d(matrix.reshaped(matrix.shape + [1, 1]), padding: 0))
  }

  func normalized(_ x: Tensor, _ norm: String) throws -> Tensor {
    try (x + values[norm + ".bias"]!) * (values[norm + ".logScale"]! * logScaleFactor).exponential()
  }

  /// `(conv3x3 + bias) * exp(3 * logScale)`.
  func zeroConv(_ x: Tensor, prefix: String = "") throws -> Tensor {
    let y = try conv3x3(x, values[prefix + "weight"]!) + values[prefix + "bias"]!
    return try y * (values[prefix + "logScale"]! * 3).exponential()
  }

  /// - Parameter weight: `[3, 3, input (+ 1), output]`.
  private func conv3x3(_ x: Tensor, _ weight: Tensor) throws -> Tensor {
    var image = try channelsFirst(x)
    var padding = 1
    if edgeChannel {
      let inside = try Tensor.zeros([image.shape[0], 1, image.shape[2], image.shape[3]], x.dtype)
      image = try .concatenating([padded(image, with: 0), padded(inside, with: 1)], alongDimension: 1)
      padding = 0
    }
    return try channelsLast(image.conv2d(weight.permuted([3, 2, 0, 1]), padding: padding))
  }

  private func padded(_ image: Tensor, with value: Double) throws -> Tensor {
    var image = image
    for dim in [2, 3] {
      var side = image.shape
      side[dim] = 1
      let strip = try Tensor.full(value, side, image.dtype)
      image = try .concatenating([strip, image, strip], alongDimension: dim)
    }
    return image
  }

  private func channelsFirst(_ x: Tensor) throws -> Tensor { try x.permuted([0, 3, 1, 2]) }
  private func channelsLast(_ x: Tensor) throws -> Tensor { try x.permuted([0, 2, 3, 1]).contiguous() }
}

extension ReferenceNetwork {
  init(_ parameters: [Parameter], prefix: String, edgeChannel: Bool) {
    self.init(parameters.map(\.name), parameters.map(\.value), prefix: prefix, edgeChannel: edgeChannel)
  }
}
