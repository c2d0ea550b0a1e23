import ArgumentParser
import Datasets
import Files
import Foundation

struct DataCheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check", abstract: "Read all of a data set and say what is missing or damaged.",
    discussion: """
      Reads every record, decodes every picture, verifies every checksum that is stored or published, and compares the \
      counts of images with the published ones. Ends with status 1 and a list when something is wrong.

      Examples:
        glow data check cifar10:FOLDER
        glow data check holiday-pictures
      """)

  @OptionGroup var source: SourceArgument
  @Option(help: "The most faults to list.") var most = 100

  func validate() throws {
    guard most >= 1 else { throw ValidationError("--most is \(most), expected 1 or more") }
  }

  func run() throws {
    let source = try source.source()
    let bar = ProgressBar()
    let check = try DatasetCheck(of: source, workers: readingThreads()) { split, done, total in
      bar.update(done, of: total, "images of \(split.rawValue)")
    }
    bar.clear()
    warn(check.notes)
    for part in check.parts {
      let labels = part.classes > 0 ? ", \(counted(part.classes, "class", plural: "classes"))" : ""
      let attributes = part.attributes > 0 ? ", \(counted(part.attributes, "attribute"))" : ""
      print("\(part.split.rawValue): \(counted(part.images, "image"))\(labels)\(attributes)")
    }
    guard !check.problems.isEmpty else {
      return print(
        "\(source): " + (check.notes.isEmpty ? "all there, nothing damaged" : "no image is damaged; see the notes"))
    }
    fflush(nil)
    let count = check.problems.count
    let listed = check.problems.prefix(most) + (count > most ? ["... and \(count - most) more"] : [])
    let heading = "Error: \(source): \(count) \(count == 1 ? "fault" : "faults"):"
    FileHandle.standardError.write(Data(([heading] + listed).joined(separator: "\n").utf8 + [0x0A]))
    throw ExitCode.failure
  }
}
