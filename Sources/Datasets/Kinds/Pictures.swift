import Foundation

/// `pictures`, or a path alone: a folder of pictures or of packed shards, or a zip, tar or glz file of pictures; see
/// ``ImageFolder``.
struct PicturesKind: PictureSetKind {
  let name = "pictures"

  var entry: DatasetEntry {
    DatasetEntry(
      spelling: "FOLDER, FILE.zip, FILE.tar or FILE.glz", title: "Pictures in a folder, or in a zip, tar or glz file",
      images: "PNG, JPEG and WebP; of one size, or cropped and resized to --size", origin: "yours",
      terms: "those of the pictures",
      files: [
        "subfolders train, validation (or valid, val, dev) and test, else split by seed; subfolders below are classes",
        "attributes.csv in each split folder or in FOLDER: `file` and the attributes' names; 1, 0 or nothing",
        "archives are read as they are; in one that holds a single folder at the top, this is FOLDER",
      ],
      options: ["\(name),megapixels=300:FOLDER: the most pixels of a picture, in millions; 200 unless said"])
  }

  func splits(at location: DatasetLocation) throws -> any PictureSplits {
    try pictureSplits(at: location.directory, pixelLimit: location.pixelLimit)
  }

  func resolved(at location: DatasetLocation) -> any DatasetKind {
    PackedIndex.isIn(location.directory) ? PackedKind() : self
  }
}

extension DatasetSource {
  /// A folder of pictures; one that holds packed shards is taken as those.
  public static func pictures(folder: URL) -> DatasetSource { DatasetSource(PicturesKind(), folder) }
}
