import GlowCLI

@main enum Program {
  static func main() async { await GlowCommand.main() }
}
