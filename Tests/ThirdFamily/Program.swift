import FlowModels
import GlowCLI

/// `glow`, with one more family of models.
@main enum Program {
  static func main() async {
    ModelFamilies.register(NICEConfiguration.self)
    await GlowCommand.main()
  }
}
