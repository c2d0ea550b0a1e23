import Foundation
import Imaging

/// What lies in a folder into which something is to be written.
package enum FolderContents {
  /// What Glow wrote into the folder itself, in words such as `a model`; nil where it holds nothing of the kind.
  package static func own(in folder: URL) -> String? { ownKind(in: folder)?.rawValue }

  package static func isRun(_ folder: URL) -> Bool { ownKind(in: folder) == .run }
  package static func isModel(_ folder: URL) -> Bool { ownKind(in: folder) == .model }
  package static func isReport(_ folder: URL) -> Bool { ownKind(in: folder) == .report }

  /// A picture file in the folder that no run of Glow's wrote there, by its path in the folder.
  /// - Parameter deep: whether folders below it are looked through, too.
  package static func picture(in folder: URL, deep: Bool) -> String? {
    let (files, root) = (FileManager.default, folder.resolvingSymlinksInPath().path)
    func isPicture(_ path: String) -> Bool {
      PictureExtensions.read.contains(URL(filePath: path).pathExtension.lowercased()) && !OwnFolder.isOfRun(path)
    }
    guard deep else {
      return ((try? files.contentsOfDirectory(atPath: root)) ?? []).sorted().first(where: isPicture)
    }
    guard let paths = files.enumerator(atPath: root) else { return nil }
    while let path = paths.nextObject() as? String { if isPicture(path) { return path } }
    return nil
  }

  private static func ownKind(in folder: URL) -> OwnFolder.Kind? {
    let checkpoints = folder.appending(path: "checkpoints")
    let names = (try? FileManager.default.contentsOfDirectory(atPath: checkpoints.path)) ?? []
    if names.contains(where: {
      $0.hasPrefix("images-") && ownMark("config.json", in: checkpoints.appending(path: $0)) != nil
    }) {
      return .run
    }
    return OwnFolder.marks.lazy.compactMap { ownMark($0, in: folder) }.first
  }

  private static func ownMark(_ name: String, in folder: URL) -> OwnFolder.Kind? {
    OwnFolders(in: FolderTree(ofFile: folder.appending(path: name))).all.first?.kind
  }
}
