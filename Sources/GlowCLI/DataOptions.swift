import ArgumentParser
import Datasets
import Foundation

/// A size in pixels as a person writes it: `32` or `24x32` (height x width).
struct PixelSize: ExpressibleByArgument {
  let height: Int
  let width: Int

  init?(argument: String) {
    let parts = argument.lowercased().split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
    guard (1...2).contains(parts.count), let height = parts[0], let width = parts[parts.count - 1],
      height > 0, width > 0
    else { return nil }
    (self.height, self.width) = (height, width)
  }
}

/// Opens a split of `source` at the size of a model.
func openData(
  _ source: String, split: DatasetSplit, height: Int?, width: Int?, channels: Int?, seed: UInt64, limit: Int? = nil
) throws -> any ImageDataset {
  let size = height.flatMap { height in width.map { (height, $0) } }
  let dataset = try DatasetSource(parsing: source).open(split: split, size: size, channels: channels, seed: seed)
  guard let limit else { return dataset }
  return DatasetPrefix(of: dataset, limit: min(limit, dataset.count))
}
