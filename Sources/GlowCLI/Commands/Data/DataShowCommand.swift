import ArgumentParser
import Datasets
import Files
import Foundation
import Imaging

struct DataShowCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Draw a contact sheet of a data set.",
    discussion: """
      Writes one picture with images spread evenly over the split. With --attribute, two rows for each attribute named: \
      images that have it, and below images that have not.

      Examples:
        glow data show fashion-mnist --out sheet.png
        glow data show .data/faces-64 --attribute smiling --out smiles.png
      """)

  @OptionGroup var source: SourceArgument
  @Option(name: .shortAndLong, help: "The picture to write, .png or .jpg.", completion: .file()) var out: String
  @Option(help: "The most images; with --attribute, of each kind. By default 64, and --columns of a kind.") var limit:
    Int?
  @Option(help: "train, validation or test.") var split = DatasetSplit.train
  @Option(help: "An attribute, or all for every one; repeat, or a list with commas. Without it, one sheet is drawn.")
  var attribute: [String] = []
  @Option(help: "Crop and resize images to this size, such as 64 or 48x64 (height x width); by default as they are.")
  var size: PixelSize?
  @Option(help: "1 (gray) or 3 (RGB); by default what there is.") var channels: Int?
  @Option(help: "Seed of a split that is cut from other images; by default 0.", transform: seedNumber) var seed:
    UInt64 = 0
  @OptionGroup var grid: GridOptions
  @OptionGroup var overwriting: ForceOption

  func validate() throws {
    try requirePicture(out, force: overwriting.force)
    if let limit, !(1...100_000).contains(limit) { throw ValidationError("--limit is \(limit), expected 1 to 100000") }
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
    if !attribute.isEmpty {
      try showAttributes(try chosen(of: dataset, source), of: dataset)
    } else {
      let shown = dataset.evenly(limit ?? 64)
      try grid.write((0..<shown.count).map(shown.image), to: URL(filePath: out))
      tell(
        "\(shown.count) of \(counted(dataset.count, "image")) \(dataset.shape) of \(source), \(split.rawValue) split: \(out)"
      )
    }
  }

  private func chosen(of dataset: any ImageDataset, _ source: DatasetSource) throws -> [Int] {
    let names = dataset.attributeNames
    guard !names.isEmpty else { throw ValidationError("--attribute: the images of \(source) have no attributes") }
    if attribute == ["all"] { return Array(names.indices) }
    let asked = attribute.flatMap { names.contains($0) ? [$0] : $0.split(separator: ",").map(String.init) }
    return try asked.map { name in
      guard let index = names.firstIndex(of: name) else {
        throw ValidationError("--attribute: there is no \(name); there are \(names.joined(separator: ", "))")
      }
      return index
    }
  }

  private func showAttributes(_ chosen: [Int], of dataset: any ImageDataset) throws {
    let most = limit ?? grid.columns
    var rows: [PixelImage] = []
    for attribute in chosen {
      let name = dataset.attributeNames[attribute]
      for state in [true, false] {
        let having = (0..<dataset.count).filter { dataset.attribute(attribute, at: $0) == state }
        let shown = min(most, having.count)
        let answer = state ? "yes" : "no"
        tell("\(name) \(answer): \(having.count) of \(counted(dataset.count, "image"))\(shown == 0 ? ", no row" : "")")
        if shown == 0 { continue }
        rows.append(grid.picture(try (0..<shown).map { try dataset.image(at: having[$0 * having.count / shown]) }))
      }
    }
    guard !rows.isEmpty else { throw ValidationError("--attribute: no image is known to have or to lack any of them") }
    try PixelImage.stack(rows, gap: 0).write(to: URL(filePath: out))
    tell("\(counted(rows.count, "row")) in that order: \(out)")
  }
}
