import Files
import Foundation
import Imaging

/// Picture files, and those in folders and archives, as a data set without labels, in the order given; within a folder sorted
/// by path. Opening reads the heads of the files alone; pixels are decoded each time an image is asked for.
public struct PictureFiles: ImageDataset {
  /// The path of each file: as it was given, or absolute for those found in folders.
  public let files: [String]
  public let shape: ImageShape
  public let notes: [String]
  private let places: [(tree: any FileTree, path: String)]

  /// Finds the files and reads their heads.
  ///
  /// - Parameters:
  ///   - paths: picture files, whatever their names, and folders, zip, tar and glz files, of which the files that are named as
  ///     pictures, at any depth.
  ///   - shape: of 1 or 3 channels, to which pictures are converted.
  ///   - fitting: whether pictures of another size are cropped in the middle to the shape's aspect and resized.
  ///   - pixelLimit: the most pixels of a picture, width times height.
  /// - Throws: `DatasetError` for a folder without pictures, or, unless they are to be fitted, a picture of another size;
  ///   `ImagingError`, naming the file, for a file whose head is not that of a picture.
  public init(
    _ paths: [URL], shape: ImageShape, fitting: Bool, pixelLimit: Int = PixelImage.defaultPixelLimit
  ) throws {
    precondition(shape.channels == 1 || shape.channels == 3, "channels must be 1 or 3, got \(shape.channels)")
    var (files, places, notes) = ([String](), [(tree: any FileTree, path: String)](), [String]())
    for path in paths {
      if var tree = try fileTree(at: path) {
        tree.pixelLimit = pixelLimit
        let listing = PictureListing(of: tree)
        let found = listing.pictures
        guard !found.isEmpty else { throw DatasetError.noImages(folder: path.path, notes: listing.notes) }
        notes += listing.notes
        files += found.map(tree.name)
        places += found.map { (tree, $0) }
      } else {
        files.append(path.relativePath)
        var folder = FolderTree(ofFile: path)
        folder.pixelLimit = pixelLimit
        places.append((folder, path.lastPathComponent))
      }
    }
    (self.files, self.places, self.shape) = (files, places, shape)
    self.notes = notes.map { printable($0) }
    for place in places {
      let header = try place.tree.header(of: place.path)
      guard fitting || (header.width == shape.width && header.height == shape.height) else {
        throw DatasetError.wrongField(
          file: place.tree.name(of: place.path), field: "size of the picture",
          expected: "\(shape.width)x\(shape.height) pixels",
          found: "\(header.width)x\(header.height)")
      }
    }
  }

  public var name: String { "picture files" }
  public var split: DatasetSplit { .test }
  public var count: Int { files.count }
  public var classNames: [String] { [] }

  public func label(at index: Int) -> Int? { nil }

  public func copyPixels(at index: Int, to buffer: UnsafeMutableBufferPointer<UInt8>) throws {
    let (tree, path) = places[index]
    let image = try tree.picture(at: path).converted(toChannels: shape.channels)
      .fitted(width: shape.width, height: shape.height)
    _ = buffer.update(fromContentsOf: image.pixels)
  }
}
