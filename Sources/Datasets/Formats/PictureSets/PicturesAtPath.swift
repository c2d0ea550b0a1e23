import Foundation
import Imaging

/// The pictures at a path: of a folder, of a zip, tar or glz file, or of a folder of tar files.
///
/// - Parameter pixelLimit: the most pixels of a picture.
/// - Throws: `DatasetError`, naming the file.
func pictureSplits(at url: URL, pixelLimit: Int = PixelImage.defaultPixelLimit) throws -> any PictureSplits {
  func layout(of tree: any FileTree) throws -> PictureLayout {
    var tree = tree
    tree.pixelLimit = pixelLimit
    return try PictureLayout(of: tree)
  }
  guard let format = try archiveFormat(at: url) else {
    // Pictures that lie in the folder itself are what is meant: an archive beside them is named, and not read.
    let tree = try FolderTree(of: url)
    return try PictureListing(of: tree).pictures.isEmpty && WebDataset.hasShards(url)
      ? WebDataset(shardsIn: url, pixelLimit: pixelLimit) : layout(of: tree)
  }
  switch format {
  case .zip: return try layout(of: ArchiveTree(of: ZipFile(reading: url)))
  case .coded: return try layout(of: CodedArchives.tree(of: url))
  case .tar:
    let tar = try TarFile(reading: url)
    return try WebDataset(labeled: tar, pixelLimit: pixelLimit) ?? layout(of: ArchiveTree(of: tar))
  case .packed(let program, let result, let rename):
    throw DatasetError.packedArchive(file: url.path, program: program, result: result, rename: rename)
  }
}

/// The files at a path: of a folder, or of a zip, tar or glz file; nil for another file, or none.
func fileTree(at url: URL) throws -> (any FileTree)? {
  guard let format = try archiveFormat(at: url) else {
    var isFolder: ObjCBool = false
    let isThere = FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder)
    return isThere && isFolder.boolValue ? try FolderTree(of: url) : nil
  }
  return switch format {
  case .zip: ArchiveTree(of: try ZipFile(reading: url))
  case .coded: try CodedArchives.tree(of: url)
  case .tar: ArchiveTree(of: try TarFile(reading: url))
  case .packed(let program, let result, let rename):
    throw DatasetError.packedArchive(file: url.path, program: program, result: result, rename: rename)
  }
}

/// Nil for what is no file, or no archive.
private func archiveFormat(at url: URL) throws -> ArchiveFormat? {
  var isFolder: ObjCBool = false
  guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder) else {
    guard ["zip", "tar", "glz"].contains(url.pathExtension.lowercased()) else { return nil }
    throw DatasetError.missingFile(file: url.path, advice: "expected a zip, tar or glz file of pictures")
  }
  guard !isFolder.boolValue else { return nil }
  return try ArchiveFormat(of: url)
}
