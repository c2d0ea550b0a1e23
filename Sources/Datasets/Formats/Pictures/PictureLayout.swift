import Files

/// How the pictures of a tree are divided: into splits, by folders that name them or by seed, and into classes.
struct PictureLayout: PictureSplits {
  /// The pictures of one split.
  struct Members {
    let heads: PictureHeads
    /// Of the tree.
    var files: [String]
    /// One a file; empty when unlabeled.
    var labels: [Int] = []
    var classNames: [String] = []
    /// One row a file; nil without an `attributes.csv`.
    var attributes: AttributeTable?
    /// The files of the other splits: channels are those of the whole set.
    var others: [DatasetSplit: [String]] = [:]
    /// What is not used of the set, and how it is understood: a sentence each.
    var notes: [String] = []
    /// As ``ImageDataset/shuffleBlock``.
    var shuffleBlock: Int?

    var tree: any FileTree { heads.tree }
  }

  /// The pictures of one split, or of all where a seed divides them.
  private struct Part {
    /// With a "/" at the end; empty for the whole tree.
    let folder: String
    /// Relative to `folder`.
    let paths: [String]
    /// One a path; nil without classes.
    let classes: [ExactName]?
  }

  /// What is not used, and how the tree is understood: a sentence each.
  let notes: [String]
  /// Of these, what is of a kind that is not used anywhere.
  private let unused: [String]
  /// Pictures beside the folders of splits.
  private let besides: Int
  private let heads: PictureHeads
  /// Where the tables of attributes are that are read, by the folders that they are for.
  private let tables: [ExactName: String]
  private let whole: Part?
  private let named: [DatasetSplit: Part]
  private let classNames: [ExactName]

  private var tree: any FileTree { heads.tree }

  /// - Throws: `DatasetError` when the tree is without pictures, or has two folders for a split.
  init(of tree: any FileTree) throws {
    heads = PictureHeads(tree)
    let listing = PictureListing(of: tree)
    let splits = try SplitFolders(of: listing)
    let folders = splits.folders.isEmpty ? [""] : splits.folders.values.sorted(by: isOrderedBefore)
    let paths = folders.map { folder in
      folder.isEmpty ? listing.pictures : listing.pictures.compactMap { path($0, below: folder) }
    }
    (unused, besides) = (listing.notes, splits.besides)
    guard paths.contains(where: { !$0.isEmpty }) else {
      throw DatasetError.noImages(folder: tree.location, notes: unused)
    }
    let mayHaveClasses = paths.reduce(into: Set()) { $0.formUnion(PictureClasses.folders(of: $1)) }.count >= 2
    let classes = zip(paths, folders).map { PictureClasses(of: $0, in: $1, mayBe: mayHaveClasses) }
    let parts = zip(folders, classes).map { Part(folder: $0, paths: $1.paths, classes: $1.names) }
    let partOfFolder = Dictionary(uniqueKeysWithValues: zip(folders.map(ExactName.init), parts))
    whole = splits.folders.isEmpty ? parts[0] : nil
    named = splits.folders.mapValues { partOfFolder[ExactName($0)]! }
    let names = Set(parts.flatMap { $0.classes ?? [] })
    classNames = names.count < 2 ? [] : names.sorted()
    let wrapper = whole.flatMap { Self.wrapperNote(on: $0.paths, of: tree) }
    let (tables, tablesNote) = Self.tables(of: tree, in: Set(folders.map(ExactName.init)))
    self.tables = tables
    notes =
      splits.notes + (wrapper.map { [$0] } ?? classes.compactMap(\.note)) + (tablesNote.map { [$0] } ?? []) + unused
  }

  /// - Throws: `DatasetError` when the split is not there, empty, or cannot be cut from so few pictures.
  func members(of split: DatasetSplit, seed: UInt64) throws -> Members {
    guard let (part, positions) = positions(of: split, seed: seed) else {
      throw DatasetError.missingSplit(
        folder: tree.location, split: split,
        found: named.values.map(\.folder).sorted(by: isOrderedBefore)
          + (besides > 0 ? ["\(counted(besides, "picture")) beside"] : []))
    }
    guard !part.paths.isEmpty else { throw DatasetError.noImages(folder: name(of: part), notes: unused) }
    guard !positions.isEmpty else {
      throw DatasetError.tooFewImages(
        name: name(of: part), split: split, count: part.paths.count, needed: Self.needed(isWhole: whole != nil))
    }
    var members = try members(of: part, at: positions)
    for other in DatasetSplit.allCases where other != split {
      members.others[other] = self.positions(of: other, seed: seed).map { part, positions in
        positions.map { part.folder + part.paths[$0] }
      }
    }
    return members
  }

  /// Every picture that the folder itself assigns to a split, where no subfolders do all to training; nil where that
  /// is none.
  func everything(of split: DatasetSplit) throws -> Members? {
    guard let part = whole == nil ? named[split] : split == .train ? whole : nil, !part.paths.isEmpty else {
      return nil
    }
    var members = try members(of: part, at: Array(part.paths.indices))
    for (other, part) in named where other != split { members.others[other] = part.paths.map { part.folder + $0 } }
    return members
  }

  /// Where the pictures of a split are; nil where the set has no such split.
  private func positions(of split: DatasetSplit, seed: UInt64) -> (part: Part, positions: [Int])? {
    if let whole { return (whole, Self.share(of: split, count: whole.paths.count, seed: seed)) }
    if let part = named[split] {
      let isCut = split == .train && named[.validation] == nil
      return (part, isCut ? Self.cut(part.paths.count, seed: seed).train : Array(part.paths.indices))
    }
    guard split == .validation, let train = named[.train] else { return nil }
    return (train, Self.cut(train.paths.count, seed: seed).validation)
  }

  private func members(of part: Part, at positions: [Int]) throws -> Members {
    let classes = classNames.isEmpty ? nil : part.classes
    let labelOfClass = Dictionary(uniqueKeysWithValues: classNames.enumerated().map { ($1, $0) })
    return Members(
      heads: heads, files: positions.map { part.folder + part.paths[$0] },
      labels: classes.map { classes in positions.map { labelOfClass[classes[$0]]! } } ?? [],
      classNames: classes == nil ? [] : classNames.map(\.text),
      attributes: try attributes(of: part, at: positions), notes: notes)
  }

  private func name(of part: Part) -> String {
    part.folder.isEmpty ? tree.location : tree.name(of: String(part.folder.dropLast()))
  }

  /// From the split's own `attributes.csv`, else from the one beside the split folders. A row may name a picture that is
  /// not used.
  private func attributes(of part: Part, at positions: [Int]) throws -> AttributeTable? {
    func known(below folder: String) -> [String] {
      tree.paths.lazy.filter(PictureListing.isPicture).compactMap { path($0, below: folder) }
    }
    if let file = try attributesFile(in: part.folder) {
      let csv = try AttributesCSV(file)
      try checkThatSplitsAgree(with: csv)
      return try csv.table(of: positions.map { part.paths[$0] }, among: known(below: part.folder))
    }
    guard whole == nil, let common = try attributesFile(in: "") else { return nil }
    return try AttributesCSV(common).table(of: positions.map { part.folder + part.paths[$0] }, among: known(below: ""))
  }

  private func attributesFile(in folder: String) throws -> InputFile? {
    guard let path = tables[ExactName(folder)] else { return nil }
    return try InputFile(unpacking: tree.read(path), path: tree.name(of: path))
  }

  /// The tables of attributes of some folders, and of the whole tree; a sentence on those that are for none.
  private static func tables(
    of tree: any FileTree, in folders: Set<ExactName>
  ) -> (tables: [ExactName: String], note: String?) {
    var (tables, rest) = ([ExactName: String](), [String]())
    for path in tree.paths where AttributesCSV.isNamed(fileName(of: path)) && !isHidden(path) {
      let folder = ExactName(path.dropLast(AttributesCSV.fileName.count))
      guard folders.contains(folder) || folder.text.isEmpty else {
        rest.append(path)
        continue
      }
      // Small letters stand behind capitals in the order of paths.
      if let other = tables.updateValue(path, forKey: folder) { rest.append(other) }
    }
    let note =
      "not read: \(listed(rest)); one \(AttributesCSV.fileName) is read at the top, and one in each split's folder"
    return (tables, rest.isEmpty ? nil : note)
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

  /// Where all pictures lie in one folder that has splits or classes of its own.
  private static func wrapperNote(on paths: [String], of tree: any FileTree) -> String? {
    guard let top = paths.first.flatMap(topFolder) else { return nil }
    let inner = paths.compactMap { path($0, below: top + "/") }
    guard inner.count == paths.count else { return nil }
    guard
      inner.contains(where: { topFolder(of: $0).flatMap(SplitNames.split) != nil })
        || PictureClasses.folders(of: inner).count >= 2
    else { return nil }
    return "all pictures lie in \(top)/: name that folder, \(tree.name(of: String(top))), to have the folders in it as "
      + "splits or classes"
  }

  /// How many pictures give every split at least one; see `share` and `cut`.
  static func needed(isWhole: Bool) -> Int { isWhole ? 3 : 2 }

  /// 90/5/5 percent by seed. Fewer than three pictures are all for training.
  static func share(of split: DatasetSplit, count: Int, seed: UInt64) -> [Int] {
    var random = KeyedRandom(.split, seed)
    let order = random.permutation(of: count)
    let part = count < needed(isWhole: true) ? 0 : max(1, count / 20)
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
    let part = count < needed(isWhole: false) ? 0 : max(1, count / 20)
    return (order[part...].sorted(), order[..<part].sorted())
  }
}
