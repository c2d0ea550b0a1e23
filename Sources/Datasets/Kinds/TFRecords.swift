import Foundation

/// `tfrecord`: the shards of the program beside the Glow paper; see ``TFRecordDataset``.
struct TFRecordsKind: DatasetKind {
  let name = "tfrecord"

  /// The `classes` of ``TFRecordDataset``.
  static let classes = DatasetOption("classes", "NUMBER")
  /// The `hasAttributes` of ``TFRecordDataset``.
  static let attributes = DatasetOption(flag: "attributes")

  var entry: DatasetEntry {
    DatasetEntry(
      spelling: "\(name):FOLDER", title: "TFRecord shards of the released Glow program",
      images: "any of one size: tf.train.Example with shape, data (uint8, channels last) and label",
      origin: "made by the program beside the paper, Kingma and Dhariwal 2018; https://github.com/openai/glow",
      terms: "those of the images",
      files: [
        "train/*-rNN-s-SSSS-of-TTTT.tfrecords and validation/*-rNN-s-SSSS-of-TTTT.tfrecords, images of 2^NN pixels; "
          + "without test/ the validation shards are the test split"
      ],
      options: [
        "tfrecord,classes=1000:FOLDER: labels are 0 to 999; else they are left out",
        "tfrecord,attributes:FOLDER: the feature attr holds CelebA's 40 attributes",
      ])
  }

  let options = [Self.classes, Self.attributes]

  /// The released program's two splits are train and validation, and the latter is the one to report on.
  func hasOwnValidation(_ location: DatasetLocation) -> Bool {
    hasRecords(location, .test) && hasRecords(location, .validation)
  }

  func open(_ location: DatasetLocation, _ request: DatasetRequest) throws -> any ImageDataset {
    let split = request.split == .test && !hasRecords(location, .test) ? .validation : request.split
    let side = request.size.flatMap { $0.height == $0.width ? $0.height : nil }
    return RenamedSplit(try open(location, split, side: side), as: request.split)
  }

  func openForChecking(_ location: DatasetLocation, _ split: DatasetSplit) throws -> (any ImageDataset)? {
    split != .train && !hasRecords(location, split) ? nil : try open(location, split, side: nil)
  }

  private func open(_ location: DatasetLocation, _ split: DatasetSplit, side: Int?) throws -> TFRecordDataset {
    try TFRecordDataset(
      directory: location.directory, split: split, side: side, classes: location[Self.classes],
      hasAttributes: location[Self.attributes] != nil)
  }

  private func hasRecords(_ location: DatasetLocation, _ split: DatasetSplit) -> Bool {
    // Shards that are there but not complete are for the opening to report.
    do { return try TFRecordShards(of: location.directory, split: split, side: nil) != nil } catch { return true }
  }
}

extension DatasetSource {
  /// TFRecord shards of the released Glow program.
  /// - Parameters:
  ///   - classes: as in ``TFRecordDataset``.
  ///   - hasAttributes: as in ``TFRecordDataset``.
  public static func tfRecords(directory: URL, classes: Int? = nil, hasAttributes: Bool = false) -> DatasetSource {
    DatasetSource(
      TFRecordsKind(),
      DatasetLocation(
        directory, [TFRecordsKind.classes: classes, TFRecordsKind.attributes: hasAttributes ? 1 : nil]))
  }
}
