import ArgumentParser
import Files
import Foundation
import Reporting
import Runs

/// Writes the pages of docs/measurements/report from what Scripts/study.py noted. Scripts/report.sh runs both.
@main struct StudyReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "study-report", abstract: "Write the report on a study that Scripts/study.py made.")

  @Argument(help: ArgumentHelp("The study's notes, study.json.", valueName: "study")) var study: String
  @Option(help: "The folder to write.") var out: String

  func run() throws {
    let document = try document(of: URL(filePath: study))
    try document.write(to: URL(filePath: out))
    print("\(counted(document.figures.count, "figure")): \(out)/index.html and \(out)/README.md")
  }

  private func document(of file: URL) throws -> Document {
    let study = try Study(contentsOf: file)
    let benchmarks = [
      ("memory", "Peak memory of training against depth, reversible and keeping activations."),
      ("scaling", "Images a second in training, against batch, width and image size."),
    ]
    return try StudyReport(
      of: study,
      lines: { run in
        var (images, seconds) = (0.0, 0.0)
        return try RunFolder(URL(filePath: run.run)).metrics().map { line in
          seconds += (Double(line.images) - images) / (run.rate ?? line.imagesPerSecond)
          images = Double(line.images)
          return .init(
            images: images, seconds: seconds, validation: line.validationBitsPerDimension,
            roundTripError: line.roundTripError, conditionNumber: line.worstConditionNumber)
        }
      },
      file: { path in
        do { return try [UInt8](Data(contentsOf: URL(filePath: path))) } catch {
          throw ReportError("\(path), a picture of the study, cannot be read: make the report anew")
        }
      },
      benchmarks: benchmarks.compactMap { name, caption in
        guard let plot = try? Data(contentsOf: URL(filePath: "docs/images/\(name).png")) else { return nil }
        return .init(name, .png([UInt8](plot)), caption: caption)
      }
    ).document
  }
}
