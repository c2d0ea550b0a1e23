import Files
import Foundation
import Imaging

/// Pictures in tar files as the WebDataset library lays them out: see ``TarSamples``.
///
/// Splits are those that the folders or the names of the tar files name, such as `train/0.tar` or `photos-val-0003.tar`,
/// in a single tar file those that its top folders name; where none are named, they are cut by seed as those of a folder.
/// Classes are the labels in order, or without any the folders, where every picture is in exactly one.
struct WebDataset: PictureSplits {
  private struct Picture {
    let path: String
    let label: SampleLabel?
    let split: DatasetSplit?
  }

  /// What is not used, a sentence each.
  private(set) var notes: [String]
  private let heads: PictureHeads
  /// In the order in which they lie in the files.
  private let pictures: [Picture]
  /// One a picture, or none.
  private let labels: [Int]
  private let classNames: [String]
  /// Where the pictures of each split are; empty where no splits are named.
  private let named: [DatasetSplit: [Int]]
  private let shuffleBlock: Int?

  private var location: String { heads.tree.location }

  /// A single tar file; nil where it has no labels, so that the rules for folders are for it.
  init?(labeled tar: TarFile, pixelLimit: Int = PixelImage.defaultPixelLimit) throws {
    let samples = try TarSamples(of: tar)
    guard samples.pictures.contains(where: { $0.label != nil }) || !samples.unused.damagedLabels.isEmpty else {
      return nil
    }
    try self.init(tar, samples, pixelLimit)
  }

  private init(_ tar: TarFile, _ samples: TarSamples, _ pixelLimit: Int) throws {
    // A word in a folder's name counts where each folder has one.
    let words = samples.pictures.map { topFolder(of: $0.member.name).flatMap(SplitNames.splitWord) }
    let areClear = words.contains(.train) && !words.contains(nil) && Set(words).count > 1
    let pictures = zip(samples.pictures, words).map { sample, word in
      let split = areClear ? word : topFolder(of: sample.member.name).flatMap(SplitNames.split)
      return Picture(path: sample.member.name, label: sample.label, split: split)
    }
    try self.init(
      ArchiveTree(of: tar, samples.pictures.map(\.member), findingRoot: false), pictures, samples.unused, pixelLimit,
      byteCount: samples.byteCount)
  }

  /// - Throws: `DatasetError`, naming the file.
  init(shardsIn folder: URL, pixelLimit: Int = PixelImage.defaultPixelLimit) throws {
    var (shards, pictures, unused, byteCount) = ([ExactName: ArchiveTree](), [Picture](), UnusedMembers(), 0)
    for name in Self.shards(in: folder) {
      let tar = try TarFile(reading: folder.appendingPathComponent(name))
      let samples = try TarSamples(of: tar)
      shards[ExactName(name)] = ArchiveTree(of: tar, samples.pictures.map(\.member), findingRoot: false)
      unused.add(samples.unused)
      byteCount += samples.byteCount
      let split = Self.split(ofShard: name)
      pictures += samples.pictures.map { Picture(path: "\(name)/\($0.member.name)", label: $0.label, split: split) }
    }
    try self.init(
      ShardTree(location: folder.path, shards), pictures, unused, pixelLimit, byteCount: byteCount,
      besides: notesOnFiles(in: folder, beside: "shards", Self.isShard) + Self.notesOnFolders(in: folder))
    if shards.count > 1, classNames.isEmpty {
      notes.append(
        "\(shards.count) tar files are one set without classes: no .cls or .json in them gives labels that differ")
    }
  }

  /// A tar file, or a folder of tar files.
  /// - Throws: `DatasetError`, naming the file.
  init(at url: URL, pixelLimit: Int) throws {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder), !isFolder.boolValue else {
      try self.init(shardsIn: url, pixelLimit: pixelLimit)
      return
    }
    let tar = try TarFile(reading: url)
    try self.init(tar, try TarSamples(of: tar), pixelLimit)
  }

  private init(
    _ tree: any FileTree, _ found: [Picture], _ unused: UnusedMembers, _ pixelLimit: Int, byteCount: Int,
    besides: [String] = []
  ) throws {
    var tree = tree
    tree.pixelLimit = pixelLimit
    heads = PictureHeads(tree)
    let hasSplits = found.contains { $0.split != nil }
    let isLabeled = found.contains { $0.label != nil }
    if !isLabeled, let damage = unused.damagedLabels.first { throw damage.error }
    let pictures = found.filter { ($0.label != nil || !isLabeled) && ($0.split != nil || !hasSplits) }
    self.pictures = pictures
    named = hasSplits ? Dictionary(grouping: pictures.indices) { pictures[$0].split! } : [:]
    var unused = unused
    let unlabeled = isLabeled ? found.count { $0.label == nil } : 0
    unused.unlabeled = unlabeled - unused.damagedLabels.count
    unused.unsplit = found.count - pictures.count - unlabeled
    notes = [unused.note].compactMap { $0 } + besides
    let classes = isLabeled ? pictures.map { $0.label! } : Self.folders(of: pictures)
    let known = Set(classes).sorted()
    classNames = known.count < 2 ? [] : known.map(\.name.text)
    let numbers = Dictionary(uniqueKeysWithValues: known.enumerated().map { ($1, $0) })
    labels = known.count < 2 ? [] : classes.map { numbers[$0]! }
    shuffleBlock = found.isEmpty ? nil : PackedDataset.shuffleBlock(ofBytes: max(1, byteCount / found.count))
  }

  func members(of split: DatasetSplit, seed: UInt64) throws -> PictureLayout.Members {
    guard !pictures.isEmpty else { throw DatasetError.noImages(folder: location, notes: notes) }
    guard let positions = positions(of: split, seed: seed) else {
      throw DatasetError.missingSplit(folder: location, split: split, found: named.keys.map(\.rawValue).sorted())
    }
    guard !positions.isEmpty else {
      throw DatasetError.tooFewImages(
        name: location, split: split, count: named[.train]?.count ?? pictures.count,
        needed: PictureLayout.needed(isWhole: named.isEmpty))
    }
    return members(at: positions, of: split) { self.positions(of: $0, seed: seed) }
  }

  func everything(of split: DatasetSplit) throws -> PictureLayout.Members? {
    guard !pictures.isEmpty else { throw DatasetError.noImages(folder: location, notes: notes) }
    let all = named.isEmpty ? split == .train ? Array(pictures.indices) : nil : named[split]
    return all.map { members(at: $0, of: split) { named[$0] } }
  }

  /// Nil where the set has no such split.
  private func positions(of split: DatasetSplit, seed: UInt64) -> [Int]? {
    guard !named.isEmpty else { return PictureLayout.share(of: split, count: pictures.count, seed: seed) }
    if let own = named[split] {
      let isCut = split == .train && named[.validation] == nil
      return isCut ? PictureLayout.cut(own.count, seed: seed).train.map { own[$0] } : own
    }
    guard split == .validation, let train = named[.train] else { return nil }
    return PictureLayout.cut(train.count, seed: seed).validation.map { train[$0] }
  }

  private func members(
    at positions: [Int], of split: DatasetSplit, others: (DatasetSplit) -> [Int]?
  ) -> PictureLayout.Members {
    var members = PictureLayout.Members(
      heads: heads, files: positions.map { pictures[$0].path },
      labels: labels.isEmpty ? [] : positions.map { labels[$0] }, classNames: classNames, notes: notes,
      shuffleBlock: shuffleBlock)
    for other in DatasetSplit.allCases where other != split {
      members.others[other] = others(other)?.map { pictures[$0].path }
    }
    return members
  }

  /// The folder of each picture, where every one is in exactly one; else none.
  private static func folders(of pictures: [Picture]) -> [SampleLabel] {
    var folders: [SampleLabel] = []
    for picture in pictures {
      let (shard, name) = ShardTree.parts(of: picture.path)
      let parts = name.utf8.split(separator: UInt8(ascii: "/")).map(Substring.init)
      // A tar file of a folder of its own name is a shard, and no class.
      guard parts.count == 2, !shard.hasSuffix("\(parts[0]).tar") else { return [] }
      folders.append(SampleLabel(folder: parts[0]))
    }
    return folders
  }
}

/// Which files are shards, and of which split.
extension WebDataset {
  /// Whether a folder, or one in it that names a split, holds tar files.
  static func hasShards(_ folder: URL) -> Bool { !shards(in: folder).isEmpty }

  /// The tar files of a folder and of those folders in it that name splits, in order.
  private static func shards(in folder: URL) -> [String] {
    let top = names(in: folder)
    let below = top.filter { SplitNames.splitWord(in: $0) != nil }.flatMap { files(in: folder, $0) }
    return (top + below).filter(isShard).sorted(by: isOrderedBefore)
  }

  /// On the tar files of folders that name no split.
  private static func notesOnFolders(in folder: URL) -> [String] {
    let rest = names(in: folder).filter { SplitNames.splitWord(in: $0) == nil }
    let tars = rest.flatMap { files(in: folder, $0) }.filter(isShard).sorted(by: isOrderedBefore)
    return tars.isEmpty ? [] : ["not read, in folders that name no split: \(listed(tars))"]
  }

  /// Those of a folder within, by their paths; none for a file.
  private static func files(in folder: URL, _ inner: String) -> [String] {
    names(in: folder.appendingPathComponent(inner)).map { "\(inner)/\($0)" }
  }

  private static func isShard(_ name: String) -> Bool { fileExtension(of: name) == "tar" }

  private static func names(in folder: URL) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []).filter { !isHidden($0) }
  }

  /// The split that a tar file's folder names, or a word of its own name; nil for none, or words that disagree.
  static func split(ofShard path: String) -> DatasetSplit? {
    topFolder(of: path).flatMap(SplitNames.splitWord) ?? SplitNames.splitWord(in: fileName(of: path))
  }
}
