import Foundation

/// Where images come from, as a person writes it: `fashion-mnist`, `fashion-mnist:FOLDER`, `cifar10:FOLDER`,
/// `idx:FOLDER`, or the path of a folder of pictures.
public enum DatasetSource: Sendable, Hashable {
  case fashionMNIST(directory: URL)
  case cifar10(directory: URL)
  /// A folder with the four IDX files under MNIST's names.
  case idx(directory: URL)
  case pictures(folder: URL)

  /// Reads what `description` writes. Nothing is looked up on disk; a `~` at the start of a path is the home folder.
  ///
  /// - Throws: `DatasetError.unknownSource`.
  public init(parsing text: String) throws {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    let path = parts.count == 2 ? parts[1] : nil
    switch (parts[0], path) {
    case ("fashion-mnist", nil): self = .fashionMNIST(directory: FashionMNIST.defaultDirectory)
    case ("fashion-mnist", let path?) where !path.isEmpty: self = .fashionMNIST(directory: Self.folder(path))
    case ("cifar10", let path?) where !path.isEmpty: self = .cifar10(directory: Self.folder(path))
    case ("idx", let path?) where !path.isEmpty: self = .idx(directory: Self.folder(path))
    case (let first, let path) where !first.isEmpty && (path == nil || first.contains("/")):
      guard first != "cifar10" && first != "idx" else { throw DatasetError.unknownSource(text: text) }
      self = .pictures(folder: Self.folder(text))
    default: throw DatasetError.unknownSource(text: text)
    }
  }

  /// Opens one split. For Fashion-MNIST and CIFAR-10, 5,000 training images chosen by `seed` are the validation split
  /// (for other IDX files one in twelve); the test split is the official one. For folders see `ImageFolder`.
  ///
  /// - Parameters:
  ///   - size: images are cropped in the middle to this aspect and resized; nil keeps their size.
  ///   - channels: 1 or 3; nil keeps what there is.
  /// - Throws: `DatasetError` or `ImagingError`, naming the file.
  public func open(
    split: DatasetSplit, size: (height: Int, width: Int)? = nil, channels: Int? = nil, seed: UInt64
  ) throws -> any ImageDataset {
    if case .pictures(let folder) = self {
      return try ImageFolder(folder, split: split, size: size, channels: channels, seed: seed)
    }
    return switch split {
    case .test: try fitted(openOfficial(.test), size: size, channels: channels)
    case .train: try openTraining(size: size, channels: channels, seed: seed).train
    case .validation: try openTraining(size: size, channels: channels, seed: seed).validation
    }
  }

  /// Opens the training and the validation split together: the same images as `open` gives, held in memory once.
  public func openTraining(
    size: (height: Int, width: Int)? = nil, channels: Int? = nil, seed: UInt64
  ) throws -> (train: any ImageDataset, validation: any ImageDataset) {
    if case .pictures = self {
      return (
        try open(split: .train, size: size, channels: channels, seed: seed),
        try open(split: .validation, size: size, channels: channels, seed: seed)
      )
    }
    let official = try openOfficial(.train)
    let validationCount = if case .idx = self { max(1, official.count / 12) } else { 5000 }
    let parts = try official.cuttingValidation(of: validationCount, seed: seed)
    return (
      fitted(parts.train, size: size, channels: channels), fitted(parts.validation, size: size, channels: channels)
    )
  }

  private func openOfficial(_ split: DatasetSplit) throws -> any ImageDataset {
    switch self {
    case .fashionMNIST(let directory): try FashionMNIST.open(directory: directory, split: split)
    case .cifar10(let directory): try CIFAR10(directory: directory, split: split)
    case .idx(let directory): try IDXDataset(directory: directory, split: split)
    case .pictures: preconditionFailure("folders of pictures have no official splits")
    }
  }

  private func fitted(
    _ dataset: any ImageDataset, size: (height: Int, width: Int)?, channels: Int?
  ) -> any ImageDataset {
    let shape = ImageShape(
      height: size?.height ?? dataset.shape.height, width: size?.width ?? dataset.shape.width,
      channels: channels ?? dataset.shape.channels)
    return shape == dataset.shape ? dataset : FittedDataset(dataset, shape: shape)
  }

  private static func folder(_ path: String) -> URL {
    URL(fileURLWithPath: NSString(string: path).expandingTildeInPath)
  }
}

extension DatasetSource: CustomStringConvertible {
  public var description: String {
    switch self {
    case .fashionMNIST(FashionMNIST.defaultDirectory): "fashion-mnist"
    case .fashionMNIST(let directory): "fashion-mnist:\(directory.path)"
    case .cifar10(let directory): "cifar10:\(directory.path)"
    case .idx(let directory): "idx:\(directory.path)"
    case .pictures(let folder): folder.path
    }
  }
}
