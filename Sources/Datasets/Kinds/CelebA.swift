import Files
import Foundation
import Imaging

/// CelebA (Liu, Luo, Wang and Tang 2015): 202,599 aligned pictures of faces, 178x218, RGB, with 40 binary attributes
/// and an official partition into training, validation and test images.
public enum CelebA {
  /// The names of the 40 attributes, in the order of `list_attr_celeba.txt`.
  public static let attributeNames = CelebAAttributes.names

  private static let advice =
    "expected img_align_celeba (or img_align_celeba_png), list_attr_celeba.txt and list_eval_partition.txt in the "
    + "folder named"

  /// Opens a split of the official partition.
  ///
  /// - Parameters:
  ///   - directory: holds the folder of pictures and both lists, there or in the folders `Img`, `Anno` and `Eval`.
  ///   - center: takes the middle square of so many pixels first (148 is usual); nil takes the whole picture.
  ///   - size: what is left is cropped in the middle to this aspect and resized; nil keeps its size.
  ///   - toleratingDamage: whether files whose heads cannot be read are left to be reported when they are read.
  ///   - cache: where pictures are kept that are read again and again.
  /// - Throws: `DatasetError` or `ImagingError`, naming the file and the line.
  public static func open(
    directory: URL, split: DatasetSplit, center: Int? = nil, size: (height: Int, width: Int)? = nil,
    channels: Int? = nil, toleratingDamage: Bool = false, cache: PictureCache? = nil
  ) throws -> any ImageDataset {
    try open(
      directory: directory, split: split, center: center, size: size, channels: channels,
      heads: toleratingDamage ? .tolerant : .all, cache: cache)
  }

  static func open(
    directory: URL, split: DatasetSplit, center: Int?, size: (height: Int, width: Int)?, channels: Int?,
    heads: ImageFolder.HeadCheck, cache: PictureCache? = nil
  ) throws -> any ImageDataset {
    let pictures = try find(
      ["", "Img/"].flatMap { [$0 + "img_align_celeba", $0 + "img_align_celeba_png"] }, in: directory)
    let partition = try find(["list_eval_partition.txt", "Eval/list_eval_partition.txt"], in: directory)
    let attributes = try AttributeList(
      reading: find(["list_attr_celeba.txt", "Anno/list_attr_celeba.txt"], in: directory))
    let all = try assignments(in: partition)
    let tree = try FolderTree(of: pictures)
    let listing = PictureListing(of: tree)
    let present = Set(listing.pictures.map(ExactName.init))
    let extensionIsPNG = pictures.lastPathComponent.hasSuffix("_png")
    func fileName(_ listed: String) -> String {
      extensionIsPNG ? (listed as NSString).deletingPathExtension + ".png" : listed
    }
    if let missing = all.first(where: { !present.contains(ExactName(fileName($0.picture))) }) {
      throw DatasetError.missingFile(
        file: pictures.appendingPathComponent(fileName(missing.picture)).path,
        advice: "line \(missing.line) of \(partition.path) names it")
    }
    if present.count > all.count {
      let listed = Set(all.map { ExactName(fileName($0.picture)) })
      let odd = present.filter { !listed.contains($0) }.min()!
      throw DatasetError.wrongField(
        file: partition.path, field: "list", expected: "a line for every picture of \(pictures.path)",
        found: "none for \(odd.text)")
    }
    let names = all.filter { $0.split == split }.map(\.picture)
    guard !names.isEmpty else {
      throw DatasetError.tooFewImages(name: partition.path, split: split, count: 0, needed: 1)
    }
    return try ImageFolder(
      name: "celeba", split: split,
      PictureLayout.Members(
        heads: PictureHeads(tree), files: names.map(fileName), attributes: attributes.table(of: names),
        notes: listing.notes),
      center: center, size: size, channels: channels, heads: heads, reading: .whole(cache))
  }

  private static func find(_ names: [String], in directory: URL) throws -> URL {
    let urls = names.map { directory.appendingPathComponent($0) }
    guard let found = urls.first(where: { FileManager.default.fileExists(atPath: $0.path) }) else {
      throw DatasetError.missingFile(file: urls[0].path, advice: advice)
    }
    return found
  }

  /// The lines `000001.jpg 0` of the official partition: 0 is training, 1 validation, 2 test.
  private static func assignments(in url: URL) throws -> [(picture: String, split: DatasetSplit, line: Int)] {
    let splits = ["0": DatasetSplit.train, "1": .validation, "2": .test]
    var seen: Set<Substring> = []
    return try WordLines(reading: url, adviceIfMissing: advice).lines.map { line in
      let (number, words) = (line.number, line.words)
      guard words.count == 2, let split = splits[String(words[1])] else {
        throw DatasetError.wrongField(
          file: url.path, field: "line \(number)", expected: "a picture and 0, 1 or 2",
          found: "\"\(words.joined(separator: " ").prefix(80))\"")
      }
      guard seen.insert(words[0]).inserted else {
        throw DatasetError.wrongField(
          file: url.path, field: "picture of line \(number)", expected: "one that no line before it names",
          found: String(words[0]))
      }
      return (String(words[0]), split, number)
    }
  }
}

/// `celeba`.
struct CelebAKind: DatasetKind {
  let name = "celeba"

  /// The `center` of ``CelebA``.
  static let center = DatasetOption("center", "PIXELS", otherNames: ["centre"])

  var entry: DatasetEntry {
    DatasetEntry(
      spelling: "\(name):FOLDER", title: "CelebA",
      images: "178x218 RGB, 40 attributes: 162,770 training, 19,867 validation and 19,962 test images",
      origin: "Liu, Luo, Wang and Tang 2015, Chinese University of Hong Kong; "
        + "https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html",
      terms: "non-commercial research, by the agreement on the page",
      files: [
        "img_align_celeba (000001.jpg to 202599.jpg) or img_align_celeba_png, list_attr_celeba.txt and "
          + "list_eval_partition.txt; also as Img/, Anno/ and Eval/"
      ],
      options: ["celeba,center=148:FOLDER: the middle 148x148 pixels, scaled to --size"])
  }

  let options = [Self.center]

  func publishedCounts(of location: DatasetLocation) -> [DatasetSplit: Int] {
    [.train: 162_770, .validation: 19_867, .test: 19_962]
  }

  func hasOwnValidation(_ location: DatasetLocation) -> Bool { true }

  func open(_ location: DatasetLocation, _ request: DatasetRequest) throws -> any ImageDataset {
    try CelebA.open(
      directory: location.directory, split: request.split, center: location[Self.center], size: request.size,
      channels: request.channels, toleratingDamage: request.toleratingDamage, cache: request.reading.cache)
  }

  func openForChecking(_ location: DatasetLocation, _ split: DatasetSplit) throws -> (any ImageDataset)? {
    try CelebA.open(
      directory: location.directory, split: split, center: nil, size: DatasetRequest.checkingSize, channels: 3,
      heads: .needed)
  }
}

extension DatasetSource {
  /// CelebA.
  /// - Parameter center: as in ``CelebA``.
  public static func celebA(directory: URL, center: Int? = nil) -> DatasetSource {
    DatasetSource(CelebAKind(), DatasetLocation(directory, [CelebAKind.center: center]))
  }
}
