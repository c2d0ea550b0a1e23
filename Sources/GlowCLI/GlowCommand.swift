import ArgumentParser
import Datasets
import Files
import Foundation

/// The program `glow`. A program of your own that runs it, after entering a family of models in `ModelFamilies`, knows that
/// family in every verb.
public struct GlowCommand: AsyncParsableCommand {
  public static let configuration = CommandConfiguration(
    commandName: "glow",
    abstract: "Glow: a flow-based generative model with exact likelihood and invertible 1x1 convolutions.",
    discussion: """
      Examples:
        glow sample --model faces --out faces.png
        glow train --data holiday-pictures --size 64 --out runs/holiday
        glow serve

      \(ExitStatus.text)
      """,
    version: "glow \(ProgramVersion.current)",
    groupedSubcommands: [
      CommandGroup(
        name: "Train",
        subcommands: [
          TrainCommand.self, ResumeCommand.self, LaunchCommand.self, PresetsCommand.self, RunsCommand.self,
          StatusCommand.self, PlotCommand.self, ReportCommand.self,
        ]),
      CommandGroup(
        name: "Use",
        subcommands: [
          SampleCommand.self, InterpolateCommand.self, AttributesCommand.self, ResampleCommand.self,
          EncodeCommand.self, DecodeCommand.self, ReconstructCommand.self, CompressCommand.self,
          DecompressCommand.self, ExportCommand.self, ImportCommand.self,
        ]),
      CommandGroup(name: "Data", subcommands: [DataCommand.self]),
      CommandGroup(name: "Serve", subcommands: [ServeCommand.self]),
      CommandGroup(
        name: "Measure",
        subcommands: [EvalCommand.self, ScoreCommand.self, QualityCommand.self, BenchCommand.self, DoctorCommand.self]),
    ])

  public init() {}

  public static func main() async {
    CodedArchives.use { try CodecModel.pictures(of: $0) }
    let arguments = Array(CommandLine.arguments.dropFirst()).renamingFlags
    if arguments.first == "help", let misspelling = Misspelling(in: Array(arguments.dropFirst())) {
      end("Error: \(misspelling)", .validationFailure)
    }
    var command: any ParsableCommand
    do { command = try parseAsRoot(arguments.joiningNegativeNumbers) } catch {
      let code = exitCode(for: error)
      if code.isSuccess { exit(withError: error) }
      let sentence = Misspelling.forgottenTerminator(in: arguments) ?? Misspelling(in: arguments)?.description
      end(sentence.map { "Error: \($0)" } ?? fullMessage(for: error), code)
    }
    do {
      if var waiting = command as? any AsyncParsableCommand { try await waiting.run() } else { try command.run() }
    } catch {
      let code = exitCode(for: error)
      if code.isSuccess { exit(withError: error) }
      let message = message(for: error)
      let help =
        error is ValidationError
        ? "\n  See '\(call(of: type(of: command), in: arguments)) --help' for more information." : ""
      end(message.isEmpty ? "" : "Error: \(message)\(help)", code)
    }
  }

  private static func end(_ text: String, _ code: ExitCode) -> Never {
    if !text.isEmpty { FileHandle.standardError.write(Data((safe(text) + "\n").utf8)) }
    Foundation.exit(code.rawValue)
  }

  /// The words that called a verb: one of a verb's own comes second.
  private static func call(of verb: any ParsableCommand.Type, in arguments: [String]) -> String {
    let name = verb._commandName
    return arguments.first == name ? "glow \(name)" : "glow \(arguments.first ?? "") \(name)"
  }
}
