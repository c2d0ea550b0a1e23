import Files
import Imaging

// What is said of a data set, in sentences.

/// The first names: `a, b and c` or `a, b, c and 5 more`.
func listed(_ names: [String], most: Int = 3) -> String {
  var parts = names.count > most + 1 ? Array(names.prefix(most)) + ["\(names.count - most) more"] : names
  let last = parts.popLast() ?? ""
  return parts.isEmpty ? last : parts.joined(separator: ", ") + " and " + last
}

extension PictureListing {
  /// What is not used, and what it is: a sentence each.
  var notes: [String] {
    [unreadNote, misnamedNote].compactMap { $0 } + own.all.compactMap(note) + strayNotes
      + [archivesNote, tableNote, labelsNote, othersNote].compactMap { $0 }
  }

  /// The pictures of other formats, and the hidden ones.
  private var unreadNote: String? {
    guard !unread.isEmpty || !hidden.isEmpty else { return nil }
    let counts = Dictionary(grouping: unread, by: fileExtension).mapValues(\.count).sorted { $0.key < $1.key }
    var parts = counts.map { "\($0.value) .\($0.key)" }
    if !hidden.isEmpty { parts.append("\(hidden.count) hidden (\(listed(hidden)))") }
    let total = counted(unread.count + hidden.count, "picture file")
    let commonest = counts.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key
    let advice = commonest.map { "; to convert: " + PictureExtensions.conversionAdvice(for: $0) } ?? ""
    return "\(total) not used: \(parts.joined(separator: ", "))\(advice)" + (counts.count > 1 ? ", and so on" : "")
  }

  private var misnamedNote: String? {
    guard !misnamed.isEmpty else { return nil }
    let isOne = misnamed.count == 1
    return "\(counted(misnamed.count, "picture file")) without the ending of one \(isOne ? "is" : "are") not used: "
      + "\(listed(misnamed)); rename \(isOne ? "it" : "them") to end in .jpg, .png or what \(isOne ? "it is" : "they are")"
  }

  private func note(on folder: OwnFolder) -> String? {
    guard folder.written + folder.others > 0 else { return nil }
    let name = folder.path.isEmpty ? "the folder" : folder.path
    let (written, others) = (folder.written, folder.others)
    let parts = [
      written == 0 ? nil : "its \(counted(written, "picture")) \(written == 1 ? "is" : "are") left out",
      others == 0
        ? nil
        : "\(counted(others, written == 0 ? "picture" : "other picture")) in it \(others == 1 ? "counts" : "count") as data",
    ]
    return "\(name) is \(folder.kind.rawValue) of glow: " + listed(parts.compactMap { $0 })
  }

  private var strayNotes: [String] {
    func paths(_ kind: TreeStray.Kind) -> [String] { tree.strays.filter { $0.kind == kind }.map(\.path) }
    func note(_ paths: [String], _ one: String, _ many: String) -> String? {
      paths.isEmpty ? nil : (paths.count == 1 ? one : "\(paths.count) \(many)") + ": " + listed(paths)
    }
    return [
      note(paths(.deadLink), "a link that leads nowhere is not used", "links that lead nowhere are not used"),
      note(
        paths(.repeatedLink), "a link to a folder that is here already, or around it, is not followed",
        "links to folders that are here already, or around them, are not followed"),
      note(
        paths(.special).filter(Self.isPicture), "a pipe, socket or device is not used",
        "pipes, sockets or devices are not used"),
      note(paths(.archivedLink), "a link in the archive is not used", "links in the archive are not used"),
      note(paths(.sparse), "a file with holes is not used", "files with holes are not used"),
      note(
        paths(.outside), "a file whose name leads out of the archive is not used",
        "files whose names lead out of the archive are not used"),
      note(paths(.nameless), "a file without a name is not used", "files without names are not used"),
      note(
        paths(.replaced), "a file that a later one of its name replaces is not used",
        "files that later ones of their names replace are not used"),
    ].compactMap { $0 }
  }

  /// Archives within a folder, each of which is a set by itself.
  private var archivesNote: String? {
    let archives = others.filter { ["zip", "tar", "glz", "tgz"].contains(fileExtension(of: $0)) }
    guard let first = archives.first else { return nil }
    guard tree is FolderTree else { return "not read: \(listed(archives)); unpack this archive first" }
    let areShards = archives.contains { fileExtension(of: $0) == "tar" && topFolder(of: $0) == nil }
    let rest =
      areShards && !pictures.isEmpty
      ? ", or move the pictures away to have tar files read as shards"
      : archives.count > 1 ? ", or unpack them into one folder" : ""
    return "not read: \(listed(archives)); give one by itself, such as \(tree.name(of: first))\(rest)"
  }

  /// Tables that look as if they were to be read.
  private var tables: [String] {
    let words: Set<String> = ["labels", "label", "classes", "attributes", "metadata", "annotations"]
    return others.filter { path in
      let name = fileName(of: path).lowercased()
      return ["csv", "tsv", "json", "jsonl", "xlsx"].contains(fileExtension(of: path)) && name != AttributesCSV.fileName
        && words.contains(String(name.prefix { $0 != "." }))
    }
  }

  private var tableNote: String? {
    let tables = tables
    guard !tables.isEmpty else { return nil }
    return "not read: \(listed(tables)); classes are folders, attributes stand in \(AttributesCSV.fileName)"
  }

  /// Labels as WebDataset shards have them.
  private var labels: [String] { others.filter { fileExtension(of: $0) == "cls" } }

  private var labelsNote: String? {
    let labels = labels
    guard !labels.isEmpty else { return nil }
    return
      "not read: \(counted(labels.count, ".cls file")) (\(listed(labels))); labels beside pictures are read in the tar "
      + "files of WebDataset, classes are folders here"
  }

  /// Many files that are no pictures, such as texts beside them.
  private var othersNote: String? {
    let said = Set((tables + labels).map(ExactName.init))
    let rest = others.filter { path in
      !said.contains(ExactName(path)) && !AttributesCSV.isNamed(fileName(of: path)) && !own.hold(path)
    }
    guard rest.count >= 10, rest.count * 10 >= pictures.count else { return nil }
    let counts = Dictionary(grouping: rest, by: fileExtension).mapValues(\.count)
      .sorted { ($1.value, $0.key) < ($0.value, $1.key) }
    let parts = counts.map { "\($0.value) \($0.key.isEmpty ? "without an ending" : "." + $0.key)" }
    return "\(rest.count) files that are no pictures are not used: \(listed(parts))"
  }
}
