import FlowModels
import Flows
import Torch

/// A family of models: on squeezed images, steps of ``Asinh``, ActNorm, a 1x1 convolution and an affine coupling.
struct WarpedConfiguration: FlowConfiguration {
  static let kind = "warped"
  static let title = "Warped"
  static var standard: WarpedConfiguration { WarpedConfiguration() }
  static var fields: [ConfigurationField<WarpedConfiguration>] {
    [.integer("steps", "Steps of flow.", \.steps), .integer("hidden", "Hidden channels.", \.hidden)]
  }

  var height = 16
  var width = 16
  var channels = 1
  var bits = 8
  var steps = 4
  var hidden = 16

  var levels: Int { 1 }
  var summary: String { "Warped steps=\(steps) hidden=\(hidden)" }
  func latentShape(level: Int) -> [Int] { [height / 2, width / 2, 4 * channels] }

  func validate() throws {
    for (field, size) in [("height", height), ("width", width)] where size < 2 || size % 2 != 0 {
      throw ModelError.invalid(field: field, value: "\(size)", expected: "an even number of pixels")
    }
    for (field, value) in [("channels", channels), ("bits", bits), ("steps", steps), ("hidden", hidden)]
    where value < 1 {
      throw ModelError.invalid(field: field, value: "\(value)", expected: "1 or more")
    }
  }

  func makeArchitecture(options: TensorOptions, using generator: Generator) throws -> MultiscaleArchitecture {
    let channels = 4 * channels
    var links = [Chain.Link("squeeze", Squeeze())]
    for step in 1...steps {
      let name = "step\(step)"
      let conditioner = try ConvConditioner(
        name + ".conditioner", inputs: channels / 2, hidden: hidden, outputs: channels, edgeChannel: true,
        like: options, using: generator)
      links += [
        .init(name + ".asinh", try Asinh(name + ".asinh", channels: channels, like: options)),
        .init(name + ".actnorm", try ActNorm(name + ".actnorm", channels: channels, like: options)),
        .init(
          name + ".mixing",
          try InvertibleConv1x1(name + ".mixing", channels: channels, factored: true, like: options, using: generator)),
        .init(name + ".coupling", Coupling(.affine(.sigmoid(minimum: 0.1)), conditioner: conditioner)),
      ]
    }
    return MultiscaleArchitecture(levels: [.init(Chain(links: links))], prior: UnitGaussian(like: options))
  }

  /// Counted by building one.
  var parameterCount: Int { (try? MultiscaleFlow(self).parameters.count) ?? 0 }
}
