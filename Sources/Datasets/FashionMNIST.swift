import Foundation

/// Fashion-MNIST (Xiao, Rasul and Vollgraf 2017): 60,000 training and 10,000 test images, 28x28, gray, 10 classes.
public enum FashionMNIST {
  /// Where the Debian package `dataset-fashion-mnist` puts its files.
  public static let defaultDirectory = URL(fileURLWithPath: "/usr/share/datasets/fashion-mnist")

  public static let classNames = [
    "t-shirt/top", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot",
  ]

  /// - Parameter split: `.test`, or `.train` for all 60,000 training images.
  /// - Throws: `DatasetError`, naming the file and the field, and how to get the files when they are not there.
  public static func open(directory: URL = defaultDirectory, split: DatasetSplit) throws -> IDXDataset {
    try IDXDataset(
      directory: directory, split: split, name: "fashion-mnist", classNames: classNames,
      adviceIfMissing: "get Fashion-MNIST with `apt install dataset-fashion-mnist` or `make data`")
  }
}
