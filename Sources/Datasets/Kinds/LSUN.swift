import Foundation
import Imaging

/// One category of LSUN (Yu et al. 2015): LMDB folders of JPEG or WebP pictures of mixed sizes, unlabeled.
public struct LSUN: ImageDataset {
  /// The categories that can be read.
  public enum Category: String, Sendable, CaseIterable {
    /// 3,033,042 training pictures of bedrooms.
    case bedroom
    /// 708,264 training pictures of towers.
    case tower
    /// 126,227 training pictures of churches from outside, `church_outdoor` in the publisher's folders.
    case church

    /// The name in the publisher's folders.
    var folderName: String { self == .church ? "church_outdoor" : rawValue }
  }

  /// The size taken where none is given, for pictures of mixed sizes: that of the published likelihoods.
  public static let usualSize = (height: 64, width: 64)

  public let name: String
  public let split: DatasetSplit
  public let shape: ImageShape
  public var count: Int { pictures.count }
  public var classNames: [String] { [] }
  public var cropsAtRandom: Bool { crop != nil }
  private let pictures: LMDBPictures
  private let crop: Int?

  /// Opens a split.
  ///
  /// - Parameters:
  ///   - directory: holds `CATEGORY_train_lmdb` and `CATEGORY_val_lmdb`.
  ///   - split: `.train`, or `.test` for the published validation pictures.
  ///   - crop: pictures are scaled down until their shorter side has so many pixels, and images are cut from them: for
  ///     training at random places, else from the middle. 96 with a size of 64x64 is what RealNVP (Dinh et al. 2017)
  ///     and Glow report on. nil crops the middle to the aspect of `size` and scales that down.
  /// - Throws: `DatasetError`, naming the file.
  public init(
    _ category: Category, directory: URL, split: DatasetSplit, crop: Int? = nil, size: (height: Int, width: Int),
    channels: Int = 3
  ) throws {
    precondition(split != .validation, "LSUN's own validation pictures are the test split")
    precondition(channels == 1 || channels == 3, "channels must be 1 or 3, got \(channels)")
    name = "lsun-\(category.rawValue)"
    if let crop, crop < max(size.height, size.width) {
      throw DatasetError.wrongOption(
        source: name, option: "crop=\(crop)", expected: "at least the size of the images, \(size.height)x\(size.width)")
    }
    let folder = directory.appendingPathComponent("\(category.folderName)_\(split == .test ? "val" : "train")_lmdb")
    pictures = try LMDBPictures(
      folder, adviceIfMissing: "unpack \(category.folderName)_\(split == .test ? "val" : "train")_lmdb.zip there")
    self.split = split
    self.crop = crop
    shape = ImageShape(height: size.height, width: size.width, channels: channels)
  }

  public func label(at index: Int) -> Int? { nil }

  public func copyPixels(at index: Int, to buffer: UnsafeMutableBufferPointer<UInt8>) throws {
    try copyPixels(at: index, to: buffer) { ($0 / 2, $1 / 2) }
  }

  public func copyPixels(
    at index: Int, to buffer: UnsafeMutableBufferPointer<UInt8>, random: inout KeyedRandom
  ) throws {
    try copyPixels(at: index, to: buffer) { (random.next(below: $0 + 1), random.next(below: $1 + 1)) }
  }

  /// - Parameter place: given how many pixels the crop can move down and right, how many it does.
  private func copyPixels(
    at index: Int, to buffer: UnsafeMutableBufferPointer<UInt8>, _ place: (_ down: Int, _ right: Int) -> (Int, Int)
  ) throws {
    let (picture, name) = try pictures.picture(at: index)
    let image = picture.converted(toChannels: shape.channels)
    guard let crop else {
      _ = buffer.update(fromContentsOf: image.fitted(width: shape.width, height: shape.height).pixels)
      return
    }
    let shorter = min(image.width, image.height)
    guard shorter >= crop else {
      throw DatasetError.smallerThanCrop(file: name, size: "\(image.width)x\(image.height)", crop: crop)
    }
    func scaled(_ side: Int) -> Int { (2 * side * crop + shorter) / (2 * shorter) }
    let scaledDown = image.resized(width: scaled(image.width), height: scaled(image.height))
    let (top, left) = place(scaledDown.height - shape.height, scaledDown.width - shape.width)
    let row = shape.width * shape.channels
    for y in 0..<shape.height {
      let start = ((top + y) * scaledDown.width + left) * shape.channels
      _ = UnsafeMutableBufferPointer(rebasing: buffer[y * row..<(y + 1) * row])
        .update(fromContentsOf: scaledDown.pixels[start..<start + row])
    }
  }
}

/// `lsun-bedroom`, `lsun-tower` or `lsun-church`.
struct LSUNKind: DatasetKind {
  private let category: LSUN.Category

  /// The `crop` of ``LSUN``.
  static let crop = DatasetOption("crop", "PIXELS")

  init(_ category: LSUN.Category) { self.category = category }

  var name: String { "lsun-\(category.rawValue)" }

  var entry: DatasetEntry {
    let folder = category.folderName
    return DatasetEntry(
      spelling: "\(name):FOLDER", title: "LSUN \(folder.replacing("_", with: " "))",
      images:
        "RGB of mixed sizes, the shorter side 256, no classes: \(trainingImages.inWords) training and 300 validation "
        + "images (the test split here)",
      origin: "Yu et al. 2015; https://www.yf.io/p/lsun",
      terms: "no license stated for the pictures, which were gathered from the web; research use",
      files: [
        "the folders \(folder)_train_lmdb and \(folder)_val_lmdb, each with data.mdb, unpacked "
          + "from \(folder)_train_lmdb.zip and \(folder)_val_lmdb.zip"
      ],
      options: [
        "\(name),crop=96:FOLDER with --size 64: 64x64 cut from pictures whose shorter side is scaled "
          + "to 96, at random places in training, as RealNVP and Glow report it",
        "without crop: the middle square, scaled down to --size (64, 96, 128 or 256; 64 if not given)",
      ])
  }

  let options = [Self.crop]
  let needsSize = true

  private var trainingImages: (count: Int, inWords: String) {
    switch category {
    case .bedroom: (3_033_042, "3,033,042")
    case .tower: (708_264, "708,264")
    case .church: (126_227, "126,227")
    }
  }

  func publishedCounts(of location: DatasetLocation) -> [DatasetSplit: Int] {
    [.train: trainingImages.count, .test: 300]
  }

  func open(_ location: DatasetLocation, _ request: DatasetRequest) throws -> any ImageDataset {
    try LSUN(
      category, directory: location.directory, split: request.split, crop: location[Self.crop],
      size: request.size ?? LSUN.usualSize, channels: request.channels ?? 3)
  }

  func openForChecking(_ location: DatasetLocation, _ split: DatasetSplit) throws -> (any ImageDataset)? {
    guard split != .validation else { return nil }
    let size = location[Self.crop] == nil ? DatasetRequest.checkingSize : nil
    return try open(location, DatasetRequest(split: split, size: size))
  }
}

extension DatasetSource {
  /// One category of LSUN.
  /// - Parameter crop: as in ``LSUN``.
  public static func lsun(_ category: LSUN.Category, directory: URL, crop: Int? = nil) -> DatasetSource {
    DatasetSource(LSUNKind(category), DatasetLocation(directory, [LSUNKind.crop: crop]))
  }
}
