import Foundation
import Imaging

extension ImageFolder {
  /// Opens a split of a folder, or of a zip, tar or glz file, or a folder of tar files.
  ///
  /// - Parameters:
  ///   - size: pictures are cropped in the middle to this aspect and resized; nil requires them to be of one size.
  ///   - channels: 1 or 3; nil takes 1 if all pictures of all splits are gray, else 3. Alpha is composited on white.
  ///   - seed: chooses the splits where no subfolders do.
  ///   - toleratingDamage: whether files whose heads cannot be read are left to be reported when they are read.
  ///   - pixelLimit: the most pixels of a picture, width times height.
  ///   - reading: how pictures are decoded, and where they are kept.
  /// - Throws: `DatasetError` for a folder that is missing, empty, too small to split or of mixed sizes;
  ///   `ImagingError`, naming the file, for a file whose head is not that of a picture.
  public init(
    _ folder: URL, split: DatasetSplit, size: (height: Int, width: Int)? = nil, channels: Int? = nil, seed: UInt64 = 0,
    toleratingDamage: Bool = false, pixelLimit: Int = PixelImage.defaultPixelLimit,
    reading: PictureReading = PictureReading()
  ) throws {
    try self.init(
      name: folder.lastPathComponent, split: split,
      pictureSplits(at: folder, pixelLimit: pixelLimit).members(of: split, seed: seed), size: size, channels: channels,
      heads: toleratingDamage ? .tolerant : .all, reading: reading)
  }
}
