import Files
import Foundation
import Imaging

/// Picture files, and those in folders and archives, as a data set without labels, in the order given; within a folder sorted by path.
/// Opening reads the heads of the files alone; pixels are decoded each time an image is asked for.
public struct PictureFiles: ImageDataset {
  /// The path of each file: as it was given, or absolute for those found in folders.
  public let files: [String]
  public let shape: ImageShape
  public let notes: [String]
  private let places: [(tree: any FileTree, path: String)]
  private let pixelLimit: Int

  /// Finds the files and reads their heads.
  ///
  /// - Parameters:
  ///   - paths: files, whatever their names, and folders, zip and tar files, of which the pictures at any depth.
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
      if let tree = try fileTree(at: path) {
        let listing = PictureListing(of: tree)
        let found = listing.pictures
        guard !found.isEmpty else { throw DatasetError.noImages(folder: path.path, notes: listing.notes) }
        notes += listing.notes
        files += found.map(tree.name)
        places += found.map { (tree, $0) }
      } else {
        files.append(path.relativePath)
        places.append((FolderTree(ofFile: path), path.lastPathComponent))
      }
    }
    (self.files, self.places, self.shape, self.pixelLimit) = (files, places, shape, pixelLimit)
    self.notes = notes.map { printable($0) }
    for place in places {
      let header = try place.tree.header(of: place.path, pixelLimit: pixelLimit)
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
    let image = try PixelImage(decoding: tree.read(path), name: tree.name(of: path), pixelLimit: pixelLimit)
      .converted(toChannels: shape.channels).fitted(width: shape.width, height: shape.height)
    _ = buffer.update(fromContentsOf: image.pixels)
  }
}
