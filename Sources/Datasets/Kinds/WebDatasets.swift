import Foundation

/// `webdataset`, or the path of a folder of tar files alone; see ``WebDataset``.
struct WebDatasetKind: PictureSetKind {
  let name = "webdataset"

  var entry: DatasetEntry {
    DatasetEntry(
      spelling: "\(name):FOLDER, FOLDER or FILE.tar", title: "WebDataset shards",
      images: "PNG, JPEG and WebP; of one size, or cropped and resized to --size",
      origin: "the webdataset library, img2dataset and others; https://github.com/webdataset/webdataset",
      terms: "those of the pictures",
      files: [
        "tar files; in each, KEY.png (.jpg, .webp) beside KEY.cls, a whole number, or KEY.json, whose label, cls or class "
          + "is a whole number or a text",
        "splits by folder (train/0.tar) or by name (photos-val-0003.tar), else by seed",
      ],
      options: ["\(name),megapixels=300:FOLDER: the most pixels of a picture, in millions; 200 unless said"])
  }

  func splits(at location: DatasetLocation) throws -> any PictureSplits {
    try WebDataset(at: location.directory, pixelLimit: location.pixelLimit)
  }
}

extension DatasetSource {
  /// WebDataset shards: a tar file, or a folder of tar files.
  public static func webDataset(_ location: URL) -> DatasetSource { DatasetSource(WebDatasetKind(), location) }
}
