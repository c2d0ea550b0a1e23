import Foundation

/// CelebA-HQ (Karras, Aila, Laine and Lehtinen 2018): 30,000 faces in up to 1024x1024 pixels, RGB.
public enum CelebAHQ {
  /// Opens a folder of pictures, with split folders or split by seed as ``ImageFolder`` does. Attributes are those of a
  /// list in CelebA's form, `CelebAMask-HQ-attribute-anno.txt` or `list_attr_celebahq.txt`, if the folder has one, else
  /// of `attributes.csv`.
  ///
  /// - Parameter directory: the pictures, or the folder that holds them as `CelebA-HQ-img`.
  /// - Throws: `DatasetError` or `ImagingError`, naming the file and the line.
  public static func open(
    directory: URL, split: DatasetSplit, size: (height: Int, width: Int)? = nil, channels: Int? = nil,
    seed: UInt64 = 0, toleratingDamage: Bool = false, cache: PictureCache? = nil
  ) throws -> any ImageDataset {
    let request = DatasetRequest(
      split: split, size: size, channels: channels, seed: seed, toleratingDamage: toleratingDamage,
      reading: .whole(cache))
    return try open(directory: directory, [request])[0]
  }

  static func open(directory: URL, _ requests: [DatasetRequest]) throws -> [any ImageDataset] {
    let layout = try layout(of: directory)
    return try requests.map { request in
      try open(
        layout.members(of: request.split, seed: request.seed), of: directory, request.split, request.size,
        request.channels, request.toleratingDamage ? .tolerant : .all, request.reading.cache)
    }
  }

  /// Every picture that the folder assigns to a split; nil for a split that it leaves to be cut by seed.
  static func openForChecking(
    directory: URL, split: DatasetSplit, size: (height: Int, width: Int), channels: Int
  ) throws -> (any ImageDataset)? {
    try layout(of: directory).everything(of: split)
      .map { try open($0, of: directory, split, size, channels, .needed) }
  }

  private static func layout(of directory: URL) throws -> PictureLayout {
    let masked = directory.appendingPathComponent("CelebA-HQ-img")
    return try PictureLayout(
      of: FolderTree(of: FileManager.default.fileExists(atPath: masked.path) ? masked : directory))
  }

  private static func open(
    _ members: PictureLayout.Members, of directory: URL, _ split: DatasetSplit,
    _ size: (height: Int, width: Int)?, _ channels: Int?, _ heads: ImageFolder.HeadCheck, _ cache: PictureCache? = nil
  ) throws -> any ImageDataset {
    let list = ["CelebAMask-HQ-attribute-anno.txt", "list_attr_celebahq.txt"]
      .map { directory.appendingPathComponent($0) }.first { FileManager.default.fileExists(atPath: $0.path) }
    var members = members
    if let list {
      members.attributes = try AttributeList(reading: list)
        .table(of: members.files.map { String($0.split(separator: "/").last!) })
    }
    return try ImageFolder(
      name: "celebahq", split: split, members, size: size, channels: channels, heads: heads,
      reading: .whole(cache))
  }
}

/// `celebahq`.
struct CelebAHQKind: DatasetKind {
  let name = "celebahq"

  var entry: DatasetEntry {
    DatasetEntry(
      spelling: "\(name):FOLDER", title: "CelebA-HQ",
      images: "1024x1024 RGB (or scaled down), 40 attributes where a list of them is given: 30,000 images",
      origin: "Karras, Aila, Laine and Lehtinen 2018, from CelebA; "
        + "https://github.com/tkarras/progressive_growing_of_gans",
      terms: "non-commercial, as CelebA",
      files: [
        "a folder of pictures; with subfolders train, validation and test, else split by seed",
        "attributes, if wanted: CelebAMask-HQ-attribute-anno.txt or list_attr_celebahq.txt in the form of "
          + "list_attr_celeba.txt, else attributes.csv",
      ])
  }

  let needsSize = true

  func hasOwnValidation(_ location: DatasetLocation) -> Bool { true }

  func open(_ location: DatasetLocation, _ request: DatasetRequest) throws -> any ImageDataset {
    try open(location, [request])[0]
  }

  func open(_ location: DatasetLocation, _ requests: [DatasetRequest]) throws -> [any ImageDataset] {
    try CelebAHQ.open(directory: location.directory, requests)
  }

  func openForChecking(_ location: DatasetLocation, _ split: DatasetSplit) throws -> (any ImageDataset)? {
    try CelebAHQ.openForChecking(
      directory: location.directory, split: split, size: DatasetRequest.checkingSize, channels: 3)
  }
}

extension DatasetSource {
  /// CelebA-HQ; see ``CelebAHQ``.
  public static func celebAHQ(directory: URL) -> DatasetSource { DatasetSource(CelebAHQKind(), directory) }
}
