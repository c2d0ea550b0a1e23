import FlowModels
import Flows
import Torch

extension NICEConfiguration {
  func makeArchitecture(options: TensorOptions, using generator: Generator) throws -> MultiscaleArchitecture {
    let channels = 4 * channels
    var layers: [Chain.Link] = [.init("squeeze", Squeeze())]
    for number in 1...couplings {
      let name = "coupling\(number)"
      let conditioner = try ConvConditioner(
        name + ".conditioner", inputs: channels / 2, hidden: hidden, outputs: channels / 2, edgeChannel: false,
        like: options, using: generator)
      layers.append(.init(name, Coupling(.additive, conditioner: conditioner)))
      layers.append(
        .init(
          "reverse\(number)",
          try ChannelPermutation.reverse("reverse\(number)", channels: channels, on: options.device)))
    }
    if scaled { layers.append(.init("scale", try ActNorm("scale", channels: channels, like: options))) }
    return MultiscaleArchitecture(levels: [.init(Chain(links: layers))], prior: UnitGaussian(like: options))
  }
}
