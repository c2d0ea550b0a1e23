import Datasets
import Files
import FlowModels
import Foundation
import Runs

/// The images that a model was trained on: how they were opened, where they were, and by what they are known again. A
/// checkpoint has this in `training.json`, an exported model in `data.json`.
///
/// ```swift
/// let checkpoint = try ModelLocation.resolve("runs/first")
/// if let images = try TrainedImages(ofModel: checkpoint) {
///   let found = try images.find()
///   print(found.source, found.train.count, found.validation.count)
/// }
/// ```
public struct TrainedImages: Sendable {
  /// As training was told.
  public let data: String
  /// Pixels that pictures were cropped and resized to; nil for their own.
  public let size: (height: Int, width: Int)?
  /// Those of the model, whatever the pictures would give a new one.
  public let channels: Int?
  /// Chose the images of splits that the set does not fix.
  public let seed: UInt64
  /// Whether the seed was written down; an older program's `data.json` has none.
  public private(set) var isSeedKnown = true
  /// How many images of a split that cannot be read may be skipped; nil for none.
  public let skipDamaged: Int?
  /// How pictures are decoded; the scale of JPEGs is that of training.
  public private(set) var reading: PictureReading
  let fingerprints: TrainingState.Fingerprints?
  private let place: ImagesPlace?
  /// Where the run of a checkpoint found the images later.
  private var placesSince: [DatasetSource] = []
  /// The folder of the run, or of the exported model.
  private let home: URL

  /// Images that were found where a model's should be.
  public struct Found: Sendable {
    /// Where they were found, which may be elsewhere than at first.
    public let source: DatasetSource
    /// The images that were trained on.
    public let train: any ImageDataset
    /// The images that were kept for validations.
    public let validation: any ImageDataset
  }

  /// The images of a run that has not begun.
  package init(_ settings: TrainingConfiguration, channels: Int) {
    self.init(settings, channels: channels, fingerprints: nil, place: nil, home: URL(filePath: "."))
  }

  /// - Parameter cache: where pictures are kept of the training and validation images.
  package init(_ state: TrainingState, of run: RunFolder, channels: Int, cache: PictureCache? = nil) {
    self.init(state.configuration, channels: channels, fingerprints: state.data, place: state.place, home: run.url)
    reading.cache = cache
  }

  private init(
    _ settings: TrainingConfiguration, channels: Int, fingerprints: TrainingState.Fingerprints?, place: ImagesPlace?,
    home: URL
  ) {
    data = settings.data
    size = settings.size
    self.channels = channels
    seed = settings.seed
    skipDamaged = settings.skipDamaged
    reading = settings.reading
    self.fingerprints = fingerprints
    self.place = place
    self.home = home
  }

  /// What a model's folder says of the images that it was trained on.
  /// - Returns: nil for a model that says nothing, such as an imported one.
  /// - Throws: `ModelError` or `TrainingError` naming the file and the field that is wrong.
  public init?(ofModel folder: URL) throws {
    let files = FileManager.default
    func channels() throws -> Int { try ModelFolder.readConfiguration(folder).channels }
    if files.fileExists(atPath: folder.appending(path: CheckpointSummary.stateName).path) {
      let run = folder.resolvingSymlinksInPath().deletingLastPathComponent().deletingLastPathComponent()
      try self.init(TrainingState.read(folder), of: RunFolder(run), channels: channels())
      if let newest = RunFolder(run).checkpoints.last, newest.lastPathComponent != folder.lastPathComponent {
        placesSince =
          (try? TrainingState.read(newest)).map { TrainedImages($0, of: RunFolder(run), channels: 1).places } ?? []
      }
      return
    }
    let url = folder.appending(path: Record.name)
    guard files.fileExists(atPath: url.path) else { return nil }
    let content: Data
    do { content = try Data(contentsOf: url) } catch {
      throw TrainingError("\(url.path) cannot be read: \(error.systemReason)")
    }
    let record = try ModelFolder.decode(Record.self, content, file: url.path)
    var settings = TrainingConfiguration(data: record.data)
    (settings.height, settings.width, settings.channels) = (record.height, record.width, record.channels)
    settings.seed = record.seed ?? 0
    settings.reducedDecoding = record.reducedDecoding
    // An older program did not say how many.
    settings.skipDamaged =
      record.skipDamaged ?? (record.toleratesDamage == true ? TrainingConfiguration.greatestLength : nil)
    do { try settings.validate() } catch { throw TrainingError("\(url.path): \(error)") }
    try self.init(
      settings, channels: record.channels ?? channels(), fingerprints: record.images, place: record.place, home: folder)
    isSeedKnown = record.seed != nil
  }

  /// Opens the training and the validation split of a source as training did.
  public func open(_ source: DatasetSource) throws -> Found {
    let (train, validation) = try source.openTraining(
      size: size, channels: channels, seed: seed, toleratingDamage: skipDamaged != nil, reading: reading)
    return Found(source: source, train: train, validation: validation)
  }

  /// Opens the test split of a source at the size and with the channels that training had; nil if there is none.
  public func openTest(_ source: DatasetSource) throws -> (any ImageDataset)? {
    do {
      return try source.open(
        split: .test, size: size, channels: channels, seed: seed, toleratingDamage: skipDamaged != nil,
        reading: reading)
    } catch let error as DatasetError {
      switch error {
      case .missingSplit, .tooFewImages: return nil
      default: throw error
      }
    }
  }

  /// How test images differ from those that the set of the training images had; nil if they do not, or if that is not
  /// known.
  public func difference(ofTest test: any ImageDataset) -> String? {
    fingerprints?.test.flatMap {
      TrainingState.Fingerprints.difference(ofTest: DatasetFingerprint(of: test), from: $0)
    }
  }

  /// Images of the training and the validation split, where that is known.
  public var counts: (train: Int, validation: Int)? {
    fingerprints.map { ($0.train.count, $0.validation.count) }
  }

  /// The data as a model may say it that is given away: with no folder of this machine but the images' own name.
  public var shareableData: String { giving.map(\.shareableDescription) ?? data }

  /// The place that a model says which is given away.
  private var giving: DatasetSource? {
    let places = places.filter { !$0.isInstalled }
    return places.first(where: \.exists) ?? places.first
  }

  /// Whether it is known how to tell these images from others.
  public var areKnownAgain: Bool { fingerprints != nil }

  /// How images differ from those that the model was trained on, as far as that is known; nil if they do not.
  public func difference(train: any ImageDataset, validation: any ImageDataset) -> String? {
    fingerprints.flatMap { TrainingState.Fingerprints(train: train, validation: validation).difference(from: $0) }
  }

  /// The same of images that were found.
  public func difference(of found: Found) -> String? { difference(train: found.train, validation: found.validation) }

  /// Whether a source is one of the places where these images may be.
  public func mayBe(in source: DatasetSource) -> Bool { places.contains { $0.isSame(as: source) } }

  /// Where to look: the whole path of when the run began, the way from the run's folder, and what was said then.
  private var places: [DatasetSource] {
    let said = (try? DatasetSource(parsing: data)).map { [$0] } ?? []
    return ((place?.sources(from: home) ?? []) + said + placesSince).reduce(into: []) { places, source in
      if !places.contains(where: source.isSame) { places.append(source) }
    }
  }

  /// Where the images are now. Nothing is opened where there is no mark to know them by.
  /// - Throws: as ``find(orOthers:)``.
  public func findSource() throws -> DatasetSource {
    guard areKnownAgain else {
      return try places.first { $0.exists || $0.isInstalled } ?? DatasetSource(parsing: data)
    }
    return try find().source
  }

  /// Finds the images again: the first place that has them. Others of the same name are not taken for them.
  /// - Parameter others: whether images that have changed are found too, where no place has those that were.
  /// - Throws: `TrainingError` if none are found or they differ; what opening them throws.
  public func find(orOthers others: Bool = false) throws -> Found {
    guard !places.isEmpty else { return try open(DatasetSource(parsing: data)) }
    var differing: (found: Found, difference: String)?
    var failure: (any Error)?
    for source in places where source.exists || source.isInstalled {
      do {
        let found = try open(source)
        guard let difference = difference(of: found) else { return found }
        differing = differing ?? (found, difference)
      } catch { failure = failure ?? error }
    }
    if let differing {
      if others { return differing.found }
      throw TrainingError(
        "the images of \(differing.found.source) are not those that the model was trained on: \(differing.difference); "
          + "bring those back, or name images with --data")
    }
    if let failure { throw failure }
    let looked = places.map(\.directory.path).joined(separator: " or ")
    throw TrainingError(
      "the images that the model was trained on, \(data), are not here (\(looked)): say where they are with --data"
    )
  }
}

// In the folder of an exported model.
extension TrainedImages {
  private struct Record: Codable {
    static let name = "data.json"

    var data: String
    var height: Int?
    var width: Int?
    var channels: Int?
    var seed: UInt64?
    var reducedDecoding: Bool?
    var toleratesDamage: Bool?
    var skipDamaged: Int?
    var images: TrainingState.Fingerprints?
    var place: ImagesPlace?
  }

  /// Writes `data.json` into a model's folder; removes what is there where nothing is known. It names no folder of this
  /// machine but the images' own and those between it and the model's folder.
  /// - Throws: `TrainingError` naming the file.
  public static func write(_ images: TrainedImages?, to folder: URL) throws {
    let url = folder.appending(path: Record.name)
    do {
      guard let images else {
        if FileManager.default.fileExists(atPath: url.path) { try FileManager.default.removeItem(at: url) }
        return
      }
      let source = images.giving
      let record = Record(
        data: images.shareableData, height: images.size?.height, width: images.size?.width,
        channels: images.channels,
        seed: images.seed, reducedDecoding: images.reading.reducesJPEGs ? true : nil,
        toleratesDamage: images.skipDamaged.map { _ in true }, skipDamaged: images.skipDamaged,
        images: images.fingerprints,
        place: source.flatMap { ImagesPlace(shareable: $0, from: folder) })
      try AtomicFile.store(JSONFile.pretty(record), at: url)
    } catch { throw TrainingError("\(url.path) cannot be written: \(error.systemReason)") }
  }
}

extension TrainingConfiguration {
  package var size: (height: Int, width: Int)? { height.flatMap { height in width.map { (height, $0) } } }

  /// The images that the settings name.
  package func openImages(
    keepingIn cache: PictureCache? = nil
  ) throws -> (train: any ImageDataset, validation: any ImageDataset) {
    var reading = reading
    reading.cache = cache
    return try DatasetSource(parsing: data).openTraining(
      size: size, channels: channels, seed: seed, toleratingDamage: skipDamaged != nil, reading: reading)
  }
}
