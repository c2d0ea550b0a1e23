import Files
import Imaging

/// A folder of PNG, JPEG and WebP pictures as one split of a data set.
///
/// Splits: the subfolders `train` (or `training`, `trn`), `validation` (`valid`, `validate`, `val`, `dev`) and `test`
/// (`testing`, `tst`) in any case, if there are any of them and no other folders that make classes of them; also names with
/// one of these words, such as `train_set` and `test_set`, where no other folders stand beside. A missing validation split is
/// cut from training. Else all pictures are split by seed, 90/5/5 percent, at least one each.
///
/// Classes: when the pictures of the split's folder sit exactly one folder below it, that folder's name is the
/// picture's class; one picture elsewhere, or one in ten, is left out. Fewer than two names in all splits together count
/// as no classes. Names are told apart by their bytes.
///
/// Channels: RGB if any picture of any split is in color, else gray.
///
/// Attributes: an `attributes.csv` in the split's folder, or in the folder of folders; see `AttributesCSV`.
///
/// Links are followed, once. What Glow wrote into runs and reports below the folder is left out. `notes` says what is.
///
/// Opening reads the heads of the files alone; pixels are decoded each time an image is asked for, unless there is a cache.
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
  public let notes: [String]
  public let sourcePixels: Int?
  public let shuffleBlock: Int?
  /// What messages call the split's files, in the order of the images: their paths.
  public var files: [String] { paths.map(tree.name) }
  private let tree: any FileTree
  private let paths: [String]
  private let labels: [Int]
  private let attributes: AttributeTable?
  private let center: Int?
  private let isFitted: Bool
  private let isReduced: Bool
  /// Of pictures that are larger than the images.
  private let cached: CachedPictures?

  /// From so many pixels of a picture for each of the image on, keeping what was decoded is worth its memory.
  private static let leastRatio = 4

  /// Into which files opening looks.
  enum HeadCheck {
    /// All of them: a bad one is an error.
    case all
    /// All of them; a bad one is reported when it is read. Where all are bad, a size has to be given.
    case tolerant
    /// No more than needed for the shape.
    case needed
  }

  /// Pictures of a tree.
  ///
  /// - Parameters:
  ///   - shape: what all pictures have; nil takes `size` and `channels`, else what the pictures have.
  ///   - center: takes the middle square of so many pixels first, of whole decodings.
  init(
    name: String, split: DatasetSplit, _ members: PictureLayout.Members, shape: ImageShape? = nil, center: Int? = nil,
    size: (height: Int, width: Int)? = nil, channels: Int? = nil, heads: HeadCheck = .all,
    reading: PictureReading = PictureReading()
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
    shuffleBlock = members.shuffleBlock
    self.center = center
    isFitted = size != nil
    isReduced = reading.reducesJPEGs && size != nil && center == nil
    let size = size ?? center.map { ($0, $0) }
    var known = shape
    if known == nil, heads == .needed, let size, let channels {
      known = ImageShape(height: size.height, width: size.width, channels: channels)
    }
    let survey = try known == nil ? PictureSurvey(of: members, split, channels: channels, heads) : nil
    self.shape = try known ?? survey!.shape(size: size)
    sourcePixels = survey?.meanPixels
    notes = (members.notes + (survey?.notes ?? [])).map { printable($0) }
    let isWorthKeeping = (survey?.meanPixels ?? 0) >= Self.leastRatio * self.shape.height * self.shape.width
    cached =
      isWorthKeeping
      ? reading.cache.map { [shape = self.shape] in
        CachedPictures(
          $0, name: "\(split.rawValue)-\(shape).pictures", count: members.files.count, size: shape.elementCount)
      } : nil
  }

  public var count: Int { paths.count }

  public func label(at index: Int) -> Int? { labels.isEmpty ? nil : labels[index] }

  public var attributeNames: [String] { attributes?.names ?? [] }

  public func attribute(_ attribute: Int, at index: Int) -> Bool? { attributes?[index, attribute] }

  public func copyPixels(at index: Int, to buffer: UnsafeMutableBufferPointer<UInt8>) throws {
    // Before the file is read: what is written to it meanwhile is found the next time.
    guard let cached, let stamp = tree.stamp(of: paths[index]) else { return try decode(index, to: buffer) }
    if cached.copy(index, stamp, mark(of: index), to: buffer) { return }
    try decode(index, to: buffer)
    cached.keep(index, stamp, mark(of: index), UnsafeBufferPointer(rebasing: buffer[..<shape.elementCount]))
  }

  /// Of a picture and how it is read, for a cache that outlives the process.
  private func mark(of index: Int) -> UInt32 {
    var mark = CRC32C()
    Array("\(tree.name(of: paths[index]))\n\(isReduced) \(center ?? 0)".utf8).withUnsafeBytes { mark.update($0) }
    return mark.value
  }

  private func decode(_ index: Int, to buffer: UnsafeMutableBufferPointer<UInt8>) throws {
    guard !isReduced else {
      _ = try buffer.update(fromContentsOf: tree.picture(at: paths[index], fittedTo: shape).pixels)
      return
    }
    let file = tree.name(of: paths[index])
    var image = try tree.picture(at: paths[index]).converted(toChannels: shape.channels)
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
