import ArgumentParser
import Codec
import Datasets
import Files
import FlowModels
import Foundation
import Imaging
import ModelImages
import Torch

struct CompressCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compress", abstract: "Pack pictures without loss into one small file.",
    discussion: """
      Each picture is cut into tiles of the model's size. A tile is coded by the model, by WebP or JPEG XL, or as it is, whichever is \
      smallest; each block of tiles is decoded and compared before it is written. `glow decompress` gives the pictures back.

      Pixels are kept, not files: a JPEG comes back as a PNG of the same pixels, without metadata. Names are kept, below the \
      folder that is given. The archive names its model and does not hold it, unless --embed-model is given.

      Examples:
        glow compress holiday-pictures
        glow compress --model fashion-mnist --data fashion-mnist -o clothes.glz
      """)

  @Argument(
    help: "Picture files (PNG, JPEG, WebP) and folders of them; without any, images of --data.",
    completion: Completions.picture)
  var inputs: [String] = []
  @Option(
    name: .shortAndLong, help: "The archive to write, NAME.glz; by default that of the one picture or folder.",
    completion: .file())
  var out: String?
  @Option(
    help: "A run folder, a model folder, or the name of a shipped model; by default the shipped one that fits.",
    completion: Completions.model)
  var model: String?
  @Option(help: "A data set, as in train; SET:SPLIT, too. Without it, name pictures.", completion: Completions.data)
  var data: NamedSplit?
  @Option(help: "Of --data: train, validation or test; by default test.") var split: DatasetSplit?
  @Option(help: "Of the pictures, for a conditional model; by default a data set's own, else the most likely.")
  var label: String?
  @Flag(help: "Put the model into the archive, too.") var embedModel = false
  @Option(
    name: .customLong("block"), help: "Tiles that are coded together: what is read and what damage costs at once.")
  var block = 512
  @Option(help: "Of WebP and JPEG XL, 1 (fast) to 9 (small).") var effort = 7
  @Option(
    help: ArgumentHelp("A table to write of what each picture takes; without it, none.", valueName: "file.csv"),
    completion: .file()) var sizes: String?
  @Option(
    name: [.customShort("T"), .customLong("threads")],
    help: "Threads that code; by default as many as the machine has cores.")
  var threads: Int?
  @Flag(help: "With a model of fewer bits than 8, store the others beside what it codes.") var lowBits = false
  @Flag(help: "Take pictures as training does: alpha on white, the upper 8 of 16 bits.") var flatten = false
  @Flag(inversion: .prefixedNo, help: "Decode each block and compare it.") var verify = true
  @Flag(name: [.customShort("k"), .customLong("keep")], help: "Keep the pictures (as without it).") var keep = false
  @Flag(name: .customLong("rm"), help: "Remove the picture files when the archive is complete.") var remove = false
  @OptionGroup var overwriting: ForceOption
  @OptionGroup var talk: QuietOption
  @Flag(name: [.customShort("v"), .customLong("verbose")], help: "Say what the archive is made of.") var verbose = false

  func validate() throws {
    guard inputs.isEmpty != (data == nil) else {
      throw ValidationError(
        inputs.isEmpty ? "name pictures or folders, or a data set with --data" : "--data and pictures: give one of both"
      )
    }
    guard split == nil || data != nil else { throw ValidationError("--split is of --data: leave it out for pictures") }
    guard split == nil || data?.split == nil || data?.split == split else {
      throw ValidationError("--data \(data!) and --split \(split!.rawValue): name one split")
    }
    guard out != nil || inputs.count == 1 else { throw ValidationError("name the archive with -o NAME.glz") }
    guard (1...8192).contains(block) else { throw ValidationError("--block is \(block), expected 1 to 8192") }
    guard (1...9).contains(effort) else { throw ValidationError("--effort is \(effort), expected 1 to 9") }
    if let threads, !(1...256).contains(threads) { throw ValidationError("--threads is \(threads), expected 1 to 256") }
    guard !(remove && data != nil) else { throw ValidationError("--rm removes picture files, and --data names a set") }
    guard !(remove && keep) else { throw ValidationError("--rm and --keep: give one of both") }
  }

  func run() throws {
    try Runtime.checkVersion()
    let target = out ?? URL(filePath: inputs[0]).lastPathComponent + ".glz"
    try OutputFile.archive.require(target, from: inputs, force: overwriting.force)
    try OutputFile.scores.require(sizes, "--sizes", from: inputs, force: overwriting.force)
    let source: any PicturesToPack =
      try data.map { try PackedDataset($0, split) } ?? PackedFiles(inputs, flattening: flatten)
    source.notes.forEach(warn)
    guard source.count > 0 else { throw ValidationError("there are no pictures in \(inputs.joined(separator: ", "))") }
    let chosen = try CodecModel(model, for: source.first())
    let conditions = try CodedConditions(label, of: chosen.model, asked: source)
    var options = ArchiveOptions()
    options.blockTiles = block
    options.threads = threads ?? ProcessInfo.processInfo.activeProcessorCount
    options.verifies = verify
    options.keepsHiddenBits = lowBits
    options.effort = effort
    let code = try FlowCode(chosen.model.blueprint())
    let summary = try CodecFailure.reporting {
      let writer = try ArchiveWriter(
        to: URL(filePath: target), code, told: conditions.kind, modelName: chosen.name,
        embedding: embedModel ? ModelBundle.bytes(of: chosen.model) : nil, options: options)
      try pack(source, into: writer, conditions, code, chosen.model)
      let summary = try writer.finish()
      if let sizes { try write(writer.costs, of: source, to: sizes) }
      return summary
    }
    if remove { try source.remove() }
    say(summary, target)
  }

  private func pack(
    _ source: any PicturesToPack, into writer: ArchiveWriter, _ conditions: CodedConditions, _ code: FlowCode,
    _ model: any FlowModel
  ) throws {
    let bar = ProgressBar()
    let signals = StopSignals()
    let rate = ArchiveProgress()
    defer { bar.clear() }
    for first in stride(from: 0, to: source.count, by: CodedConditions.batch) {
      let numbers = first..<min(source.count, first + CodedConditions.batch)
      let pictures = try numbers.map { try source.picture($0) }
      let told = try conditions(of: pictures, numbers)
      if first == 0 { try code.requirePrecision(of: model, on: pictures, told: told) }
      for ((number, picture), condition) in zip(zip(numbers, pictures), told) {
        do {
          try writer.append(picture, named: source.name(number), told: condition)
        } catch let error as CodecError {
          throw ValidationError("\(source.name(number) ?? "image \(number)"): \(error)")
        }
      }
      if signals.isRequested { throw ExitCode(130) }
      bar.update(numbers.upperBound, of: source.count, progress(writer.summary, rate, of: source.count))
    }
  }

  private func write(_ costs: [PictureCost], of source: any PicturesToPack, to path: String) throws {
    let rows = costs.enumerated().map { number, cost in
      csvField(source.name(number) ?? String(number))
        + String(format: ",%.4f,%.0f,", cost.bitsPerDimension, cost.bits / 8) + cost.kinds.joined(separator: " ")
    }
    let text = (["image,bits_per_dim,bytes,by"] + rows).map { $0 + "\n" }.joined()
    try AtomicFile.store(Data(text.utf8), at: URL(filePath: path))
  }

  /// Of what has been coded: that is less than has been read.
  private func progress(_ summary: ArchiveSummary, _ rate: ArchiveProgress, of count: Int) -> String {
    guard summary.blockPixels > 0 else { return "" }
    let coded = Double(summary.blockPixels) / Double(summary.rawBytes)
    return rate.text(bytes: summary.blockPixels, fraction: coded * Double(summary.pictures) / Double(count))
      + String(format: "  %.3f bits/dim", 8 * Double(summary.blockBytes) / Double(summary.blockPixels))
  }

  private func say(_ summary: ArchiveSummary, _ target: String) {
    let ratio = Double(summary.rawBytes) / Double(max(1, summary.bytes))
    tell(
      "\(counted(summary.pictures, "picture")), \(ByteCount(bytes: summary.rawBytes)) in \(ByteCount(bytes: summary.bytes))"
        + String(format: " (%.3f bits/dim, %.2f to 1): ", summary.bitsPerDimension, ratio) + target)
    guard verbose else { return }
    tell(
      "\(counted(summary.tiles, "tile")): \(summary.flowTiles) by the model, \(summary.classicalTiles) in mosaics, "
        + "\(summary.rawTiles) as they are; \(counted(summary.blocks, "block")), names \(ByteCount(bytes: summary.nameBytes))"
    )
  }
}

/// Turns what is wrong with an archive into a line and an exit status.
enum CodecFailure {
  /// 1 for what is damaged.
  static let damaged = ExitCode(1)
  /// 2 for another model, or another arithmetic.
  static let otherModel = ExitCode(2)

  static func reporting<Result>(_ status: ExitCode? = nil, _ body: () throws -> Result) throws -> Result {
    do { return try body() } catch let error as CodecError {
      guard let status else { throw ValidationError("\(error)") }
      FileHandle.standardError.write(Data("Error: \(safe("\(error)"))\n".utf8))
      throw status
    }
  }
}
