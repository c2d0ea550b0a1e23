import Files

/// Which folders of a tree are its splits: folders at the top, or those within them that hold all of their pictures.
struct SplitFolders {
  /// With a "/" at the end; empty where no folders are splits.
  private(set) var folders: [DatasetSplit: String] = [:]
  private(set) var notes: [String] = []
  /// Pictures beside the splits, which are not used.
  private(set) var besides = 0

  /// A folder at the top.
  private struct Top {
    let name: String
    /// Relative to the folder.
    var pictures: [String] = []
    /// That it is named as.
    var split: DatasetSplit?

    /// Whether all its pictures are in folders within.
    var isOfFolders: Bool { pictures.allSatisfy { PictureClasses.depth(of: $0) > 0 } }

    init(_ name: ExactName) {
      self.name = name.text
      split = SplitNames.split(name.text)
    }
  }

  /// - Throws: `DatasetError.twoSplitFolders`.
  init(of listing: PictureListing) throws {
    var (tops, loose) = ([ExactName: Top](), [String]())
    for picture in listing.pictures {
      guard let folder = topFolder(of: picture) else {
        loose.append(picture)
        continue
      }
      let name = ExactName(folder)
      tops[name, default: Top(name)].pictures.append(path(picture, below: folder + "/")!)
    }
    let all = Self.namingClearWords(tops.values.sorted { isOrderedBefore($0.name, $1.name) }, loose)
    let (splits, others) = (all.filter { $0.split != nil }, all.filter { $0.split == nil })
    let empty = Self.emptySplits(of: listing, besides: Set(tops.keys))
    guard !splits.isEmpty else {
      notes += [Self.wordsNote(on: others), Self.innerSplitsNote(on: others)].compactMap { $0 }
      if !all.isEmpty || !loose.isEmpty {
        notes += empty.map { "\($0)/ holds no pictures, and is no split here" }
      } else {
        for name in empty { folders[SplitNames.split(name)!] = name + "/" }
      }
      return
    }
    guard Self.areSplits(splits, beside: others) else {
      let names = splits.map { $0.name + "/" }
      notes.append(
        "\(listed(names)) \(names.count == 1 ? "is a class" : "are classes") here, as other folders with pictures stand beside: "
          + listed(others.map { $0.name + "/" }) + "; to have splits, leave train/, validation/ and test/ alone")
      return
    }
    for top in splits {
      if let other = folders.updateValue(top.name + "/", forKey: top.split!) {
        throw DatasetError.twoSplitFolders(
          folder: listing.tree.location, split: top.split!, first: other, second: top.name + "/")
      }
    }
    takeInnerFolders(of: splits)
    for name in empty where folders[SplitNames.split(name)!] == nil {
      folders[SplitNames.split(name)!] = name + "/"
      notes.append("\(name)/ holds no pictures")
    }
    besides = others.reduce(loose.count) { $0 + $1.pictures.count }
    if besides > 0 {
      notes.append(
        "\(counted(besides, "picture")) beside \(listed(splits.map { $0.name + "/" })) \(besides == 1 ? "is" : "are") not "
          + "used: " + listed(others.map { "\($0.pictures.count) in \($0.name)/" } + loose))
    }
  }

  /// Takes a word within a name, such as `train_set`, for the split where it is clear: there is a training folder and
  /// another one, each split has one folder, and every other folder is known to be none, or is named alike, as `seg_pred`
  /// beside `seg_train` and `seg_test`.
  private static func namingClearWords(_ tops: [Top], _ loose: [String]) -> [Top] {
    let exact = Set(tops.compactMap(\.split))
    let named = tops.map { top in
      var top = top
      if top.split == nil, !SplitNames.isRest(top.name), let split = SplitNames.splitWord(in: top.name),
        !exact.contains(split)
      {
        top.split = split
      }
      return top
    }
    let splits = named.compactMap(\.split)
    let isLooseRare = loose.count <= max(1, tops.reduce(0) { $0 + $1.pictures.count } / 10)
    let isClear =
      Set(splits).count == splits.count && splits.count > 1 && splits.contains(.train) && isLooseRare
      && named.allSatisfy { $0.split != nil || SplitNames.isRest($0.name) || isAlike($0.name, named) }
    return isClear ? named : tops
  }

  /// Whether a name has the words that are in the names of all splits.
  private static func isAlike(_ name: String, _ tops: [Top]) -> Bool {
    let words = Set(tops.filter { $0.split != nil }.map { SplitNames.otherWords(in: $0.name) })
    guard words.count == 1, let common = words.first, !common.isEmpty else { return false }
    return common.isSubset(of: SplitNames.otherWords(in: name))
  }

  /// Says what is taken that is not plainly named, and takes a folder within a split for it where this holds all of its
  /// pictures in folders of their own, as in `train/train/cats`.
  private mutating func takeInnerFolders(of splits: [Top]) {
    var taken: [String] = []
    for top in splits {
      let split = top.split!
      var (folder, pictures) = (top.name + "/", top.pictures)
      while let inner = pictures.first.flatMap(topFolder), pictures.allSatisfy({ PictureClasses.depth(of: $0) > 1 }) {
        let below = pictures.compactMap { path($0, below: inner + "/") }
        guard below.count == pictures.count else { break }
        (folder, pictures) = (folder + inner + "/", below)
      }
      folders[split] = folder
      if folder != top.name + "/" || SplitNames.split(top.name) == nil {
        taken.append("\(folder) is taken for the \(split.rawValue) split")
      }
    }
    if !taken.isEmpty { notes.append(listed(taken)) }
  }

  /// Folders with the names of splits that have other folders beside them may be classes: not so where there is a
  /// training folder and another one, where what is beside is known to be no class, or where all their pictures are
  /// in folders within.
  private static func areSplits(_ splits: [Top], beside others: [Top]) -> Bool {
    let kinds = Set(splits.compactMap(\.split))
    return others.isEmpty || kinds.contains(.train) && kinds.count > 1
      || others.allSatisfy { SplitNames.isRest($0.name) } || splits.allSatisfy(\.isOfFolders)
  }

  /// Folders in whose names a word is that of a split, and which are taken for none.
  private static func wordsNote(on tops: [Top]) -> String? {
    let names = tops.map(\.name).filter { SplitNames.splitWord(in: $0) != nil }.map { $0 + "/" }
    guard !names.isEmpty else { return nil }
    return
      "\(listed(names)) \(names.count == 1 ? "is" : "are") taken for no split\(names.count == 1 ? "" : "s"); to have "
      + "splits, name the folders train, validation and test"
  }

  /// Folders of splits within several folders, such as `bottles/train` and `cans/train`.
  private static func innerSplitsNote(on tops: [Top]) -> String? {
    let inner = tops.flatMap { top in
      Set(top.pictures.compactMap(topFolder).filter { SplitNames.split($0) != nil }.map(ExactName.init)).sorted()
        .map { "\(top.name)/\($0.text)/" }
    }
    guard tops.count > 1, !inner.isEmpty else { return nil }
    return
      "\(listed(inner)) \(inner.count == 1 ? "is" : "are") taken for no split\(inner.count == 1 ? "" : "s"): those "
      + "stand at the top, as train/, validation/ and test/"
  }

  /// Folders that are named as splits and hold no picture that is used.
  private static func emptySplits(of listing: PictureListing, besides known: Set<ExactName>) -> [String] {
    let own = Set(listing.own.all.compactMap { topFolder(of: $0.path).map(ExactName.init) })
    let files = listing.tree.paths.compactMap(topFolder)
    let folders = listing.tree.strays.filter { $0.kind == .emptyFolder }.map { topFolder(of: $0.path) ?? $0.path[...] }
    let named = Set((files + folders).filter { SplitNames.split($0) != nil }.map(ExactName.init))
    return named.subtracting(known).subtracting(own).sorted().map(\.text)
  }
}
