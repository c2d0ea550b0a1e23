import Foundation
import Imaging

/// A folder of PNG, JPEG and WebP pictures as one split of a data set.
///
/// Splits: the subfolders `train`, `validation` (or `val`) and `test` if there are any of them, a missing validation
/// split being cut from `train`; else all pictures are split by seed, 90/5/5 percent, at least one each.
///
/// Classes: when every picture of the split's folder sits exactly one folder below it, that folder's name is the
/// picture's class; fewer than two names in all splits together count as no classes.
///
/// Attributes: an `attributes.csv` in the split's folder, or in the folder of folders; see `AttributesCSV`.
///
/// Opening reads the heads of the split's files alone; pixels are decoded each time an image is asked for.
///
/// ```swift
/// let train = try ImageFolder(URL(filePath: "photos"), split: .train, size: (height: 64, width: 64), channels: 3)
/// print(train.count, train.shape, train.classNames)
/// try train.image(at: 0).writePNG(to: URL(filePath: "first.png"))
/// ```
public struct ImageFolder: ImageDataset {
  public let name: String
  public let split: DatasetSplit
  public let shape: ImageShape
  public let classNames: [String]
  /// What messages call the split's files, in the order of the images: their paths.
  public var files: [String] { paths.map(tree.name) }
  private let tree: any FileTree
  private let paths: [String]
  private let labels: [Int]
  private let attributes: AttributeTable?
  private let center: Int?
  private let isFitted: Bool

  /// Into which files opening looks.
  enum HeadCheck {
    /// All of them: a bad one is an error.
    case all
    /// All of them; a bad one is reported when it is read.
    case tolerant
    /// No more than needed for the shape.
    case needed
  }

  /// Opens a split of a folder, or of a zip or tar file, or a folder of tar files.
  ///
  /// - Parameters:
  ///   - size: pictures are cropped in the middle to this aspect and resized; nil requires them to be of one size.
  ///   - channels: 1 or 3; nil takes 1 if the split's first picture is gray, else 3. Alpha is composited on white.
  ///   - seed: chooses the splits where no subfolders do.
  ///   - toleratingDamage: whether files whose heads cannot be read are left to be reported when they are read.
  /// - Throws: `DatasetError` for a folder that is missing, empty, too small to split or of mixed sizes;
  ///   `ImagingError`, naming the file, for a file whose head is not that of a picture.
  public init(
    _ folder: URL, split: DatasetSplit, size: (height: Int, width: Int)? = nil, channels: Int? = nil, seed: UInt64 = 0,
    toleratingDamage: Bool = false
  ) throws {
    try self.init(
      name: folder.lastPathComponent, split: split,
      pictureSplits(at: folder).members(of: split, seed: seed), size: size, channels: channels,
      heads: toleratingDamage ? .tolerant : .all)
  }

  /// Pictures of a tree.
  ///
  /// - Parameters:
  ///   - shape: what all pictures have; nil takes `size` and `channels`, else what the first picture has.
  ///   - center: takes the middle square of so many pixels first.
  init(
    name: String, split: DatasetSplit, _ members: PictureLayout.Members, shape: ImageShape? = nil, center: Int? = nil,
    size: (height: Int, width: Int)? = nil, channels: Int? = nil, heads: HeadCheck = .all
  ) throws {
    precondition(channels == nil || channels == 1 || channels == 3, "channels must be 1 or 3, got \(channels ?? 0)")
    guard !members.files.isEmpty else { throw DatasetError.noImages(folder: members.tree.location) }
    self.name = name
    self.split = split
    classNames = members.classNames
    tree = members.tree
    paths = members.files
    labels = members.labels
    attributes = members.attributes
    self.center = center
    isFitted = size != nil
    if let shape {
      self.shape = shape
      return
    }
    let size = size ?? center.map { ($0, $0) }
    if heads == .needed, let size, let channels {
      self.shape = ImageShape(height: size.height, width: size.width, channels: channels)
      return
    }
    let headers = try Self.headers(of: paths, in: tree, heads)
    let first = headers[0]
    if size == nil, let odd = headers.first(where: { !$0.header.hasSize(of: first.header) }) {
      throw DatasetError.mixedSizes(
        first: tree.name(of: first.file), firstSize: first.header.sizeText, second: tree.name(of: odd.file),
        secondSize: odd.header.sizeText)
    }
    self.shape = ImageShape(
      height: size?.height ?? first.header.height, width: size?.width ?? first.header.width,
      channels: channels ?? (first.header.channels <= 2 ? 1 : 3))
  }

  /// At least one.
  private static func headers(
    of paths: [String], in tree: any FileTree, _ heads: HeadCheck
  ) throws -> [(file: String, header: ImageHeader)] {
    guard heads == .tolerant else {
      return try (heads == .all ? paths : Array(paths.prefix(1))).map { ($0, try tree.header(of: $0)) }
    }
    let sound = paths.compactMap { path in (try? tree.header(of: path)).map { (path, $0) } }
    return sound.isEmpty ? [(paths[0], try tree.header(of: paths[0]))] : sound
  }

  public var count: Int { paths.count }

  public func label(at index: Int) -> Int? { labels.isEmpty ? nil : labels[index] }

  public var attributeNames: [String] { attributes?.names ?? [] }

  public func attribute(_ attribute: Int, at index: Int) -> Bool? { attributes?[index, attribute] }

  public func copyPixels(at index: Int, to buffer: UnsafeMutableBufferPointer<UInt8>) throws {
    let file = tree.name(of: paths[index])
    var image = try PixelImage(decoding: tree.read(paths[index]), name: file).converted(toChannels: shape.channels)
    if let center {
      guard min(image.width, image.height) >= center else {
        throw DatasetError.smallerThanCrop(
          file: file, size: "\(image.width)x\(image.height)", crop: center)
      }
      image = image.centerCropped(width: center, height: center)
    }
    if isFitted { image = image.fitted(width: shape.width, height: shape.height) }
    guard image.width == shape.width && image.height == shape.height else {
      throw DatasetError.changedSize(
        file: file, expected: "\(shape.width)x\(shape.height)", found: "\(image.width)x\(image.height)")
    }
    _ = buffer.update(fromContentsOf: image.pixels)
  }
}

extension FileTree {
  /// Size and kind of a picture, without decoding it.
  func header(of path: String) throws -> ImageHeader {
    try ImageHeader(name: name(of: path)) { try read(path, atMost: $0) }
  }
}

extension ImageHeader {
  fileprivate var sizeText: String { "\(width)x\(height)" }

  fileprivate func hasSize(of other: ImageHeader) -> Bool { width == other.width && height == other.height }
}
