import Foundation

/// `pictures`, or a path alone: a folder of pictures or of packed shards, or a zip or tar file of pictures; see
/// ``ImageFolder``.
struct PicturesKind: DatasetKind {
  let name = "pictures"

  var entry: DatasetEntry {
    DatasetEntry(
      spelling: "FOLDER, FILE.zip or FILE.tar", title: "Pictures in a folder, or in a zip or tar file",
      images: "PNG, JPEG and WebP; of one size, or cropped and resized to --size", origin: "yours",
      terms: "those of the pictures",
      files: [
        "subfolders train, validation (or valid, val, dev) and test, else split by seed; subfolders below are classes",
        "attributes.csv in each split folder or in FOLDER: `file` and the attributes' names; 1, 0 or nothing",
        "archives are read as they are; in one that holds a single folder at the top, this is FOLDER",
      ],
      options: ["\(name),megapixels=300:FOLDER: the most pixels of a picture, in millions; 200 unless said"])
  }

  let needsSize = true
  let options = [DatasetOption.megapixels]

  /// Folders of pictures cut their validation split themselves.
  func hasOwnValidation(_ location: DatasetLocation) -> Bool { true }

  func open(_ location: DatasetLocation, _ request: DatasetRequest) throws -> any ImageDataset {
    try open(location, [request])[0]
  }

  func open(_ location: DatasetLocation, _ requests: [DatasetRequest]) throws -> [any ImageDataset] {
    let pictures = location.directory
    return try pictureSplits(at: pictures, pixelLimit: location.pixelLimit).open(
      requests, name: pictures.lastPathComponent)
  }

  func openForChecking(_ location: DatasetLocation, _ split: DatasetSplit) throws -> (any ImageDataset)? {
    let pictures = location.directory
    return try pictureSplits(at: pictures, pixelLimit: location.pixelLimit).openForChecking(
      split, name: pictures.lastPathComponent)
  }

  func resolved(at location: DatasetLocation) -> any DatasetKind {
    PackedIndex.isIn(location.directory) ? PackedKind() : self
  }
}

extension DatasetSource {
  /// A folder of pictures; one that holds packed shards is taken as those.
  public static func pictures(folder: URL) -> DatasetSource { DatasetSource(PicturesKind(), folder) }
}

extension PictureSplits {
  /// Opens splits at the size and with the channels asked for.
  func open(_ requests: [DatasetRequest], name: String) throws -> [any ImageDataset] {
    try requests.map { request in
      try ImageFolder(
        name: name, split: request.split, members(of: request.split, seed: request.seed), size: request.size,
        channels: request.channels, heads: request.toleratingDamage ? .tolerant : .all)
    }
  }

  /// Opens all that is assigned to a split, to see whether the pictures can be decoded.
  func openForChecking(_ split: DatasetSplit, name: String) throws -> (any ImageDataset)? {
    try everything(of: split).map {
      try ImageFolder(name: name, split: split, $0, size: DatasetRequest.checkingSize, heads: .tolerant)
    }
  }
}
