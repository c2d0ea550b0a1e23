import Foundation

/// How a folder of pictures is divided: by subfolders that name the splits, or by seed.
struct ImageFolderLayout {
  /// The pictures of one split.
  struct Members {
    var files: [URL]
    /// One a file; empty when unlabeled.
    var labels: [Int]
    var classNames: [String]
    /// One row a file; nil without an `attributes.csv`.
    var attributes: AttributeTable?
  }

  private let folder: URL
  private let whole: FolderListing?
  private let named: [DatasetSplit: FolderListing]
  private let classNames: [String]

  /// - Throws: `DatasetError` when the folder is missing, not a folder, or without pictures.
  init(of folder: URL) throws {
    guard FileManager.default.fileExists(atPath: folder.path) else {
      throw DatasetError.missingFolder(folder: folder.path)
    }
    guard folder.isFolder else {
      throw DatasetError.unreadable(file: folder.path, reason: "it is a file, expected a folder of pictures")
    }
    self.folder = folder
    let subfolders: [(DatasetSplit, String)] = [
      (.train, "train"), (.validation, "validation"), (.validation, "val"), (.test, "test"),
    ]
    var named: [DatasetSplit: FolderListing] = [:]
    for (split, name) in subfolders where named[split] == nil {
      let subfolder = folder.appendingPathComponent(name)
      if subfolder.isFolder { named[split] = FolderListing(of: subfolder) }
    }
    self.named = named
    whole = named.isEmpty ? FolderListing(of: folder) : nil
    let listings = whole.map { [$0] } ?? Array(named.values)
    guard listings.contains(where: { !$0.paths.isEmpty }) else { throw DatasetError.noImages(folder: folder.path) }
    let names = Set(listings.flatMap { $0.classes ?? [] })
    classNames = names.count < 2 ? [] : names.sorted()
  }

  /// - Throws: `DatasetError` when the split is not there, empty, or cannot be cut from so few pictures.
  func members(of split: DatasetSplit, seed: UInt64) throws -> Members {
    if let whole {
      return try members(of: whole, at: Self.share(of: split, count: whole.paths.count, seed: seed), split)
    }
    if let listing = named[split] {
      guard !listing.paths.isEmpty else { throw DatasetError.noImages(folder: listing.folder.path) }
      let all = Array(listing.paths.indices)
      let isCut = split == .train && named[.validation] == nil
      return try members(of: listing, at: isCut ? Self.cut(all.count, seed: seed).train : all, split)
    }
    if split == .validation, let train = named[.train] {
      return try members(of: train, at: Self.cut(train.paths.count, seed: seed).validation, split)
    }
    throw DatasetError.missingSplit(
      folder: folder.path, split: split, found: named.keys.map { "\($0.rawValue)/" }.sorted())
  }

  /// Every picture that the folder itself assigns to a split, where no subfolders do all to training; nil where that
  /// is none.
  func everything(of split: DatasetSplit) throws -> Members? {
    guard let listing = whole == nil ? named[split] : split == .train ? whole : nil, !listing.paths.isEmpty else {
      return nil
    }
    return try members(of: listing, at: Array(listing.paths.indices), split)
  }

  private func members(of listing: FolderListing, at positions: [Int], _ split: DatasetSplit) throws -> Members {
    guard !positions.isEmpty else {
      throw DatasetError.tooFewImages(
        name: listing.folder.path, split: split, count: listing.paths.count, needed: split == .test ? 3 : 2)
    }
    let isLabeled = !classNames.isEmpty && listing.classes != nil
    let labelOfClass = Dictionary(uniqueKeysWithValues: classNames.enumerated().map { ($1, $0) })
    return Members(
      files: positions.map { listing.url(of: listing.paths[$0]) },
      labels: isLabeled ? positions.map { labelOfClass[listing.classes![$0]]! } : [],
      classNames: isLabeled ? classNames : [],
      attributes: try attributes(of: listing, at: positions))
  }

  /// From the listing's own `attributes.csv`, else from the one beside the split folders.
  private func attributes(of listing: FolderListing, at positions: [Int]) throws -> AttributeTable? {
    let wanted = positions.map { listing.paths[$0] }
    let own = listing.folder.appendingPathComponent(AttributesCSV.fileName)
    if FileManager.default.fileExists(atPath: own.path) {
      let csv = try AttributesCSV(reading: own)
      try checkThatSplitsAgree(with: csv)
      return try csv.table(of: wanted, among: Set(listing.paths))
    }
    let common = folder.appendingPathComponent(AttributesCSV.fileName)
    guard whole == nil, FileManager.default.fileExists(atPath: common.path) else { return nil }
    let known = named.values.flatMap { part in part.paths.map { "\(part.folder.lastPathComponent)/\($0)" } }
    return try AttributesCSV(reading: common)
      .table(of: wanted.map { "\(listing.folder.lastPathComponent)/\($0)" }, among: Set(known))
  }

  private func checkThatSplitsAgree(with csv: AttributesCSV) throws {
    for other in named.values {
      let url = other.folder.appendingPathComponent(AttributesCSV.fileName)
      guard url.path != csv.path, FileManager.default.fileExists(atPath: url.path) else { continue }
      let names = try AttributesCSV.names(in: url)
      guard names == csv.names else {
        throw DatasetError.wrongField(
          file: url.path, field: "header",
          expected: "the attributes of \(csv.path), \(csv.names.joined(separator: ","))",
          found: names.joined(separator: ","))
      }
    }
  }

  /// 90/5/5 percent by seed. Fewer than three pictures are all for training.
  private static func share(of split: DatasetSplit, count: Int, seed: UInt64) -> [Int] {
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
  private static func cut(_ count: Int, seed: UInt64) -> (train: [Int], validation: [Int]) {
    var random = KeyedRandom(.split, seed)
    let order = random.permutation(of: count)
    let part = count < 2 ? 0 : max(1, count / 20)
    return (order[part...].sorted(), order[..<part].sorted())
  }
}

extension URL {
  fileprivate var isFolder: Bool {
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
  }
}
