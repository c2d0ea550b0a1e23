import Foundation

/// Fashion-MNIST (Xiao, Rasul and Vollgraf 2017): 60,000 training and 10,000 test images, 28x28, gray, 10 classes.
public enum FashionMNIST {
  /// Where the Debian package `dataset-fashion-mnist` puts its files.
  public static let defaultDirectory = URL(fileURLWithPath: "/usr/share/datasets/fashion-mnist")

  /// The names of labels 0 to 9.
  public static let classNames = [
    "t-shirt/top", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot",
  ]

  /// Opens a split.
  ///
  /// - Parameter split: `.test`, or `.train` for all 60,000 training images.
  /// - Throws: `DatasetError`, naming the file and the field, and how to get the files when they are not there.
  public static func open(directory: URL = defaultDirectory, split: DatasetSplit) throws -> IDXDataset {
    try IDXDataset(
      directory: directory, split: split, name: "fashion-mnist", classNames: classNames,
      adviceIfMissing: "get Fashion-MNIST with `apt install dataset-fashion-mnist` or `make data`")
  }
}

/// `fashion-mnist`, with a folder or without.
struct FashionMNISTKind: DatasetKind {
  let name = "fashion-mnist"

  var entry: DatasetEntry {
    DatasetEntry(
      spelling: name, title: "Fashion-MNIST",
      images: "28x28 gray, 10 classes: 60,000 training and 10,000 test images",
      origin: "Xiao, Rasul and Vollgraf 2017, Zalando Research; https://github.com/zalandoresearch/fashion-mnist",
      terms: "MIT license",
      files: [
        "train-images-idx3-ubyte (47,040,016 bytes), train-labels-idx1-ubyte (60,008), t10k-images-idx3-ubyte "
          + "(7,840,016), t10k-labels-idx1-ubyte (10,008), each plain or .gz",
        "or Debian's package dataset-fashion-mnist, and no folder named",
      ])
  }

  var defaultDirectory: URL? { FashionMNIST.defaultDirectory }

  func publishedCounts(of location: DatasetLocation) -> [DatasetSplit: Int] { [.train: 60_000, .test: 10_000] }

  func validationCount(cutFrom count: Int) -> Int { 5000 }

  func open(_ location: DatasetLocation, _ request: DatasetRequest) throws -> any ImageDataset {
    try FashionMNIST.open(directory: location.directory, split: request.split)
  }
}

extension DatasetSource {
  /// Fashion-MNIST; see ``FashionMNIST``.
  public static func fashionMNIST(directory: URL = FashionMNIST.defaultDirectory) -> DatasetSource {
    DatasetSource(FashionMNISTKind(), directory)
  }
}
