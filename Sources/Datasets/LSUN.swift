import Foundation
import Imaging

/// One category of LSUN (Yu et al. 2015): LMDB folders of JPEG or WebP pictures of mixed sizes, unlabelled.
public struct LSUN: ImageDataset {
  public enum Category: String, Sendable, CaseIterable {
    case bedroom
    case tower
    case church

    /// As the publisher's folders name it.
    var folderName: String { self == .church ? "church_outdoor" : rawValue }
  }

  public let name: String
  public let split: DatasetSplit
  public let shape: ImageShape
  public var count: Int { pictures.count }
  public var classNames: [String] { [] }
  public var cropsAtRandom: Bool { crop != nil }
  private let pictures: LMDBPictures
  private let crop: Int?

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
