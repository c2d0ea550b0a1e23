import ArgumentParser

struct AttributesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "attributes",
    abstract: "Find directions in the latents along which attributes change, and edit images.",
    discussion: """
      fit finds a direction for each attribute of a labeled data set and says how far to trust it; apply moves images \
      along directions; list shows what a file holds.
      """,
    subcommands: [AttributesFitCommand.self, AttributesApplyCommand.self, AttributesListCommand.self])
}
