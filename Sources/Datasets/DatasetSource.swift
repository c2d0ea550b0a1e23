import Foundation

/// Where images come from, as a person writes it: `fashion-mnist`, or the kind of a data set and its folder, such as
/// `cifar10:FOLDER` or `lsun-tower,crop=96:FOLDER`, or the path of a folder of pictures or of packed shards. The kinds
/// and their options are those of ``DatasetKinds``.
///
/// ```swift
/// let source = try DatasetSource(parsing: "fashion-mnist")
/// let (train, validation) = try source.openTraining(seed: 0)
/// print(source, train.shape, train.count, validation.count)  // fashion-mnist 28x28x1 55000 5000
/// let first = try train.image(at: 0)
/// print(train.classNames[train.label(at: 0)!], first.width, first.height)  // ankle boot 28 28
/// ```
public struct DatasetSource: Sendable {
  private let kind: any DatasetKind
  private let location: DatasetLocation

  init(_ kind: any DatasetKind, _ location: DatasetLocation) { (self.kind, self.location) = (kind, location) }

  init(_ kind: any DatasetKind, _ directory: URL) { self.init(kind, DatasetLocation(directory)) }

  /// Reads what `description` writes. Nothing is looked up on disk; a `~` at the start of a path is the home folder.
  ///
  /// - Throws: `DatasetError.unknownSource` or `.wrongOption`.
  public init(parsing text: String) throws { try self.init(parsing: text, among: DatasetKinds.all) }

  init(parsing text: String, among kinds: [any DatasetKind]) throws {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    let words = parts[0].split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    func kind(_ name: String) -> (any DatasetKind)? { kinds.first { $0.name == name } }
    func folder(_ path: String) -> URL { URL(fileURLWithPath: NSString(string: path).expandingTildeInPath) }
    if let kind = kind(text), let directory = kind.defaultDirectory {
      self.init(kind, directory)
    } else if parts.count == 2, !parts[1].isEmpty, let kind = kind(words[0]) {
      self.init(kind, try DatasetLocation(folder(parts[1]), options: words.dropFirst(), of: kind))
    } else if !parts[0].isEmpty, parts.count == 1 || parts[0].contains("/"), kind(text) == nil {
      self.init(DatasetKinds.ofPaths, folder(text))
    } else {
      throw DatasetError.unknownSource(text: text)
    }
  }

  /// Reads what a person says: a folder or a file that is there wins over the word for a set, unless it is empty, a run, a
  /// model or a report.
  ///
  /// - Throws: as ``init(parsing:)``.
  public init(naming text: String) throws {
    try self.init(naming: text, from: URL(filePath: FileManager.default.currentDirectoryPath))
  }

  init(naming text: String, from working: URL) throws {
    let word = try? DatasetSource(parsing: text)
    let expanded = NSString(string: text).expandingTildeInPath
    let path = expanded.hasPrefix("/") ? expanded : working.appending(path: expanded).path
    if word?.kind.name != DatasetKinds.ofPaths.name, !text.isEmpty, FileManager.default.fileExists(atPath: path),
      Self.mayHoldImages(URL(fileURLWithPath: path))
    {
      self.init(DatasetKinds.ofPaths, URL(fileURLWithPath: path))
    } else {
      try self.init(parsing: text)
    }
  }

  /// Whether something is there that may hold images: no empty folder, no run, no model and no report.
  private static func mayHoldImages(_ place: URL) -> Bool {
    guard let names = try? FileManager.default.contentsOfDirectory(atPath: place.path) else { return true }
    return !names.isEmpty && !FolderContents.isRun(place) && !FolderContents.isModel(place)
      && !FolderContents.isReport(place)
  }

  /// Opens one split. Where a set has no validation images of its own, some of its training images, chosen by `seed`,
  /// are the validation split: 5,000, or one in twelve if these are fewer. The published validation images of sets that
  /// have no others are the test split. For folders see ``ImageFolder``.
  ///
  /// - Parameters:
  ///   - size: images are cropped in the middle to this aspect and resized; nil keeps their size.
  ///   - channels: 1 or 3; nil keeps what there is.
  ///   - toleratingDamage: whether picture files that are none are left to be reported when they are read, for
  ///     ``UndamagedImages``.
  ///   - reading: how pictures are decoded, and where they are kept.
  /// - Throws: `DatasetError`, `ImagingError` or `SafetensorsError`, naming the file.
  public func open(
    split: DatasetSplit, size: (height: Int, width: Int)? = nil, channels: Int? = nil, seed: UInt64,
    toleratingDamage: Bool = false, reading: PictureReading = PictureReading()
  ) throws -> any ImageDataset {
    let request = DatasetRequest(
      split: split, size: size, channels: channels, seed: seed, toleratingDamage: toleratingDamage, reading: reading)
    if split == .test || resolved.hasOwnValidation(location) { return try openOwn(request) }
    let parts = try cutTraining(request)
    return split == .train ? parts.train : parts.validation
  }

  /// Opens the training and the validation split together: the same images as `open` gives, held in memory once.
  ///
  /// - Parameters:
  ///   - toleratingDamage: whether picture files that are none are left to be reported when they are read, for
  ///     ``SkippingDataset``.
  ///   - reading: how pictures are decoded, and where they are kept.
  public func openTraining(
    size: (height: Int, width: Int)? = nil, channels: Int? = nil, seed: UInt64, toleratingDamage: Bool = false,
    reading: PictureReading = PictureReading()
  ) throws -> (train: any ImageDataset, validation: any ImageDataset) {
    var request = DatasetRequest(
      split: .train, size: size, channels: channels, seed: seed, toleratingDamage: toleratingDamage, reading: reading)
    guard resolved.hasOwnValidation(location) else { return try cutTraining(request) }
    let train = request
    request.split = .validation
    let parts = try openOwn([train, request])
    return (parts[0], parts[1])
  }

  /// The folder that the images are in.
  public var folder: URL { location.directory }

  /// Whether a picture file that is written there would be one of the images.
  public func wouldTake(_ file: URL) -> Bool {
    let (root, path) = (folder.resolvingSymlinksInPath().path, file.resolvingSymlinksInPath().path)
    return resolved.name == DatasetKinds.ofPaths.name && path.utf8.starts(with: (root + "/").utf8)
  }

  /// Whether images have no size of their own that all of a split share, so that one should be given.
  public var needsSize: Bool { resolved.needsSize }

  private var resolved: any DatasetKind { kind.resolved(at: location) }

  private func cutTraining(
    _ request: DatasetRequest
  ) throws -> (train: any ImageDataset, validation: any ImageDataset) {
    var request = request
    request.split = .train
    let official = try openOwn(request)
    return try official.cuttingValidation(
      of: resolved.validationCount(cutFrom: official.count), seed: request.seed)
  }

  /// A split that the set has itself, at the size and with the channels asked for.
  private func openOwn(_ request: DatasetRequest) throws -> any ImageDataset {
    try openOwn([request])[0]
  }

  private func openOwn(_ requests: [DatasetRequest]) throws -> [any ImageDataset] {
    try zip(requests, resolved.open(location, requests)).map { request, dataset in
      let shape = ImageShape(
        height: request.size?.height ?? dataset.shape.height, width: request.size?.width ?? dataset.shape.width,
        channels: request.channels ?? dataset.shape.channels)
      return shape == dataset.shape ? dataset : FittedDataset(dataset, shape: shape)
    }
  }
}

/// What `glow data check` asks.
extension DatasetSource {
  func openForChecking(_ split: DatasetSplit) throws -> (any ImageDataset)? {
    try resolved.openForChecking(location, split)
  }

  /// Why the set cannot be trained with, where its images are so few that there may be a reason.
  func reasonAgainstTraining(images: Int) -> (any Error)? {
    guard images < PictureLayout.needed(isWhole: true) else { return nil }
    do {
      _ = try openTraining(size: DatasetRequest.checkingSize, seed: 0)
      return nil
    } catch { return error }
  }

  var publishedCounts: [DatasetSplit: Int] { kind.publishedCounts(of: location) }

  func fileChecks() -> [IntegrityCheck] { kind.fileChecks(of: location) }
}

extension DatasetSource: CustomStringConvertible {
  /// The text that ``init(parsing:)`` reads as this source.
  public var description: String {
    let path = location.directory.path
    if location.directory == kind.defaultDirectory { return kind.name }
    // A path that reads like a kind and its folder needs the word before it.
    let options = kind.options.compactMap { option in location[option].map(option.written) }
    if kind.name == DatasetKinds.ofPaths.name, options.isEmpty,
      (try? DatasetSource(parsing: path))?.kind.name == kind.name
    {
      return path
    }
    return ([kind.name] + options).joined(separator: ",") + ":" + path
  }
}

extension DatasetSource: Hashable {
  public static func == (a: DatasetSource, b: DatasetSource) -> Bool {
    a.kind.name == b.kind.name && a.location == b.location
  }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(kind.name)
    hasher.combine(location)
  }
}

// Where a set is, for whoever has to find it again.
extension DatasetSource {
  /// What holds the images: most often a folder.
  public var directory: URL { location.directory }

  /// Whether the set lies where its package puts it, so that no folder has to be named.
  public var isInstalled: Bool { location.directory == kind.defaultDirectory }

  /// Whether there is anything where the images should be.
  public var exists: Bool { FileManager.default.fileExists(atPath: location.directory.path) }

  /// The same kind of set, with the same options, in another folder.
  public func moved(to directory: URL) -> DatasetSource { DatasetSource(kind, location.moved(to: directory)) }

  /// Whether both are one set in one place, however it was written: `photos`, `./photos/` and a link to it are the same.
  public func isSame(as other: DatasetSource) -> Bool {
    func resolved(_ source: DatasetSource) -> DatasetSource {
      source.moved(to: URL(filePath: source.directory.resolvingSymlinksInPath().standardizedFileURL.path))
    }
    return resolved(self) == resolved(other)
  }
}
