import Foundation

/// The files of one split in a folder of TFRecord shards, named as the released Glow program names them:
/// `SPLIT/*-rNN-s-SSSS-of-TTTT.tfrecords`, where 2^NN is the side of the images. Files that begin with the split's name
/// in the folder itself will do, and so will names without these parts.
struct TFRecordShards {
  let urls: [URL]
  /// In pixels; nil when the names do not tell.
  let side: Int?

  /// - Parameter side: which resolution to take where there are several; without such, the largest.
  /// - Returns: nil when there are no files of the split.
  /// - Throws: `DatasetError.missingFile` when shards are missing.
  init?(of directory: URL, split: DatasetSplit, side wanted: Int?) throws {
    let files = Self.names(split).lazy.map { Self.files(of: directory, split: $0) }.first { !$0.isEmpty } ?? []
    let bySide = Dictionary(grouping: files, by: Self.side)
    guard let largest = bySide.keys.max(by: { ($0 ?? 0) < ($1 ?? 0) }) else { return nil }
    let chosen = wanted.flatMap { bySide[$0] == nil ? nil : $0 } ?? largest
    side = chosen
    urls = bySide[chosen]!.sorted { $0.lastPathComponent < $1.lastPathComponent }
    try checkNumbers()
  }

  private static func names(_ split: DatasetSplit) -> [String] {
    split == .validation ? ["validation", "val"] : [split.rawValue]
  }

  private static func files(of directory: URL, split: String) -> [URL] {
    func records(_ folder: URL) -> [URL] {
      let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
      return names.filter { $0.hasSuffix(".tfrecords") || $0.hasSuffix(".tfrecord") }
        .map { folder.appendingPathComponent($0) }
    }
    let own = records(directory.appendingPathComponent(split))
    return own.isEmpty ? records(directory).filter { $0.lastPathComponent.hasPrefix(split) } : own
  }

  private static func side(_ url: URL) -> Int? {
    guard let match = url.lastPathComponent.firstMatch(of: /-r(\d\d)-/), let power = Int(match.1), power < 16 else {
      return nil
    }
    return 1 << power
  }

  private func checkNumbers() throws {
    for url in urls {
      guard let match = url.lastPathComponent.firstMatch(of: /-of-0*(\d+)\.tfrecords?$/), let count = Int(match.1)
      else { continue }
      guard urls.count == count else {
        throw DatasetError.wrongField(
          file: url.path, field: "number of shards beside it", expected: "\(count) by its name", found: "\(urls.count)")
      }
    }
  }
}
