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
    version: "glow \(ProgramVersion.current)",
    subcommands: [
      PresetsCommand.self, TrainCommand.self, ResumeCommand.self, LaunchCommand.self, EvalCommand.self,
      SampleCommand.self, EncodeCommand.self, DecodeCommand.self, ReconstructCommand.self, InterpolateCommand.self,
      AttributesCommand.self, ScoreCommand.self,
      ResampleCommand.self, QualityCommand.self, RunsCommand.self, StatusCommand.self, PlotCommand.self,
      ReportCommand.self, ServeCommand.self, CompressCommand.self, DecompressCommand.self, ExportCommand.self,
      ImportCommand.self, DataCommand.self,
      BenchCommand.self,
    ])

  public init() {}

  public static func main() async {
    CodedArchives.use { try CodecModel.pictures(of: $0) }
    do {
      var command = try parseAsRoot(Array(CommandLine.arguments.dropFirst()).joiningNegativeNumbers)
      if var waiting = command as? any AsyncParsableCommand { try await waiting.run() } else { try command.run() }
    } catch {
      let code = exitCode(for: error)
      if code.isSuccess { exit(withError: error) }
      let text = fullMessage(for: error)
      if !text.isEmpty { FileHandle.standardError.write(Data((safe(text) + "\n").utf8)) }
      Foundation.exit(code.rawValue)
    }
  }
}
