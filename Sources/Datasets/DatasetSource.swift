import Foundation

/// Where images come from, as a person writes it: `fashion-mnist`, or the kind of a data set and its folder, such as
/// `cifar10:FOLDER` or `lsun-tower,crop=96:FOLDER`, or the path of a folder of pictures or of packed shards. The kinds
/// and their options are those of ``DatasetCatalogue``.
public enum DatasetSource: Sendable, Hashable {
  case fashionMNIST(directory: URL)
  case cifar10(directory: URL)
  /// ImageNet scaled down to a side of 32 or 64 pixels.
  case imageNet(side: Int, directory: URL)
  /// `crop`: as in ``LSUN``.
  case lsun(LSUN.Category, directory: URL, crop: Int? = nil)
  /// `centre`: as in ``CelebA``.
  case celebA(directory: URL, centre: Int? = nil)
  case celebAHQ(directory: URL)
  /// `classes` and `hasAttributes`: as in ``TFRecordDataset``.
  case tfRecords(directory: URL, classes: Int? = nil, hasAttributes: Bool = false)
  /// A folder with the four IDX files under MNIST's names.
  case idx(directory: URL)
  /// What `glow data pack` wrote.
  case packed(directory: URL)
  /// A folder of pictures; one that holds packed shards is taken as those.
  case pictures(folder: URL)

  /// LSUN's pictures are of mixed sizes; this one is taken where none is given, that of the published likelihoods.
  public static let usualLSUNSize = (height: 64, width: 64)

  /// Reads what `description` writes. Nothing is looked up on disk; a `~` at the start of a path is the home folder.
  ///
  /// - Throws: `DatasetError.unknownSource` or `.wrongOption`.
  public init(parsing text: String) throws {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    let head = parts[0].split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    if text == "fashion-mnist" {
      self = .fashionMNIST(directory: FashionMNIST.defaultDirectory)
    } else if parts.count == 2, !parts[1].isEmpty, let kind = head.first, Self.kinds.contains(kind) {
      var options = try SourceOptions(head.dropFirst(), of: kind)
      self = Self.source(kind, Self.folder(parts[1]), &options)!
      try options.requireAllTaken()
    } else if !parts[0].isEmpty, parts.count == 1 || parts[0].contains("/"), !Self.kinds.contains(text) {
      self = .pictures(folder: Self.folder(text))
    } else {
      throw DatasetError.unknownSource(text: text)
    }
  }

  /// The words that stand before a colon.
  static let kinds =
    ["fashion-mnist", "cifar10", "imagenet32", "imagenet64"] + LSUN.Category.allCases.map { "lsun-\($0.rawValue)" }
    + ["celeba", "celebahq", "tfrecord", "idx", "packed", "pictures"]

  private static func source(_ kind: String, _ directory: URL, _ options: inout SourceOptions) -> DatasetSource? {
    switch kind {
    case "fashion-mnist": .fashionMNIST(directory: directory)
    case "cifar10": .cifar10(directory: directory)
    case "imagenet32": .imageNet(side: 32, directory: directory)
    case "imagenet64": .imageNet(side: 64, directory: directory)
    case "celeba": .celebA(directory: directory, centre: options.take("centre"))
    case "celebahq": .celebAHQ(directory: directory)
    case "tfrecord":
      .tfRecords(directory: directory, classes: options.take("classes"), hasAttributes: options.takeFlag("attributes"))
    case "idx": .idx(directory: directory)
    case "packed": .packed(directory: directory)
    case "pictures": .pictures(folder: directory)
    default:
      LSUN.Category(rawValue: String(kind.dropFirst("lsun-".count)))
        .map { .lsun($0, directory: directory, crop: options.take("crop")) }
    }
  }

  /// Opens one split. Where a set has no validation images of its own, some of its training images, chosen by `seed`,
  /// are the validation split: 5,000, or one in twelve if these are fewer. The published validation images of sets that
  /// have no others are the test split. For folders see ``ImageFolder``.
  ///
  /// - Parameters:
  ///   - size: images are cropped in the middle to this aspect and resized; nil keeps their size.
  ///   - channels: 1 or 3; nil keeps what there is.
  /// - Throws: `DatasetError`, `ImagingError` or `SafetensorsError`, naming the file.
  public func open(
    split: DatasetSplit, size: (height: Int, width: Int)? = nil, channels: Int? = nil, seed: UInt64
  ) throws -> any ImageDataset {
    if split == .test || hasOwnValidation { return try openOwn(split, size: size, channels: channels, seed: seed) }
    let parts = try cutTraining(size: size, channels: channels, seed: seed)
    return split == .train ? parts.train : parts.validation
  }

  /// Opens the training and the validation split together: the same images as `open` gives, held in memory once.
  /// - Parameter toleratingDamage: whether picture files that are none are left to be reported when they are read, for
  ///   ``SkippingDataset``.
  public func openTraining(
    size: (height: Int, width: Int)? = nil, channels: Int? = nil, seed: UInt64, toleratingDamage: Bool = false
  ) throws -> (train: any ImageDataset, validation: any ImageDataset) {
    guard hasOwnValidation else { return try cutTraining(size: size, channels: channels, seed: seed) }
    func open(_ split: DatasetSplit) throws -> any ImageDataset {
      try openOwn(split, size: size, channels: channels, seed: seed, toleratingDamage: toleratingDamage)
    }
    return (try open(.train), try open(.validation))
  }

  /// Whether images have no size of their own that all of a split share, so that one should be given.
  public var needsSize: Bool {
    switch resolved {
    case .pictures, .lsun, .celebAHQ: true
    default: false
    }
  }

  /// Folders of pictures cut their validation split themselves.
  private var hasOwnValidation: Bool {
    switch resolved {
    case .fashionMNIST, .cifar10, .imageNet, .lsun, .idx: false
    case .celebA, .celebAHQ, .pictures: true
    case .packed(let directory): (try? PackedIndex(of: directory))?.splits[DatasetSplit.validation.rawValue] != nil
    case .tfRecords(let directory, _, _):
      // The released program's two splits are train and validation, and the latter is the one to report on.
      Self.hasRecords(directory, .test) && Self.hasRecords(directory, .validation)
    }
  }

  /// A folder of pictures that is one of packed shards, as such.
  var resolved: DatasetSource {
    if case .pictures(let folder) = self, PackedIndex.isIn(folder) { return .packed(directory: folder) }
    return self
  }

  private func cutTraining(
    size: (height: Int, width: Int)?, channels: Int?, seed: UInt64
  ) throws -> (train: any ImageDataset, validation: any ImageDataset) {
    // Fashion-MNIST and CIFAR-10 give 5,000 whatever their size.
    let cut = { (count: Int) in
      switch self {
      case .fashionMNIST, .cifar10: 5000
      case .idx: max(1, count / 12)
      default: min(5000, max(1, count / 12))
      }
    }
    let official = try openOwn(.train, size: size, channels: channels, seed: seed)
    return try official.cuttingValidation(of: cut(official.count), seed: seed)
  }

  /// A split that the set has itself: all of its training images, for one.
  private func openOwn(
    _ split: DatasetSplit, size: (height: Int, width: Int)?, channels: Int?, seed: UInt64,
    toleratingDamage: Bool = false
  ) throws -> any ImageDataset {
    func fitted(_ dataset: any ImageDataset) -> any ImageDataset {
      let shape = ImageShape(
        height: size?.height ?? dataset.shape.height, width: size?.width ?? dataset.shape.width,
        channels: channels ?? dataset.shape.channels)
      return shape == dataset.shape ? dataset : FittedDataset(dataset, shape: shape)
    }
    switch resolved {
    case .fashionMNIST(let directory): return fitted(try FashionMNIST.open(directory: directory, split: split))
    case .cifar10(let directory): return fitted(try CIFAR10.open(directory: directory, split: split))
    case .imageNet(let side, let directory):
      return fitted(try DownsampledImageNet.open(directory, side: side, split: split))
    case .lsun(let category, let directory, let crop):
      return try LSUN(
        category, directory: directory, split: split, crop: crop, size: size ?? Self.usualLSUNSize,
        channels: channels ?? 3)
    case .celebA(let directory, let centre):
      return try CelebA.open(
        directory: directory, split: split, centre: centre, size: size, channels: channels,
        toleratingDamage: toleratingDamage)
    case .celebAHQ(let directory):
      return try CelebAHQ.open(
        directory: directory, split: split, size: size, channels: channels, seed: seed,
        toleratingDamage: toleratingDamage)
    case .tfRecords(let directory, let classes, let hasAttributes):
      let part = split == .test && !Self.hasRecords(directory, .test) ? .validation : split
      let side = size.flatMap { $0.height == $0.width ? $0.height : nil }
      return fitted(
        RenamedSplit(
          try TFRecordDataset(
            directory: directory, split: part, side: side, classes: classes, hasAttributes: hasAttributes),
          as: split))
    case .idx(let directory): return fitted(try IDXDataset(directory: directory, split: split))
    case .packed(let directory): return fitted(try PackedDataset(directory: directory, split: split))
    case .pictures(let folder):
      return try ImageFolder(
        folder, split: split, size: size, channels: channels, seed: seed, toleratingDamage: toleratingDamage)
    }
  }

  private static func hasRecords(_ directory: URL, _ split: DatasetSplit) -> Bool {
    // Shards that are there but not complete are for the opening to report.
    do { return try TFRecordShards(of: directory, split: split, side: nil) != nil } catch { return true }
  }

  private static func folder(_ path: String) -> URL {
    URL(fileURLWithPath: NSString(string: path).expandingTildeInPath)
  }
}

extension DatasetSource {
  /// A split as `glow data check` reads it: all of the images that the set assigns to it, nothing cut by seed; nil for
  /// a split that the set does not have. Pictures are decoded at a small size, whatever their own.
  func openForChecking(_ split: DatasetSplit) throws -> (any ImageDataset)? {
    let small = (height: 8, width: 8)
    switch resolved {
    case .pictures(let folder):
      guard let members = try ImageFolderLayout(of: folder).everything(of: split) else { return nil }
      return try ImageFolder(
        name: folder.lastPathComponent, split: split, files: members.files, folder: folder, labels: members.labels,
        classNames: members.classNames, attributes: members.attributes, size: small, channels: 3, heads: .needed)
    case .celebA(let directory, _):
      return try CelebA.open(
        directory: directory, split: split, centre: nil, size: small, channels: 3, heads: .needed)
    case .celebAHQ(let directory):
      return try CelebAHQ.openForChecking(directory: directory, split: split, size: small, channels: 3)
    case .packed(let directory):
      return try PackedIndex(of: directory).splits[split.rawValue] == nil
        ? nil : PackedDataset(directory: directory, split: split)
    case .tfRecords(let directory, let classes, let hasAttributes):
      return split != .train && !Self.hasRecords(directory, split)
        ? nil
        : try TFRecordDataset(directory: directory, split: split, classes: classes, hasAttributes: hasAttributes)
    case .lsun(let category, let directory, let crop):
      return split == .validation
        ? nil
        : try LSUN(
          category, directory: directory, split: split, crop: crop, size: crop == nil ? small : Self.usualLSUNSize)
    default: return split == .validation ? nil : try openOwn(split, size: nil, channels: nil, seed: 0)
    }
  }
}

extension DatasetSource: CustomStringConvertible {
  public var description: String {
    switch self {
    case .fashionMNIST(FashionMNIST.defaultDirectory): "fashion-mnist"
    case .fashionMNIST(let directory): "fashion-mnist:\(directory.path)"
    case .cifar10(let directory): "cifar10:\(directory.path)"
    case .imageNet(let side, let directory): "imagenet\(side):\(directory.path)"
    case .lsun(let category, let directory, let crop):
      "lsun-\(category.rawValue)\(crop.map { ",crop=\($0)" } ?? ""):\(directory.path)"
    case .celebA(let directory, let centre): "celeba\(centre.map { ",centre=\($0)" } ?? ""):\(directory.path)"
    case .celebAHQ(let directory): "celebahq:\(directory.path)"
    case .tfRecords(let directory, let classes, let hasAttributes):
      "tfrecord\(classes.map { ",classes=\($0)" } ?? "")\(hasAttributes ? ",attributes" : ""):\(directory.path)"
    case .idx(let directory): "idx:\(directory.path)"
    case .packed(let directory): "packed:\(directory.path)"
    case .pictures(let folder):
      // A path that reads like a kind and its folder needs the word before it.
      if case .pictures = try? DatasetSource(parsing: folder.path) { folder.path } else { "pictures:\(folder.path)" }
    }
  }
}
