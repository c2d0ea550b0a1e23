import Foundation

/// `idx`: a folder with the four IDX files under MNIST's names; see ``IDXDataset``.
struct IDXKind: DatasetKind {
  let name = "idx"

  var entry: DatasetEntry {
    DatasetEntry(
      spelling: "\(name):FOLDER", title: "IDX files under MNIST's names",
      images: "gray, of one size, with classes", origin: "format by LeCun, Cortes and Burges; yours",
      terms: "those of the images",
      files: [
        "train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte, or .gz"
      ])
  }

  func validationCount(cutFrom count: Int) -> Int { max(1, count / 12) }

  func open(_ location: DatasetLocation, _ request: DatasetRequest) throws -> any ImageDataset {
    try IDXDataset(directory: location.directory, split: request.split)
  }
}

extension DatasetSource {
  /// A folder with the four IDX files under MNIST's names; see ``IDXDataset``.
  public static func idx(directory: URL) -> DatasetSource { DatasetSource(IDXKind(), directory) }
}
