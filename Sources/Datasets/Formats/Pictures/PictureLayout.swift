/// How a folder of pictures is divided: by subfolders that name the splits, or by seed.
struct PictureLayout: PictureSplits {
  /// The pictures of one split.
  struct Members {
    let tree: any FileTree
    /// Of the tree.
    var files: [String]
    /// One a file; empty when unlabeled.
    var labels: [Int] = []
    var classNames: [String] = []
    /// One row a file; nil without an `attributes.csv`.
    var attributes: AttributeTable?
  }

  let tree: any FileTree
  private let whole: PictureListing?
  private let named: [DatasetSplit: PictureListing]
  private let classNames: [String]

  /// - Throws: `DatasetError` when the tree is without pictures.
  init(of tree: any FileTree) throws {
    self.tree = tree
    let subfolders: [(DatasetSplit, String)] = [
      (.train, "train/"), (.validation, "validation/"), (.validation, "val/"), (.test, "test/"),
    ]
    var named: [DatasetSplit: PictureListing] = [:]
    for (split, folder) in subfolders where named[split] == nil {
      if tree.paths.contains(where: { $0.hasPrefix(folder) }) {
        named[split] = PictureListing(of: tree.paths, below: folder)
      }
    }
    self.named = named
    whole = named.isEmpty ? PictureListing(of: tree.paths) : nil
    let listings = whole.map { [$0] } ?? Array(named.values)
    guard listings.contains(where: { !$0.paths.isEmpty }) else { throw DatasetError.noImages(folder: tree.location) }
    let names = Set(listings.flatMap { $0.classes ?? [] })
    classNames = names.count < 2 ? [] : names.sorted()
  }

  /// - Throws: `DatasetError` when the split is not there, empty, or cannot be cut from so few pictures.
  func members(of split: DatasetSplit, seed: UInt64) throws -> Members {
    if let whole {
      return try members(of: whole, at: Self.share(of: split, count: whole.paths.count, seed: seed), split)
    }
    if let listing = named[split] {
      guard !listing.paths.isEmpty else {
        throw DatasetError.noImages(folder: tree.name(of: String(listing.folder.dropLast())))
      }
      let all = Array(listing.paths.indices)
      let isCut = split == .train && named[.validation] == nil
      return try members(of: listing, at: isCut ? Self.cut(all.count, seed: seed).train : all, split)
    }
    if split == .validation, let train = named[.train] {
      return try members(of: train, at: Self.cut(train.paths.count, seed: seed).validation, split)
    }
    throw DatasetError.missingSplit(
      folder: tree.location, split: split, found: named.keys.map { "\($0.rawValue)/" }.sorted())
  }

  /// Every picture that the folder itself assigns to a split, where no subfolders do all to training; nil where that
  /// is none.
  func everything(of split: DatasetSplit) throws -> Members? {
    guard let listing = whole == nil ? named[split] : split == .train ? whole : nil, !listing.paths.isEmpty else {
      return nil
    }
    return try members(of: listing, at: Array(listing.paths.indices), split)
  }

  private func members(of listing: PictureListing, at positions: [Int], _ split: DatasetSplit) throws -> Members {
    guard !positions.isEmpty else {
      throw DatasetError.tooFewImages(
        name: listing.folder.isEmpty ? tree.location : tree.name(of: String(listing.folder.dropLast())), split: split,
        count: listing.paths.count, needed: split == .test ? 3 : 2)
    }
    let isLabeled = !classNames.isEmpty && listing.classes != nil
    let labelOfClass = Dictionary(uniqueKeysWithValues: classNames.enumerated().map { ($1, $0) })
    let classes = listing.classes
    return Members(
      tree: tree, files: positions.map { listing.folder + listing.paths[$0] },
      labels: isLabeled ? positions.map { labelOfClass[classes![$0]]! } : [],
      classNames: isLabeled ? classNames : [],
      attributes: try attributes(of: listing, at: positions))
  }

  /// From the listing's own `attributes.csv`, else from the one beside the split folders.
  private func attributes(of listing: PictureListing, at positions: [Int]) throws -> AttributeTable? {
    let wanted = positions.map { listing.paths[$0] }
    if let file = try attributesFile(in: listing.folder) {
      let csv = try AttributesCSV(file)
      try checkThatSplitsAgree(with: csv)
      return try csv.table(of: wanted, among: Set(listing.paths))
    }
    guard whole == nil, let common = try attributesFile(in: "") else { return nil }
    let known = named.values.flatMap { part in part.paths.map { part.folder + $0 } }
    return try AttributesCSV(common).table(of: wanted.map { listing.folder + $0 }, among: Set(known))
  }

  private func attributesFile(in folder: String) throws -> InputFile? {
    let path = folder + AttributesCSV.fileName
    guard tree.paths.contains(path) else { return nil }
    return try InputFile(unpacking: tree.read(path), path: tree.name(of: path))
  }

  private func checkThatSplitsAgree(with csv: AttributesCSV) throws {
    for other in named.values {
      guard let file = try attributesFile(in: other.folder), file.path != csv.path else { continue }
      let names = try AttributesCSV.names(in: file)
      guard names == csv.names else {
        throw DatasetError.wrongField(
          file: file.path, field: "header",
          expected: "the attributes of \(csv.path), \(csv.names.joined(separator: ","))",
          found: names.joined(separator: ","))
      }
    }
  }

  /// 90/5/5 percent by seed. Fewer than three pictures are all for training.
  static func share(of split: DatasetSplit, count: Int, seed: UInt64) -> [Int] {
    var random = KeyedRandom(.split, seed)
    let order = random.permutation(of: count)
    let part = count < 3 ? 0 : max(1, count / 20)
    return switch split {
    case .train: order[(2 * part)...].sorted()
    case .validation: order[..<part].sorted()
    case .test: order[part..<2 * part].sorted()
    }
  }

  /// 5 percent of the training pictures, at least one, for validation. A single picture is for training.
  static func cut(_ count: Int, seed: UInt64) -> (train: [Int], validation: [Int]) {
    var random = KeyedRandom(.split, seed)
    let order = random.permutation(of: count)
    let part = count < 2 ? 0 : max(1, count / 20)
    return (order[part...].sorted(), order[..<part].sorted())
  }
}
