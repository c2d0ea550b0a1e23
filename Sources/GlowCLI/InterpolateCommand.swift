import ArgumentParser

struct InterpolateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "interpolate")
}
