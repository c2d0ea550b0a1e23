import Foundation

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

  private let tree: any FileTree
  /// In the order in which they lie in the files.
  private var pictures: [Picture] = []
  private var classNames: [String] = []
  private var labels: [Int] = []
  private var hasSplits = false
  /// What is not used, a sentence each.
  private(set) var notes: [String] = []

  /// A single tar file; nil where it has no labels, so that the rules for folders are for it.
  init?(labeled tar: TarFile) throws {
    let samples = try TarSamples(of: tar)
    guard samples.pictures.contains(where: { $0.label != nil }) else { return nil }
    tree = ArchiveTree(of: tar, samples.pictures.map(\.member), findingRoot: false)
    take(
      samples.pictures.map { sample in
        let top = sample.member.name.split(separator: "/").dropLast().first
        return Picture(path: sample.member.name, label: sample.label, split: top.flatMap { DatasetSplit(named: $0) })
      }, samples.unused)
  }

  /// - Throws: `DatasetError`, naming the file.
  init(shardsIn folder: URL) throws {
    var (shards, pictures, unused) = ([String: ArchiveTree](), [Picture](), [String: Int]())
    for name in Self.shards(in: folder) {
      let tar = try TarFile(reading: folder.appendingPathComponent(name))
      let samples = try TarSamples(of: tar)
      shards[name] = ArchiveTree(of: tar, samples.pictures.map(\.member), findingRoot: false)
      unused.merge(samples.unused, uniquingKeysWith: +)
      let split = DatasetSplit(ofShard: name)
      pictures += samples.pictures.map { Picture(path: "\(name)/\($0.member.name)", label: $0.label, split: split) }
    }
    tree = ShardTree(location: folder.path, shards)
    take(pictures, unused)
  }

  private mutating func take(_ found: [Picture], _ unused: [String: Int]) {
    hasSplits = found.contains { $0.split != nil }
    let isLabeled = found.contains { $0.label != nil }
    pictures = found.filter { ($0.label != nil || !isLabeled) && ($0.split != nil || !hasSplits) }
    var unused = unused
    let (unlabeled, unsplit) = (
      isLabeled ? found.count { $0.label == nil } : 0, hasSplits ? found.count { $0.split == nil } : 0
    )
    if unlabeled > 0 { unused["pictures without a label"] = unlabeled }
    if unsplit > 0 { unused["pictures of no split"] = unsplit }
    notes =
      unused.isEmpty
      ? [] : ["not used: " + unused.sorted { $0.key < $1.key }.map { "\($1) \($0)" }.joined(separator: ", ")]
    let classes = isLabeled ? pictures.map { $0.label! } : Self.folders(of: pictures)
    let known = Set(classes).sorted()
    guard known.count > 1 else { return }
    classNames = known.map(\.text)
    let numbers = Dictionary(uniqueKeysWithValues: known.enumerated().map { ($1, $0) })
    labels = classes.map { numbers[$0]! }
  }

  func members(of split: DatasetSplit, seed: UInt64) throws -> PictureLayout.Members {
    guard hasSplits else {
      let share = PictureLayout.share(of: split, count: pictures.count, seed: seed)
      guard !share.isEmpty else {
        throw DatasetError.tooFewImages(
          name: tree.location, split: split, count: pictures.count, needed: split == .test ? 3 : 2)
      }
      return members(at: share)
    }
    let (own, train) = (positions(of: split), positions(of: .train))
    if split == .train && !own.isEmpty && positions(of: .validation).isEmpty {
      return members(at: PictureLayout.cut(own.count, seed: seed).train.map { own[$0] })
    }
    if split == .validation && own.isEmpty && train.count > 1 {
      return members(at: PictureLayout.cut(train.count, seed: seed).validation.map { train[$0] })
    }
    guard !own.isEmpty else {
      let found = Set(pictures.compactMap(\.split))
      throw DatasetError.missingSplit(folder: tree.location, split: split, found: found.map(\.rawValue).sorted())
    }
    return members(at: own)
  }

  func everything(of split: DatasetSplit) throws -> PictureLayout.Members? {
    guard !pictures.isEmpty else { throw DatasetError.noImages(folder: tree.location) }
    let all = hasSplits ? positions(of: split) : split == .train ? Array(pictures.indices) : []
    return all.isEmpty ? nil : members(at: all)
  }

  private func positions(of split: DatasetSplit) -> [Int] { pictures.indices.filter { pictures[$0].split == split } }

  private func members(at positions: [Int]) -> PictureLayout.Members {
    PictureLayout.Members(
      tree: tree, files: positions.map { pictures[$0].path },
      labels: labels.isEmpty ? [] : positions.map { labels[$0] },
      classNames: classNames)
  }

  /// The folder of each picture, where every one is in exactly one; else none.
  private static func folders(of pictures: [Picture]) -> [SampleLabel] {
    var folders: [SampleLabel] = []
    for picture in pictures {
      let (shard, name) = ShardTree.parts(of: picture.path)
      let parts = name.split(separator: "/")
      // A tar file of a folder of its own name is a shard, and no class.
      guard parts.count == 2, !shard.hasSuffix("\(parts[0]).tar") else { return [] }
      folders.append(.name(String(parts[0])))
    }
    return folders
  }

  /// The tar files of a folder and of those folders in it that name splits, in order.
  static func shards(in folder: URL) -> [String] {
    func names(_ path: String) -> [String] {
      let folder = path.isEmpty ? folder : folder.appendingPathComponent(path)
      return ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []).filter { !isHidden($0) }
    }
    let top = names("")
    let below = top.filter { DatasetSplit(named: $0) != nil }.flatMap { split in names(split).map { "\(split)/\($0)" } }
    return (top + below).filter { fileExtension(of: $0) == "tar" }.sorted(by: isOrderedBefore)
  }

  /// Whether a folder holds tar files, and no pictures beside them.
  static func hasShards(_ folder: URL) -> Bool {
    guard !shards(in: folder).isEmpty else { return false }
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return !names.contains(where: PictureListing.isPicture)
  }
}

extension DatasetSplit {
  /// The split that a folder of this name holds.
  init?(named name: some StringProtocol) {
    switch name.lowercased() {
    case "train", "training": self = .train
    case "validation", "valid", "val", "dev": self = .validation
    case "test", "testing": self = .test
    default: return nil
    }
  }

  /// The split that a tar file's folder names, or a word of its own name; nil for none, or words that disagree.
  init?(ofShard path: String) {
    let parts = path.split(separator: "/")
    if parts.count > 1, let split = DatasetSplit(named: parts[0]) {
      self = split
      return
    }
    let words = parts.last?.split { !$0.isLetter } ?? []
    let splits = Set(words.compactMap { DatasetSplit(named: $0) })
    guard splits.count == 1 else { return nil }
    self = splits.first!
  }
}
