import Files
import Foundation

/// What of a folder is not used because the folder is taken for `set`: archives and pictures in it, a sentence each.
///
/// - Parameter isPart: whether a file of this name belongs to the set.
func notesOnFiles(in folder: URL, beside set: String, _ isPart: (String) -> Bool) -> [String] {
  let endings: Set<String> = ["zip", "tar", "glz", "tgz", "gz", "xz", "zst", "bz2", "7z", "rar", "part"]
  let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? [])
    .filter { !isHidden($0) && !isPart($0) }.sorted(by: isOrderedBefore)
  let archives = names.filter { endings.contains(fileExtension(of: $0)) }
  let pictures = names.filter(PictureListing.isPicture)
  return [
    archives.isEmpty ? nil : "not read beside the \(set): \(listed(archives))",
    pictures.isEmpty ? nil : "\(counted(pictures.count, "picture")) beside the \(set) not used: \(listed(pictures))",
  ].compactMap { $0 }
}
