import ArgumentParser
import Datasets
import Files
import Foundation

struct DataPackCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pack", abstract: "Write a data set as packed shards, which open at once and may exceed the memory.",
    discussion: """
      Packs the training, the validation and the test split, with labels and attributes, each split in its own order; \
      a validation split that the set lacks is cut from the training images by --seed, as in training. The folder \
      appears when it is complete.

      Example:
        glow data pack holiday-pictures --size 64 --out holiday-64
      """)

  @OptionGroup var source: SourceArgument
  @Option(name: .shortAndLong, help: "The folder to write; must not exist.", completion: .directory) var out: String
  @Option(help: "The most bytes of pixels in a shard, such as 500MB.") var shardSize = ByteCount(bytes: 1_000_000_000)
  @Option(help: "Crop and resize images to this size, such as 64 or 48x64 (height x width); by default as they are.")
  var size: PixelSize?
  @Option(help: "1 (gray) or 3 (RGB); by default what there is.") var channels: Int?
  @OptionGroup var damage: DamageOptions
  @Option(help: "Seed of a validation split that is cut from the training images; by default 0.", transform: seedNumber)
  var seed: UInt64 =
    0

  func validate() throws {
    if let channels, channels != 1 && channels != 3 {
      throw ValidationError("--channels is \(channels), expected 1 or 3")
    }
    guard shardSize.bytes > 0 else { throw ValidationError("--shard-size is 0, expected more") }
  }

  func run() throws {
    let source = try source.source()
    guard !source.isSame(as: source.moved(to: URL(filePath: out))) else {
      throw ValidationError("--out \(out) is the data set itself: name a new folder")
    }
    try OutputFolder.packed.require(out)
    var (splits, missing) = try open(source)
    if splits.contains(where: \.cropsAtRandom) {
      throw ValidationError(
        "\(source): a packed image is one picture, but training takes another part of the source's larger ones each "
          + "time: train on the source itself (lsun's crop can also be left out)")
    }
    warn(splits.flatMap(\.notes))
    if let limit = damage.skipDamaged {
      splits = try splits.map { split in
        let sound = try UndamagedImages(of: split, skippingAtMost: limit)
        warn(ofDamaged: sound, in: split.split)
        return sound.dataset
      }
    }
    for reason in missing { warn("not packed: \(reason)") }
    let bar = ProgressBar()
    let signals = StopSignals()
    let total = splits.reduce(0) { $0 + $1.count }
    let writer = try PackedWriter(splits, shardBytes: shardSize.bytes, workers: readingThreads())
    defer { bar.clear() }
    try writer.write(to: URL(filePath: out)) { done in
      if signals.isRequested { throw ExitCode(130) }
      bar.update(done, of: total, "images")
    }
    bar.clear()
    let counts = splits.map { "\($0.split.rawValue) \($0.count)" }.joined(separator: ", ")
    tell("\(counted(total, "image")) \(splits[0].shape) of \(source) in \(out): \(counts)")
  }

  /// The splits that the source has, and why others are not there.
  private func open(_ source: DatasetSource) throws -> (splits: [any ImageDataset], missing: [String]) {
    let size = size.map { ($0.height, $0.width) }
    var (splits, missing) = ([any ImageDataset](), [String]())
    func tolerating(_ body: () throws -> [any ImageDataset]) throws {
      do { splits += try body() } catch {
        switch error {
        case DatasetError.missingSplit, DatasetError.tooFewImages: missing.append("\(error)")
        default: throw error
        }
      }
    }
    func open(_ split: DatasetSplit) throws -> [any ImageDataset] {
      [
        try source.open(
          split: split, size: size, channels: channels, seed: seed, toleratingDamage: damage.skipDamaged != nil)
      ]
    }
    try tolerating {
      // Both parts of the training images in memory once; one by one where there is but one of them.
      let parts = try source.openTraining(
        size: size, channels: channels, seed: seed, toleratingDamage: damage.skipDamaged != nil)
      return [parts.train, parts.validation]
    }
    if splits.isEmpty {
      missing = []
      for split in [DatasetSplit.train, .validation] { try tolerating { try open(split) } }
    }
    try tolerating { try open(.test) }
    guard !splits.isEmpty else { throw ValidationError("\(source): there is no split to pack: \(missing[0])") }
    return (splits, missing)
  }
}
