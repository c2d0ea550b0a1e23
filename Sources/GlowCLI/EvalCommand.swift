import ArgumentParser

struct EvalCommand: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "eval")
}
