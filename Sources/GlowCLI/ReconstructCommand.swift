import ArgumentParser

struct ReconstructCommand: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "reconstruct")
}
