import Foundation

/// `pictures`, or the path of a folder alone: pictures, or packed shards; see ``ImageFolder``.
struct PicturesKind: DatasetKind {
  let name = "pictures"

  var entry: DatasetEntry {
    DatasetEntry(
      spelling: "FOLDER", title: "A folder of pictures",
      images: "PNG, JPEG and WebP; of one size, or cropped and resized to --size", origin: "yours",
      terms: "those of the pictures",
      files: [
        "subfolders train, validation (or val) and test, else split by seed; subfolders below are classes",
        "attributes.csv in each split folder or in FOLDER: `file` and the attributes' names; 1, 0 or nothing",
      ])
  }

  let needsSize = true

  /// Folders of pictures cut their validation split themselves.
  func hasOwnValidation(_ location: DatasetLocation) -> Bool { true }

  func open(_ location: DatasetLocation, _ request: DatasetRequest) throws -> any ImageDataset {
    try ImageFolder(
      location.directory, split: request.split, size: request.size, channels: request.channels, seed: request.seed,
      toleratingDamage: request.toleratingDamage)
  }

  func openForChecking(_ location: DatasetLocation, _ split: DatasetSplit) throws -> (any ImageDataset)? {
    let folder = location.directory
    guard let members = try pictureSplits(at: folder).everything(of: split) else { return nil }
    return try ImageFolder(
      name: folder.lastPathComponent, split: split, members, size: DatasetRequest.checkingSize, channels: 3,
      heads: .needed)
  }

  func resolved(at location: DatasetLocation) -> any DatasetKind {
    PackedIndex.isIn(location.directory) ? PackedKind() : self
  }
}

extension DatasetSource {
  /// A folder of pictures; one that holds packed shards is taken as those.
  public static func pictures(folder: URL) -> DatasetSource { DatasetSource(PicturesKind(), folder) }
}
