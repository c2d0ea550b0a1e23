import Files
import Foundation
import Imaging

/// The files of a folder, at any depth. Links are followed: each folder is in the tree once, a real one rather than a link
/// to it, and no link leads to a folder that holds the link.
struct FolderTree: FileTree {
  let location: String
  let paths: [String]
  let strays: [TreeStray]
  var pixelLimit = PixelImage.defaultPixelLimit
  private let root: String
  /// Of those paths that are written otherwise.
  private let bytesOfPath: [ExactName: [UInt8]]

  /// - Throws: `DatasetError` when the folder is missing, not a folder or, like one below it, not to be read.
  init(of folder: URL) throws {
    location = folder.path
    root = folder.resolvingSymlinksInPath().path
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: root, isDirectory: &isFolder) else {
      throw DatasetError.missingFolder(folder: location)
    }
    guard isFolder.boolValue else {
      throw DatasetError.unreadable(
        file: location, reason: "it is a file, expected a folder of pictures, or a zip, tar or glz file")
    }
    let walk = try FolderWalk(Array(root.utf8))
    var (paths, bytesOfPath) = ([String](), [ExactName: [UInt8]]())
    paths.reserveCapacity(walk.files.count)
    for bytes in walk.files {
      let path = pathText(bytes)
      if !path.utf8.elementsEqual(bytes) { bytesOfPath[ExactName(path)] = bytes }
      paths.append(path)
    }
    self.paths = paths.sorted(by: isOrderedBefore)
    self.bytesOfPath = bytesOfPath
    strays = walk.strays.map { TreeStray(path: pathText($0.path), kind: $0.kind) }
      .sorted { isOrderedBefore($0.path, $1.path) }
  }

  /// A single file, by its name in its folder; nothing is looked up.
  init(ofFile file: URL) {
    location = file.path
    root = String(location.dropLast(file.lastPathComponent.count + 1))
    paths = [file.lastPathComponent]
    strays = []
    bytesOfPath = [:]
  }

  func name(of path: String) -> String { root + "/" + path }

  func read(_ path: String, atMost limit: Int) throws -> [UInt8] { try open(path).head(limit) }

  func header(of path: String) throws -> ImageHeader {
    try ImageHeader(of: open(path), name: name(of: path), pixelLimit: pixelLimit)
  }

  func stamp(of path: String) -> FileStamp? { FileStamp(of: systemPath(of: path) ?? Array(name(of: path).utf8)) }

  private func open(_ path: String) throws -> PictureFile {
    try PictureFile(name(of: path), bytes: systemPath(of: path))
  }

  /// Nil where it is the name.
  private func systemPath(of path: String) -> [UInt8]? {
    bytesOfPath[ExactName(path)].map { Array(root.utf8) + [UInt8(ascii: "/")] + $0 }
  }
}
