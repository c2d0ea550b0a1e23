import ArgumentParser
import Datasets
import Files
import Foundation
import Imaging

struct DataShowCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Draw a contact sheet of a data set.",
    discussion: """
      Writes one picture with images spread evenly over the split. With --attributes, two rows for each attribute named: \
      images that have it, and below images that have not.
      """)

  @OptionGroup var source: SourceArgument
  @Option(help: "The picture to write, .png or .jpg.") var out: String
  @Option(help: "Images; with --attributes, images of each kind.") var count: Int?
  @Option(help: "train, validation or test.") var split = DatasetSplit.train
  @Option(help: "Names of attributes, such as Smiling,Male; `all` for every one.") var attributes: String?
  @Option(help: "Crop and resize images to this size, such as 64 or 48x64 (height x width).") var size: PixelSize?
  @Option(help: "1 (gray) or 3 (RGB); by default what there is.") var channels: Int?
  @Option(help: "Of a split that is cut from other images.", transform: seedNumber) var seed: UInt64 = 0
  @OptionGroup var grid: GridOptions

  func validate() throws {
    try requirePicture(out)
    if let count, !(1...100_000).contains(count) { throw ValidationError("--count is \(count), expected 1 to 100000") }
    if let channels, channels != 1 && channels != 3 {
      throw ValidationError("--channels is \(channels), expected 1 or 3")
    }
  }

  func run() throws {
    let source = try source.source()
    guard !source.wouldTake(URL(filePath: out)) else {
      throw ValidationError(
        "--out \(out) lies among the pictures of \(source) and would become one: name another place")
    }
    let dataset = try source.open(
      split: split, size: size.map { ($0.height, $0.width) }, channels: channels, seed: seed)
    warn(ofNotesOn: dataset)
    if let attributes {
      try showAttributes(try chosen(attributes, of: dataset, source), of: dataset)
    } else {
      let shown = dataset.evenly(count ?? 64)
      try grid.write((0..<shown.count).map(shown.image), to: URL(filePath: out))
      print(
        "\(shown.count) of \(counted(dataset.count, "image")) \(dataset.shape) of \(source), \(split.rawValue) split: \(out)"
      )
    }
  }

  private func chosen(_ text: String, of dataset: any ImageDataset, _ source: DatasetSource) throws -> [Int] {
    let names = dataset.attributeNames
    guard !names.isEmpty else { throw ValidationError("--attributes: the images of \(source) have no attributes") }
    if text == "all" { return Array(names.indices) }
    return try text.split(separator: ",").map { name in
      guard let index = names.firstIndex(of: String(name)) else {
        throw ValidationError("--attributes: there is no \(name); there are \(names.joined(separator: ", "))")
      }
      return index
    }
  }

  private func showAttributes(_ chosen: [Int], of dataset: any ImageDataset) throws {
    let most = count ?? grid.columns
    var rows: [PixelImage] = []
    for attribute in chosen {
      let name = dataset.attributeNames[attribute]
      for state in [true, false] {
        let having = (0..<dataset.count).filter { dataset.attribute(attribute, at: $0) == state }
        let shown = min(most, having.count)
        let answer = state ? "yes" : "no"
        print("\(name) \(answer): \(having.count) of \(counted(dataset.count, "image"))\(shown == 0 ? ", no row" : "")")
        if shown == 0 { continue }
        rows.append(grid.picture(try (0..<shown).map { try dataset.image(at: having[$0 * having.count / shown]) }))
      }
    }
    guard !rows.isEmpty else { throw ValidationError("--attributes: no image is known to have or to lack any of them") }
    try PixelImage.stack(rows, gap: 0).write(to: URL(filePath: out))
    print("\(counted(rows.count, "row")) in that order: \(out)")
  }
}
