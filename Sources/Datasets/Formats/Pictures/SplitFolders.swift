/// Which folders at the top of a tree are its splits.
struct SplitFolders {
  /// With a "/" at the end; empty where no folders are splits.
  private(set) var folders: [DatasetSplit: String] = [:]
  private(set) var notes: [String] = []

  /// In any case.
  private static let names: [String: DatasetSplit] = [
    "train": .train, "training": .train, "validation": .validation, "valid": .validation, "val": .validation,
    "dev": .validation, "test": .test, "testing": .test,
  ]
  /// What stands beside splits and is none.
  private static let rest: Set<String> = ["unlabeled", "unlabelled", "extra"]

  static func split(of folder: some StringProtocol) -> DatasetSplit? { names[folder.lowercased()] }

  /// A folder at the top.
  private struct Top {
    let name: String
    var pictures = 0
    /// Of these, in no folder within.
    var direct = 0
    var split: DatasetSplit? { SplitFolders.split(of: name) }
  }

  /// - Throws: `DatasetError.twoSplitFolders`.
  init(of listing: PictureListing) throws {
    var (tops, loose) = ([Substring: Top](), [String]())
    for path in listing.pictures {
      guard let name = topFolder(of: path) else {
        loose.append(path)
        continue
      }
      tops[name, default: Top(name: String(name))].pictures += 1
      if !path[name.endIndex...].dropFirst().utf8.contains(UInt8(ascii: "/")) { tops[name]!.direct += 1 }
    }
    let all = tops.values.sorted { isOrderedBefore($0.name, $1.name) }
    let (splits, others) = (all.filter { $0.split != nil }, all.filter { $0.split == nil })
    let empty = Self.emptySplits(of: listing, besides: Set(tops.keys))
    guard !splits.isEmpty else {
      if !all.isEmpty || !loose.isEmpty {
        notes += empty.map { "\($0)/ holds no pictures, and is no split here" }
      } else {
        for name in empty { folders[Self.split(of: name)!] = name + "/" }
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
    for name in empty where folders[Self.split(of: name)!] == nil {
      folders[Self.split(of: name)!] = name + "/"
      notes.append("\(name)/ holds no pictures")
    }
    let unused = others.reduce(loose.count) { $0 + $1.pictures }
    if unused > 0 {
      notes.append(
        "\(counted(unused, "picture")) beside \(listed(splits.map { $0.name + "/" })) \(unused == 1 ? "is" : "are") not "
          + "used: " + listed(others.map { "\($0.pictures) in \($0.name)/" } + loose))
    }
  }

  /// Folders with the names of splits that have other folders beside them may be classes: not so where there is a
  /// training folder and another one, where what is beside is known to be no class, or where all their pictures are
  /// in folders within.
  private static func areSplits(_ splits: [Top], beside others: [Top]) -> Bool {
    let kinds = Set(splits.compactMap(\.split))
    return others.isEmpty || kinds.contains(.train) && kinds.count > 1
      || others.allSatisfy { rest.contains($0.name.lowercased()) } || splits.allSatisfy { $0.direct == 0 }
  }

  /// Folders that are named as splits and hold no picture that is used.
  private static func emptySplits(of listing: PictureListing, besides known: Set<Substring>) -> [String] {
    let own = Set(listing.own.map { $0.path.prefix { $0 != "/" } })
    let files = listing.tree.paths.compactMap(topFolder)
    let folders = listing.tree.strays.filter { $0.kind == .emptyFolder }.map { topFolder(of: $0.path) ?? $0.path[...] }
    return Set(files + folders).subtracting(known).subtracting(own).filter { split(of: $0) != nil }.map(String.init)
      .sorted(by: isOrderedBefore)
  }
}
