import ArgumentParser
import Datasets
import Foundation

struct DataCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "data", abstract: "List, check, pack and show data sets.",
    subcommands: [DataListCommand.self, DataCheckCommand.self, DataPackCommand.self, DataShowCommand.self])
}

/// A data set as `--data` takes it.
struct SourceArgument: ParsableArguments {
  @Argument(
    help: ArgumentHelp("As --data takes it: `glow data list` tells all forms.", valueName: "source"),
    completion: Completions.data)
  var text: String
  @OptionGroup var talk: QuietOption

  func source() throws -> DatasetSource { try DatasetSource(said: text) }
}

/// Threads that read and decode.
func readingThreads() -> Int { max(1, ProcessInfo.processInfo.activeProcessorCount) }
