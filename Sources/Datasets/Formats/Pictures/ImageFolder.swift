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
  /// The split's files, in the order of the images.
  public let files: [URL]
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

  /// Opens a split of a folder.
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
    let members = try ImageFolderLayout(of: folder).members(of: split, seed: seed)
    try self.init(
      name: folder.lastPathComponent, split: split, files: members.files, folder: folder, labels: members.labels,
      classNames: members.classNames, attributes: members.attributes, size: size, channels: channels,
      heads: toleratingDamage ? .tolerant : .all)
  }

  /// The pictures of a published set.
  ///
  /// - Parameters:
  ///   - folder: for the error where there are no files.
  ///   - shape: what all pictures have; nil takes `size` and `channels`, else what the first picture has.
  ///   - center: takes the middle square of so many pixels first.
  init(
    name: String, split: DatasetSplit, files: [URL], folder: URL, labels: [Int] = [], classNames: [String] = [],
    attributes: AttributeTable? = nil, shape: ImageShape? = nil, center: Int? = nil,
    size: (height: Int, width: Int)? = nil, channels: Int? = nil, heads: HeadCheck = .all
  ) throws {
    precondition(channels == nil || channels == 1 || channels == 3, "channels must be 1 or 3, got \(channels ?? 0)")
    guard !files.isEmpty else { throw DatasetError.noImages(folder: folder.path) }
    self.name = name
    self.split = split
    self.classNames = classNames
    self.files = files
    self.labels = labels
    self.attributes = attributes
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
    let headers = try Self.headers(of: files, heads)
    let first = headers[0]
    if size == nil, let odd = headers.first(where: { !$0.header.hasSize(of: first.header) }) {
      throw DatasetError.mixedSizes(
        first: first.file.path, firstSize: first.header.sizeText, second: odd.file.path,
        secondSize: odd.header.sizeText)
    }
    self.shape = ImageShape(
      height: size?.height ?? first.header.height, width: size?.width ?? first.header.width,
      channels: channels ?? (first.header.channels <= 2 ? 1 : 3))
  }

  /// At least one.
  private static func headers(of files: [URL], _ heads: HeadCheck) throws -> [(file: URL, header: ImageHeader)] {
    guard heads == .tolerant else {
      return try (heads == .all ? files : Array(files.prefix(1))).map { ($0, try ImageHeader(contentsOf: $0)) }
    }
    let sound = files.compactMap { file in (try? ImageHeader(contentsOf: file)).map { (file, $0) } }
    return sound.isEmpty ? [(files[0], try ImageHeader(contentsOf: files[0]))] : sound
  }

  public var count: Int { files.count }

  public func label(at index: Int) -> Int? { labels.isEmpty ? nil : labels[index] }

  public var attributeNames: [String] { attributes?.names ?? [] }

  public func attribute(_ attribute: Int, at index: Int) -> Bool? { attributes?[index, attribute] }

  public func copyPixels(at index: Int, to buffer: UnsafeMutableBufferPointer<UInt8>) throws {
    var image = try PixelImage(contentsOf: files[index]).converted(toChannels: shape.channels)
    if let center {
      guard min(image.width, image.height) >= center else {
        throw DatasetError.smallerThanCrop(
          file: files[index].path, size: "\(image.width)x\(image.height)", crop: center)
      }
      image = image.centerCropped(width: center, height: center)
    }
    if isFitted { image = image.fitted(width: shape.width, height: shape.height) }
    guard image.width == shape.width && image.height == shape.height else {
      throw DatasetError.changedSize(
        file: files[index].path, expected: "\(shape.width)x\(shape.height)", found: "\(image.width)x\(image.height)")
    }
    _ = buffer.update(fromContentsOf: image.pixels)
  }
}

extension ImageHeader {
  fileprivate var sizeText: String { "\(width)x\(height)" }

  fileprivate func hasSize(of other: ImageHeader) -> Bool { width == other.width && height == other.height }
}
