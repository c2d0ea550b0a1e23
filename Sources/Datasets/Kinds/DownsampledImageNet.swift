import Foundation

/// ImageNet at 32x32 or 64x64 pixels, RGB, in either of the two forms in which it is distributed.
///
/// - NPZ batches (Chrabaszcz, Loshchilov and Hutter 2017): `train_data_batch_1.npz` to `train_data_batch_10.npz` and
///   `val_data.npz`, each with `data`, uint8 `[images, 3 * side * side]` in planes, and `labels` from 1 to 1000.
/// - Folders of PNG pictures without labels (van den Oord, Kalchbrenner and Kavukcuoglu 2016): `train_32x32` and
///   `valid_32x32`, or `train_64x64` and `valid_64x64`.
///
/// The two were scaled down by different filters: likelihoods on one do not compare with those on the other.
enum DownsampledImageNet {
  static let classNames = (1...1000).map(String.init)

  /// - Parameters:
  ///   - side: 32 or 64.
  ///   - split: `.test` for the published validation images, or `.train`.
  /// - Throws: `DatasetError`, naming the file.
  static func open(_ directory: URL, side: Int, split: DatasetSplit) throws -> any ImageDataset {
    precondition(split != .validation, "the published validation images are the test split")
    let name = "imagenet\(side)"
    let folder = directory.appendingPathComponent("\(split == .test ? "valid" : "train")_\(side)x\(side)")
    if FileManager.default.fileExists(atPath: folder.path) {
      let listing = try PictureListing(of: FolderTree(of: folder))
      return try ImageFolder(
        name: name, split: split,
        PictureLayout.Members(heads: PictureHeads(listing.tree), files: listing.pictures, notes: listing.notes),
        shape: ImageShape(height: side, width: side, channels: 3))
    }
    let names = split == .test ? ["val_data"] : (1...10).map { "train_data_batch_\($0)" }
    return try NPZDataset(
      names.map { .init(file: directory.appendingPathComponent("\($0).npz"), images: "data", labels: "labels") },
      layout: .planes, side: side, name: name, split: split, classNames: classNames, firstLabel: 1,
      shuffleBlock: PackedDataset.shuffleBlock(of: ImageShape(height: side, width: side, channels: 3)),
      adviceIfMissing: "expected train_data_batch_1.npz to train_data_batch_10.npz and val_data.npz, or the folders "
        + "train_\(side)x\(side) and valid_\(side)x\(side), in the folder named")
  }
}

/// `imagenet32` or `imagenet64`.
struct DownsampledImageNetKind: DatasetKind {
  let side: Int

  var name: String { "imagenet\(side)" }

  var entry: DatasetEntry {
    DatasetEntry(
      spelling: "\(name):FOLDER", title: "ImageNet \(side)x\(side)",
      images:
        "\(side)x\(side) RGB; npz, 1000 classes: 1,281,167 training and 50,000 validation images (the test split "
        + "here); PNG, no classes: 1,281,149 and 49,999",
      origin:
        "Chrabaszcz, Loshchilov and Hutter 2017 (npz) and van den Oord, Kalchbrenner and Kavukcuoglu 2016 (PNG), "
        + "from ImageNet, Russakovsky et al. 2015; https://www.image-net.org/download.php",
      terms: "ImageNet's terms of access: non-commercial research and education, after registration",
      files: [
        "train_data_batch_1.npz to train_data_batch_10.npz and val_data.npz with data (uint8 [images, "
          + "\(3 * side * side)], in planes) and labels 1 to 1000",
        "or the folders train_\(side)x\(side) and valid_\(side)x\(side) of PNG pictures",
        "the two forms were scaled down by different filters: their bits/dim do not compare; the Glow paper's are of "
          + "the PNG form",
      ])
  }

  func publishedCounts(of location: DatasetLocation) -> [DatasetSplit: Int] {
    let isPNG = FileManager.default.fileExists(
      atPath: location.directory.appendingPathComponent("train_\(side)x\(side)").path)
    return isPNG ? [.train: 1_281_149, .test: 49_999] : [.train: 1_281_167, .test: 50_000]
  }

  func open(_ location: DatasetLocation, _ request: DatasetRequest) throws -> any ImageDataset {
    try DownsampledImageNet.open(location.directory, side: side, split: request.split)
  }
}

extension DatasetSource {
  /// ImageNet scaled down to a side of 32 or 64 pixels.
  public static func imageNet(side: Int, directory: URL) -> DatasetSource {
    precondition(side == 32 || side == 64, "the side is 32 or 64, got \(side)")
    return DatasetSource(DownsampledImageNetKind(side: side), directory)
  }
}
