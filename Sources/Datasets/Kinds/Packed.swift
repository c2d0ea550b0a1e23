import Files
import Foundation

/// `packed`: what `glow data pack` wrote; see ``PackedDataset``.
struct PackedKind: DatasetKind {
  let name = "packed"

  var entry: DatasetEntry {
    DatasetEntry(
      spelling: "\(name):FOLDER, or FOLDER", title: "Packed shards",
      images: "whatever was packed, of one size, with labels and attributes; may be larger than memory",
      origin: "`glow data pack`", terms: "those of the images",
      files: ["dataset.json and SPLIT-NNNNN-of-NNNNN.safetensors, each with its CRC-32C in dataset.json"])
  }

  func hasOwnValidation(_ location: DatasetLocation) -> Bool {
    (try? PackedIndex(of: location.directory))?.splits[DatasetSplit.validation.rawValue] != nil
  }

  func open(_ location: DatasetLocation, _ request: DatasetRequest) throws -> any ImageDataset {
    try open(location, request.split)
  }

  private func open(_ location: DatasetLocation, _ split: DatasetSplit) throws -> PackedDataset {
    var dataset = try PackedDataset(directory: location.directory, split: split)
    dataset.notes = notesOnFiles(in: location.directory, beside: "packed set") { _ in false }.map { printable($0) }
    return dataset
  }

  func openForChecking(_ location: DatasetLocation, _ split: DatasetSplit) throws -> (any ImageDataset)? {
    try PackedIndex(of: location.directory).splits[split.rawValue] == nil
      ? nil : open(location, split)
  }
}

extension DatasetSource {
  /// Packed shards; see ``PackedDataset``.
  public static func packed(directory: URL) -> DatasetSource { DatasetSource(PackedKind(), directory) }
}
